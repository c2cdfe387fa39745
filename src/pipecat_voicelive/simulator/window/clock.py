"""The clock of a conversation, on which audio takes as long as it lasts. Pure.

Events come with the time of the wall, audio with a place in the audio that was appended. Most clients append
in real time, and both agree; tests and benchmarks append ten seconds in one message. So a piece of audio
ends on this clock when it has come, but not before the piece before it has been played; and nothing is
earlier than what went before.
"""

from __future__ import annotations

from collections import deque

_KEPT_SHIFTS = 1000
_PAUSE_MS = 300
"""Who sends audio sends more of it within that time."""


class ConversationClock:
    """Milliseconds since the session was opened."""

    def __init__(self) -> None:
        self._now_ms = 0.0
        self._audio_ms = 0.0
        self._heard_until_ms = 0.0
        self._appended_at_ms = 0.0
        # Where appended audio begins to lie later on the clock than before: (place in the audio, shift).
        self._shifts = deque[tuple[float, float]](maxlen=_KEPT_SHIFTS)

    def at(self, wall_ms: float) -> float:
        """The place of something that happens now."""
        self._now_ms = max(self._now_ms, wall_ms)
        return self._now_ms

    def appended(self, duration_ms: float, wall_ms: float) -> float:
        """Take in audio that the client appended; returns where it ends."""
        # No max() and no call: this runs fifty times a second in each session.
        heard_until_ms = self._heard_until_ms + duration_ms
        if heard_until_ms < wall_ms:
            heard_until_ms = wall_ms
        self._audio_ms += duration_ms
        self._heard_until_ms = heard_until_ms
        self._appended_at_ms = wall_ms
        shift_ms = heard_until_ms - self._audio_ms
        if not self._shifts or shift_ms - self._shifts[-1][1] > 1:
            self._shifts.append((self._audio_ms - duration_ms, shift_ms))
        if self._now_ms < heard_until_ms:
            self._now_ms = heard_until_ms
        return self._now_ms

    def of_audio(self, place_ms: float, wall_ms: float) -> float:
        """Where a place in the audio lies, of which the service tells now.

        Not all audio comes from the client: lines are spoken into the session here, at the pace of speech.
        What is heard while the client sends nothing, or after all that it sent, is heard now.
        """
        if place_ms >= self._audio_ms or wall_ms - self._appended_at_ms > _PAUSE_MS:
            return self.at(wall_ms)
        shift_ms = next((shift for begin_ms, shift in reversed(self._shifts) if begin_ms <= place_ms), 0.0)
        return place_ms + shift_ms
