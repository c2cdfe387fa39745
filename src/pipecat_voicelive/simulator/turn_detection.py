"""When the caller begins and ends a turn.

                 sound for speech_duration_ms
    Quiet ──▶ Rising ────────────────────────▶ Talking ──▶ Quiet
       ▲         │                                │
       └─────────┘ quiet again          silence_duration_ms without sound

What is sound is told frame by frame, see `loudness`. Time is the amount of audio heard, never the wall
clock: the same audio gives the same turns whether it comes at once or in 20 ms pieces, at any speed. Every
position is a multiple of 16 ms, as recorded:

    audio_start_ms   the first audible frame, less prefix_padding_ms; not before the turn before it ended
    audio_end_ms     the end of the last audible frame, and silence_duration_ms more
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.loudness import FRAME_MS, Sound
from pipecat_voicelive.simulator.sources import API_REFERENCE, HOW_TO, LIVE_TESTS, VOICE_TURN

_positions = rule(
    "turn-positions",
    "`audio_start_ms` and `audio_end_ms` count the audio appended since the session began, not the time, in "
    "multiples of 16 ms. The first stands before the speech by the padding and never below 0, the second "
    "behind it by the silence.",
    VOICE_TURN.at("input_audio_buffer.speech_started, .speech_stopped"),
    LIVE_TESTS.at("audio_start_ms"),
    topic=Topic.TURN_DETECTION,
)

_GAP_MS = 112
"""Quiet within the first moments of speech that does not start it over: a stop consonant."""
_SOFT_ONSET_MS = 208
"""How long faint sound may go before a voice and be part of its speech: an h, an f, an s."""
_LOUD_SHARE = 0.25
"""How much of the sound that begins a turn must be a voice."""
_RELEASE_MS = 160
"""How long after speech a faint sound is its end: the release of a final stop."""
_FAINT_SPEECH_MS = 64
"""Faint sound later than that is speech from this length on; shorter it is a click."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSettings:
    """How turns are found.

    Attributes:
        threshold: 0 to 1, how loud speech must be: 0.5 is -45 dBFS, 0 is -60, 1 is -30.
        prefix_padding_ms: How far before the first voice a turn reaches.
        silence_duration_ms: Silence that ends a turn.
        speech_duration_ms: Speech that begins one.
    """

    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int
    speech_duration_ms: int

    @property
    def threshold_dbfs(self) -> float:
        """The loudness above which a sound is a voice in a quiet room."""
        return -60.0 + 30.0 * self.threshold


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began; `audio_start_ms` includes the padding. `noticed_ms` is when that became clear."""

    audio_start_ms: int
    noticed_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The turn is over; `audio_end_ms` includes the silence that ended it."""

    audio_end_ms: int


Detection = SpeechStarted | SpeechStopped


@dataclass(frozen=True, slots=True)
class _Quiet:
    pass


@dataclass(frozen=True, slots=True)
class _Rising:
    since_ms: int
    sound_ms: int
    loud_ms: int
    quiet_ms: int


@dataclass(frozen=True, slots=True)
class _Talking:
    quiet_ms: int
    faint_ms: int


_QUIET = _Quiet()
_IN_SPEECH = _Talking(0, 0)


@rule(
    "speech-duration",
    "A sound that is shorter than `speech_duration_ms` starts no turn.",
    API_REFERENCE.at("turn_detection"),
    HOW_TO.at("turn_detection"),
    topic=Topic.TURN_DETECTION,
)
class TurnDetector:
    """Finds turns in a stream of frames, the first of which begins at `start_ms`.

    `patience_ms` is asked when a turn is about to end for how much more silence it takes.
    """

    def __init__(
        self,
        settings: TurnSettings,
        *,
        start_ms: int = 0,
        patience_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        self._settings = settings
        self._patience_ms = patience_ms
        self._earliest_ms = start_ms
        self._now_ms = start_ms
        self._phase: _Quiet | _Rising | _Talking = _QUIET

    @property
    def position_ms(self) -> int:
        """How much has been heard."""
        return self._now_ms

    def feed(self, sounds: Iterable[Sound]) -> Iterator[Detection]:
        """What is found in further frames, in order; to be taken to the end."""
        for sound in sounds:
            self._now_ms += FRAME_MS
            detection = self._step(sound)
            if detection is not None:
                yield detection

    def forget_turn(self) -> None:
        """Drop the turn that is going on, as if there had been quiet; positions count on."""
        self._phase = _QUIET
        self._earliest_ms = self._now_ms

    def _step(self, sound: Sound) -> Detection | None:
        match self._phase:
            case _Quiet():
                if sound:
                    return self._rise(_Rising(self._now_ms - FRAME_MS, 0, 0, 0), sound)
            case _Rising() as rising:
                if sound:
                    return self._rise(rising, sound)
                quiet_ms = rising.quiet_ms + FRAME_MS
                self._phase = (
                    _QUIET
                    if quiet_ms > _GAP_MS
                    else _Rising(rising.since_ms, rising.sound_ms, rising.loud_ms, quiet_ms)
                )
            case _Talking(quiet_ms, faint_ms):
                return self._talk(quiet_ms, faint_ms, sound)
            case _:
                assert_never(self._phase)
        return None

    @_positions
    def _rise(self, before: _Rising, sound: Sound) -> SpeechStarted | None:
        since_ms, sound_ms = before.since_ms, before.sound_ms + FRAME_MS
        loud_ms = before.loud_ms + (FRAME_MS if sound is Sound.LOUD else 0)
        if not loud_ms and self._now_ms - since_ms > _SOFT_ONSET_MS:
            since_ms, sound_ms = self._now_ms - _SOFT_ONSET_MS, min(sound_ms, _SOFT_ONSET_MS)
        enough_ms = self._settings.speech_duration_ms
        if not loud_ms or sound_ms < enough_ms or loud_ms < enough_ms * _LOUD_SHARE:
            self._phase = _Rising(since_ms, sound_ms, loud_ms, 0)
            return None
        self._phase = _IN_SPEECH
        start_ms = max(since_ms - self._settings.prefix_padding_ms, self._earliest_ms, 0)
        return SpeechStarted(start_ms // FRAME_MS * FRAME_MS, self._now_ms)

    @_positions
    def _talk(self, quiet_ms: int, faint_ms: int, sound: Sound) -> SpeechStopped | None:
        faint_ms = faint_ms + FRAME_MS if sound else 0
        if sound is Sound.LOUD or (sound and (quiet_ms <= _RELEASE_MS or faint_ms >= _FAINT_SPEECH_MS)):
            self._phase = _IN_SPEECH
            return None
        quiet_ms += FRAME_MS
        enough_ms = self._settings.silence_duration_ms
        if quiet_ms >= enough_ms and quiet_ms >= enough_ms + self._patience_ms():
            self.forget_turn()
            return SpeechStopped(self._now_ms)
        self._phase = _Talking(quiet_ms, faint_ms)
        return None
