"""How much of what was pushed has not come to the end of the pipeline.

Pipecat's queues have no bounds, and pushing a frame into them never waits. So whoever pushes faster than
the slowest processor works, or than the loudspeaker plays, must count for itself: marks travel along with an
answer, and an observer (`playback`) sees them arrive. What lies between is waiting.

Only a pipeline that has passed on a mark before is counted on: one whose processors keep frames they do not
know to themselves would seem to be stuck for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipecat.frames.frames import DataFrame

FRAME_BYTES = 1000
"""About what a frame takes beside its content."""

_BETWEEN_MARKS_BYTES = 256 * 1024


@dataclass
class BacklogMarkFrame(DataFrame):
    """Everything that was pushed before this has been dealt with where this arrives.

    Attributes:
        backlog: Who counts.
        pushed_bytes: How much was pushed before, all in all.
    """

    backlog: Backlog = field(repr=False)
    pushed_bytes: int

    def arrive(self) -> None:
        """It has come to the end of the pipeline."""
        self.backlog.arrived(self)


class Backlog:
    """Counts what was pushed and what has arrived."""

    def __init__(self) -> None:
        self._pushed_bytes = 0
        self._marked_bytes = 0
        self._arrived_bytes = 0
        self._marks_arrive = False

    @property
    def waiting_bytes(self) -> int:
        """How much is on its way; 0 as long as no mark ever arrived."""
        return self._pushed_bytes - self._arrived_bytes if self._marks_arrive else 0

    def pushed(self, content_bytes: int = 0) -> BacklogMarkFrame | None:
        """A frame was pushed. Returns the mark to push behind it, if one is due."""
        self._pushed_bytes += FRAME_BYTES + content_bytes
        return self.mark() if self._pushed_bytes - self._marked_bytes >= _BETWEEN_MARKS_BYTES else None

    def mark(self) -> BacklogMarkFrame:
        """A mark, to be pushed at once."""
        self._marked_bytes = self._pushed_bytes
        return BacklogMarkFrame(self, self._pushed_bytes)

    def arrived(self, mark: BacklogMarkFrame) -> None:
        """A mark has arrived."""
        self._marks_arrive = True
        self._arrived_bytes = max(self._arrived_bytes, mark.pushed_bytes)

    def void(self) -> None:
        """An interruption: the pipeline drops what is on its way."""
        self._arrived_bytes = self._pushed_bytes
