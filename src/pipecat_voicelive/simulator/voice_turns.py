"""The caller's voice becomes turns: from appended audio to what the dialogue takes. Pure.

    audio ─┐
           ├─▶ CallerAudio ─▶ began, ended ─▶ TurnWords ─▶ Dialogue.voice_turn
    lines ─┘   (detection)                    (what it says)

A turn that begins stops the answer; one that is nothing but fillers is passed over, if the options want that.
Whether a turn is over may depend on its words: an unfinished sentence is waited for longer.

While a model is asked what is a voice, or a turn is listened to, `waiting` is true: the audio so far may
still bring something about, so what the client sends meanwhile, but for audio, has to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from pipecat_voicelive.protocol.server_events import (
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
)
from pipecat_voicelive.simulator.caller_audio import CallerAudio, Heard, TurnBegan, TurnEnded
from pipecat_voicelive.simulator.caller_script import CallerScript
from pipecat_voicelive.simulator.caller_voice import CallerLine, CallerVoice
from pipecat_voicelive.simulator.dialogue import Dialogue
from pipecat_voicelive.simulator.effects import CallerFinished, Effect, Send
from pipecat_voicelive.simulator.errors_wire import invalid_value, not_audio
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.known_words import Findings
from pipecat_voicelive.simulator.scenario import Scenario
from pipecat_voicelive.simulator.session_config import SessionConfig, TurnTaking
from pipecat_voicelive.simulator.sources import API_REFERENCE, VOICE_TURN
from pipecat_voicelive.simulator.turn_ends import looks_unfinished
from pipecat_voicelive.simulator.turn_words import TurnWords

_SPARE_SILENCE_MS = 300
MAX_APPEND_BYTES = 15 * 1024 * 1024


class VoiceTurns:
    """What the caller of one session says, the simulated one included.

    Args:
        config: The session's options, as they are at any time.
        dialogue: Takes the turns.
        scenario: Has the lines that the simulated caller says unasked.
        catch_up: Does what is due in the dialogue by a time.
        listens: Tells whether anything is to be found out by listening to a turn.
        asks_model: Whether a model is asked what is a voice.
    """

    def __init__(
        self,
        config: SessionConfig,
        dialogue: Dialogue,
        scenario: Scenario,
        catch_up: Callable[[float], list[Effect]],
        *,
        listens: Callable[[], bool],
        asks_model: bool,
    ) -> None:
        self._config = config
        self._dialogue = dialogue
        self._catch_up = catch_up
        turns = config.turn_taking
        self._voice = CallerVoice(config.input_format, self._silence_ms)
        self._caller = CallerAudio(
            config.input_format,
            turns.detection if turns else None,
            self._patience_ms,
            self._voice,
            asks_model=asks_model,
        )
        self._script = CallerScript(scenario, dialogue, self._voice)
        self._words = TurnWords(dialogue, self._voice, listens)
        self._ignored: str | None = None  # the turn in progress, if it is nothing but fillers

    @property
    def deadline_s(self) -> float | None:
        """When `advance` or `prompted` has something to do next."""
        due = (self._voice.deadline_s, self._script.deadline_s)
        return min((due_s for due_s in due if due_s is not None), default=None)

    @property
    def waiting(self) -> bool:
        """Whether the audio so far may still bring something about."""
        return self._words.waiting or self._caller.waits

    def configure(self) -> None:
        """Go on with the session's options of now."""
        turns = self._config.turn_taking
        self._caller.configure(self._config.input_format, turns.detection if turns else None)

    @rule(
        "append-silent",
        "`input_audio_buffer.append` is answered by nothing if it is taken. It holds up to 15 MiB.",
        VOICE_TURN.at("input_audio_buffer.append"),
        API_REFERENCE.at("input_audio_buffer.append"),
        topic=Topic.INPUT_AUDIO,
    )
    def append(self, audio: bytes, now_s: float) -> list[Effect]:
        """Take audio in the session's input format.

        Raises:
            RefusedError: It is empty, too long or no whole number of samples.
        """
        if not audio:
            raise not_audio("audio", "empty bytes")
        if len(audio) > MAX_APPEND_BYTES:
            raise invalid_value("'audio' must not be longer than 15 MiB.", "audio")
        self._voice.client_sent(now_s)
        return self._react(self._caller.append(audio), now_s)

    def commit(self, now_s: float) -> list[Effect]:
        """Make a turn of all that is buffered, as the client asks; it brings no response.

        Raises:
            RefusedError: There is too little.
        """
        return self._turn(self._caller.commit(), detected=False, answer=False, now_s=now_s)

    def clear(self) -> None:
        """Throw away what is buffered, with the turn in progress."""
        self._caller.clear()

    def advance(self, now_s: float) -> list[Effect]:
        """Carry on the simulated caller's line, if the client sends nothing that could carry it."""
        silence = self._voice.due_samples(now_s)
        return self._react(self._caller.append_silence(silence), now_s) if silence else []

    def prompted(self, now_s: float) -> list[Effect]:
        """What the simulated caller says unasked."""
        return self._script.advance(now_s, caller_speaks=self._caller.speaks or self._words.waiting)

    def say(self, line: CallerLine, now_s: float) -> list[Effect]:
        """Hear a line of the simulated caller; a `CallerFinished` tells that it has been said."""
        self._voice.say(line, now_s)
        silence = self._voice.samples_at_once()
        return self._react(self._caller.append_silence(silence), now_s) if silence else []

    def expect(self, text: str) -> None:
        """The next voice turn that nobody was told of yet says this, whatever is heard."""
        self._words.expect(text)

    def heard(self, item_id: str, findings: Findings, now_s: float) -> list[Effect]:
        """What a `Listen` asked for."""
        return self._words.heard(item_id, findings, now_s)

    def judged(self, stream: int, probabilities: Sequence[float], now_s: float) -> list[Effect]:
        """The answer to a `Judge`: the probability of a voice in each window."""
        return self._react(self._caller.judged(stream, probabilities), now_s)

    def _react(self, heard: Iterator[Heard], now_s: float) -> list[Effect]:
        turns = self._config.turn_taking
        effects: list[Effect] = []
        for happened in heard:
            assert turns is not None, "only turn detection finds turns"
            match happened:
                case TurnBegan(item_id) if self._hums(turns, now_s):
                    self._ignored = item_id
                case TurnEnded(item_id) if item_id == self._ignored:
                    self._voice.turn_ended()
                    self._words.pass_over(happened)
                case TurnBegan(item_id, audio_start_ms):
                    effects.append(
                        Send(InputAudioBufferSpeechStarted(audio_start_ms=audio_start_ms, item_id=item_id))
                    )
                    if turns.interrupt_response:
                        self._words.interrupt()
                        effects += self._dialogue.interrupt(
                            auto_truncate=turns.auto_truncate, now_s=now_s, appended_text=turns.appended_text
                        )
                case TurnEnded(item_id, audio_end_ms):
                    effects.append(
                        Send(InputAudioBufferSpeechStopped(audio_end_ms=audio_end_ms, item_id=item_id))
                    )
                    self._voice.turn_ended()
                    effects += self._turn(happened, detected=True, answer=turns.create_response, now_s=now_s)
                    # What is due comes before a further turn in the same audio.
                    effects += self._catch_up(now_s)
                case _:
                    assert_never(happened)
        question = self._caller.question()
        asked = [] if question is None else [question]
        return [*effects, *asked, *(CallerFinished(line.number) for line in self._voice.take_said())]

    def _turn(self, turn: TurnEnded, *, detected: bool, answer: bool, now_s: float) -> list[Effect]:
        rate_hz = self._config.input_format.audio.rate_hz
        return self._words.turn(turn, rate_hz=rate_hz, detected=detected, answer=answer, now_s=now_s)

    def _silence_ms(self) -> float:
        """How much silence ends a turn, with some to spare; none if turns are the client's."""
        turns = self._config.turn_taking
        if turns is None:
            return 0.0
        return turns.detection.silence_duration_ms + turns.unfinished_wait_ms + _SPARE_SILENCE_MS

    def _hums(self, turns: TurnTaking, now_s: float) -> bool:
        """Whether the caller, who begins to speak, says nothing that is a turn."""
        if not (turns.ignores_fillers and turns.understands(self._dialogue.language)):
            return False
        return self._dialogue.hears_fillers(self._words.expected, now_s)

    def _patience_ms(self) -> int:
        """How much more silence than set it takes to end the turn that is going on."""
        turns = self._config.turn_taking
        if turns is None or not turns.understands(self._dialogue.language):
            return 0
        unfinished = looks_unfinished(self._words.expected, turns.unfinished_level)
        return turns.unfinished_wait_ms if unfinished else 0
