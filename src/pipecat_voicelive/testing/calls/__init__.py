"""Calls with bots of Pipecat: a transport whose caller is a program, and a caller who speaks and listens."""
