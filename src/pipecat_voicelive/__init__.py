"""Azure Voice Live for Pipecat."""
