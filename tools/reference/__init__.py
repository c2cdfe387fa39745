"""Writes the reference that is taken from the code, and checks that it is current: `python -m reference`."""
