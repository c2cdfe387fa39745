"""A call from end to end on one machine: a scripted caller, a bot, and the drawing of what was heard."""
