"""Tapes: what went over the wire, recorded to files and played back."""
