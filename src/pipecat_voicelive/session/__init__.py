"""What the conversation means: pure state machines without I/O, clock or log."""

from pipecat_voicelive.session.session import Session

__all__ = ["Session"]
