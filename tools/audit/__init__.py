"""Whether a dependency is known to be vulnerable, and whether a secret stands in a file: `make audit`."""
