"""A Voice Live that runs here."""
