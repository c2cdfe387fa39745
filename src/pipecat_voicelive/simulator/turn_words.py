"""What voice turns say: told beforehand, known from the simulated caller, or found out by listening. Pure.

A turn that has to be listened to is kept until `heard` tells what it says. Until then the client's events
wait, as with a service that is slow to answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipecat_voicelive.simulator.caller_audio import TurnEnded
from pipecat_voicelive.simulator.caller_voice import CallerVoice
from pipecat_voicelive.simulator.dialogue import Dialogue
from pipecat_voicelive.simulator.effects import Effect, Listen
from pipecat_voicelive.simulator.known_words import NOTHING_FOUND, Findings, KnownWords


@dataclass(frozen=True, slots=True)
class _Unheard:
    """A turn that is being listened to."""

    turn: TurnEnded
    detected: bool
    answer: bool


class TurnWords:
    """Hands voice turns to the dialogue when their words are known.

    Args:
        dialogue: Takes the turns.
        voice: The simulated caller.
        listens: Tells whether anything is to be found out by listening.
    """

    def __init__(self, dialogue: Dialogue, voice: CallerVoice, listens: Callable[[], bool]) -> None:
        self._dialogue = dialogue
        self._voice = voice
        self._listens = listens
        self._told: deque[str] = deque()
        self._unheard: dict[str, _Unheard] = {}

    @property
    def waiting(self) -> bool:
        """Whether a turn is being listened to."""
        return bool(self._unheard)

    @property
    def expected(self) -> str:
        """What the caller is about to say, as far as anybody knows."""
        return (self._told[0] if self._told else self._voice.saying) or self._dialogue.expected_words

    def expect(self, text: str) -> None:
        """The next voice turn of which this was not said yet says this, whatever is heard."""
        self._told.append(text)

    def turn(
        self, turn: TurnEnded, *, rate_hz: int, detected: bool, answer: bool, now_s: float
    ) -> list[Effect]:
        """A voice turn; see `Dialogue.voice_turn`. `rate_hz` is that of its audio."""
        words = self._known(turn)
        if words is None and self._listens():
            self._unheard[turn.item_id] = _Unheard(turn, detected, answer)
            return [Listen(turn.item_id, turn.pcm, rate_hz, self._dialogue.language)]
        findings = Findings(words) if words else NOTHING_FOUND
        return self._dialogue.voice_turn(turn, findings, detected=detected, answer=answer, now_s=now_s)

    def heard(self, item_id: str, findings: Findings, now_s: float) -> list[Effect]:
        """What a `Listen` asked for."""
        unheard = self._unheard.pop(item_id)
        return self._dialogue.voice_turn(
            unheard.turn, findings, detected=unheard.detected, answer=unheard.answer, now_s=now_s
        )

    def interrupt(self) -> None:
        """The caller goes on before it is known what was said: only what comes then is answered."""
        self._unheard = {
            item_id: replace(unheard, answer=False) for item_id, unheard in self._unheard.items()
        }

    def pass_over(self, turn: TurnEnded) -> None:
        """The caller has hummed: what was expected is used up and nothing comes of it."""
        if self._known(turn) is None:
            self._dialogue.pass_over()

    def _known(self, turn: TurnEnded) -> KnownWords | None:
        said = self._voice.words_between(turn.audio_end_ms - turn.duration_ms, turn.audio_end_ms)
        if self._told:
            return KnownWords(self._told.popleft(), "told")
        return None if said is None else KnownWords(said, "caller")
