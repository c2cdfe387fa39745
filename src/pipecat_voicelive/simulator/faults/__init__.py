"""Misbehaviour on command: what is to go wrong, as values, as lines of text, and as members of a file.

`kinds` has a class for each kind, `fault` says when they happen, `text` and `members` read and write them,
`plan` is the list of a simulator, `session_faults` and `handshakes` carry them out.
"""
