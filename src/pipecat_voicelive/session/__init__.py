"""What the conversation means: pure state machines without I/O, clock or log."""
