"""The Pipecat adapter: the only folder that imports pipecat."""
