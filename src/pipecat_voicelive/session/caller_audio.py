"""The caller's audio that another session may have to hear again.

The service counts the audio that it is sent, and says of each turn where in it the turn begins and ends.
So it is known which audio is settled: that of turns that were answered or written down. The rest is kept, as
much of it as `KEPT_MS`, and what another session hears again begins

    with the turn      that the caller is in the middle of, or whose words and answer did not come any more
    else, PREROLL_MS   before the end of what is known to have arrived: a beginning that the service had not
                       told of, and all that it may never have got

but never before the end of what is settled: nothing is answered twice. A network may be dead for long before
that is noticed. So what has arrived is what was sent before a ping that was answered, and no more; events do
not tell how much of the audio the service has. Whether a turn was nothing (a cough), or is too old to be
heard again, is judged by what has arrived, too. Audio is kept as it came.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from pipecat_voicelive.protocol.audio import AudioFormat, input_format

KEPT_MS = 30_000
"""The longest audio that is kept, and so the longest turn that survives whole."""

PREROLL_MS = 3_000
"""How much is heard again when nobody is known to speak."""

LATE_MS = 10_000
"""A turn whose words have not come when so much more audio has arrived is not heard again."""

_PIECE_MS = 1_000
"""Audio is sent again in pieces of this length."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """What the caller says.

    Attributes:
        start: Where its audio begins, in bytes sent.
        end: Where it ends, None while it goes on.
        item_id: Its item, "" if that is not known.
        committed_by: The event of ours that ended it, "" if the service's turn detection did.
        is_item: Whether the service has made an item of it.
        end_told: Whether somebody was told that it is over.
        cough_from: If audio from there on has arrived and it is no item, nothing was said in it.
    """

    start: int
    end: int | None = None
    item_id: str = ""
    committed_by: str = ""
    is_item: bool = False
    end_told: bool = False
    cough_from: int | None = None


@dataclass(slots=True, repr=False)
class CallerAudio:
    """The caller's audio of one session, from the first byte that may still matter.

    Attributes:
        audio_format: Its format.
        turn: The turn that is going on, or the last one while it is not settled.
    """

    audio_format: AudioFormat = field(default_factory=lambda: input_format(None))
    turn: SpokenTurn | None = None
    _limit_bytes: int = field(default_factory=lambda: input_format(None).size_bytes(KEPT_MS))
    _chunks: deque[bytes] = field(default_factory=deque[bytes])
    _start: int = 0
    _end: int = 0
    _settled: int = 0

    @property
    def end_ms(self) -> int:
        """How much audio was sent."""
        return int(self.audio_format.duration_ms(self._end))

    def configured(self, audio_format: AudioFormat) -> None:
        """This is the format; nothing that was kept in another one is of use."""
        if audio_format != self.audio_format:
            self._chunks.clear()
            self._start, self.turn = self._end, None
        self.audio_format = audio_format
        self._limit_bytes = audio_format.size_bytes(KEPT_MS)

    def append(self, audio: bytes) -> None:
        """More of it."""
        self._chunks.append(audio)
        self._end += len(audio)
        while self._end - self._start > self._limit_bytes and len(self._chunks) > 1:
            self._start += len(self._chunks.popleft())

    def sent(self, size_bytes: int) -> None:
        """Only so much of what came is sent to a session that has become ready, the newest of it."""
        if never := max(0, self._end - size_bytes):
            self._start, self._end = max(0, self._start - never), size_bytes
            self._settled = max(0, self._settled - never)
            while self._chunks and sum(map(len, self._chunks)) > size_bytes:
                self._chunks.popleft()
            if turn := self.turn:
                end = None if turn.end is None else max(0, turn.end - never)
                self.turn = replace(turn, start=max(0, turn.start - never), end=end)

    # --- turns -------------------------------------------------------------------------------------

    def started(self, item_id: str, audio_start_ms: float) -> None:
        """The service hears the caller begin."""
        self.settle()
        self.turn = SpokenTurn(self._bytes(audio_start_ms), item_id=item_id)

    def heard_again(self, item_id: str, audio_start_ms: float) -> None:
        """The service hears the caller begin what another session had heard."""
        end_told = self.turn is not None and self.turn.end_told
        self.turn = SpokenTurn(self._bytes(audio_start_ms), item_id=item_id, end_told=end_told)

    def stopped(self, item_id: str, audio_end_ms: float) -> bool:
        """The service has heard the caller finish. Returns whether that is news."""
        turn = self.turn
        if turn is None or turn.end is not None:
            return True
        self.turn = replace(turn, end=self._bytes(audio_end_ms), item_id=item_id, end_told=True)
        return not turn.end_told

    def begun(self) -> None:
        """The caller begins, as somebody here says; what was sent since the last turn belongs to it."""
        self.settle()
        self.turn = SpokenTurn(self._settled)

    def ended(self, committed_by: str) -> None:
        """All that was sent since the last turn is one, as somebody here says."""
        if self.turn is not None and self.turn.end is not None:
            self.settle()
        self.turn = SpokenTurn(self._settled, self._end, committed_by=committed_by, end_told=True)

    def silent(self) -> None:
        """A turn that somebody here told of is over, and nothing was said in it."""
        if self.turn is not None and self.turn.end is None:
            self.turn = None

    def doubt(self) -> None:
        """The last turn would be an item by now if anything had been said in it, and the service lives."""
        if self.turn is not None and not self.turn.is_item:
            self.turn = replace(self.turn, cough_from=self._end)

    def committed(self, item_id: str) -> bytes:
        """The last turn is this item. Returns its audio, b"" if it is not known or not kept whole."""
        turn = self.turn
        if turn is None or turn.end is None or turn.item_id not in ("", item_id):
            return b""
        self.turn = replace(turn, item_id=item_id, is_item=True)
        return b"".join(self.between(turn.start, turn.end)) if turn.start >= self._start else b""

    def known(self, item_id: str) -> None:
        """What was said in this item is known, or never will be."""
        if self.turn is not None and self.turn.item_id == item_id:
            self.settle()

    def settle(self) -> None:
        """The last turn, if it is over, was written down or is being answered."""
        if self.turn is not None and self.turn.end is not None:
            self._settled = max(self._settled, self.turn.end)
            self.turn = None
            while self._chunks and self._start + len(self._chunks[0]) <= self._settled:
                self._start += len(self._chunks.popleft())

    def dropped(self) -> None:
        """All that was sent is of no use any more."""
        self._settled, self.turn = self._end, None

    # --- another session ---------------------------------------------------------------------------

    def rest(
        self, arrived_bytes: int | None, *, manual: bool
    ) -> tuple[list[bytes], SpokenTurn | None, float]:
        """The audio to be heard again, the turn in it, counted from its beginning, and what is missing.

        The last is how much of it, in ms, was not kept.

        Args:
            arrived_bytes: How much of what was sent is known to have arrived, None for all of it.
            manual: Whether turns are made here: then nothing is a beginning that nobody told of.
        """
        arrived = self._end if arrived_bytes is None else min(arrived_bytes, self._end)
        turn = self._again(arrived)
        if turn is not None:
            start = turn.start
        elif manual:
            start = self._settled
        else:
            start = max(self._settled, arrived - self.audio_format.size_bytes(PREROLL_MS))
        missing_ms = self.audio_format.duration_ms(max(0, self._start - start))
        start = max(start, self._start)
        if turn is not None:
            turn = replace(turn, start=0, end=None if turn.end is None else turn.end - start, cough_from=None)
        return self.between(start, self._end), turn, missing_ms

    def _again(self, arrived: int) -> SpokenTurn | None:
        """The turn that is to be heard again."""
        turn = self.turn
        if turn is None or turn.end is None:
            return turn
        if turn.cough_from is not None and not turn.is_item and arrived >= turn.cough_from:
            self.settle()
            return None
        late = arrived - turn.end > self.audio_format.size_bytes(LATE_MS)
        return None if late or turn.start < self._start else turn

    def between(self, start: int, end: int) -> list[bytes]:
        """The audio from here to there, in pieces of a second."""
        start += -start % (self.audio_format.bytes_per_sample * self.audio_format.channels)
        at, chunks = self._start, list[bytes]()
        for chunk in self._chunks:
            if at < end and at + len(chunk) > start:
                chunks.append(chunk[max(0, start - at) : end - at])
            at += len(chunk)
        audio, size = b"".join(chunks), self.audio_format.size_bytes(_PIECE_MS)
        return [audio[place : place + size] for place in range(0, len(audio), size)]

    def _bytes(self, at_ms: float) -> int:
        return min(max(self.audio_format.size_bytes(at_ms), self._settled), self._end)
