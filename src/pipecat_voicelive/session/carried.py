"""What outlives a connection: given back by a session that is left, and told the one that goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.client_events import ClientEvent
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.session.asides import Question
from pipecat_voicelive.session.caller_audio import SpokenTurn
from pipecat_voicelive.session.history import History
from pipecat_voicelive.session.inputs import AnswerTool
from pipecat_voicelive.session.playback import SpokenItem
from pipecat_voicelive.session.response import Wish
from pipecat_voicelive.session.results import Results
from pipecat_voicelive.session.tools import Call
from pipecat_voicelive.session.unreadable import UnreadableEvents


@dataclass(frozen=True, slots=True, repr=False)
class Carried:
    """One conversation between two sessions. Given to one session, once.

    Attributes:
        history: What was said, and in which order.
        replays: Whether the next session is told it. With an agent it is not: the service keeps the
            conversation by its id, so only what may never have arrived is sent again.
        calls: The tool calls that were handed over, and those that have their answer.
        results: Results that no answer has spoken of.
        outputs: Results that were sent and may still be refused, by item.
        owed: Answers and speeches that are wanted, in order.
        echoes: Whether the service gives the ids of requests back, None if that is not known.
        questions: What is asked out of band.
        playback: Spoken items that may not have been heard to the end.
        audio: The caller's audio that is to be heard again.
        audio_missing_ms: How much before it was not kept, and should be heard too.
        audio_format: Its format.
        turn: The caller's turn in it, that is open or is to be told of anew.
        manual: Whether turns were made here.
        raws: Events that were to be sent as they are, and were not.
        unreadable: What was told of events that cannot be read.
        withheld: Options whose withholding was told.
    """

    history: History
    calls: dict[str, Call]
    results: Results
    outputs: dict[str, AnswerTool]
    owed: tuple[Wish, ...]
    echoes: bool | None
    questions: tuple[Question, ...]
    playback: dict[str, SpokenItem]
    audio: list[bytes]
    audio_missing_ms: float
    audio_format: AudioFormat
    turn: SpokenTurn | None
    manual: bool
    raws: tuple[ClientEvent | RawEvent, ...]
    unreadable: UnreadableEvents
    withheld: set[str]
    replays: bool = True

    def after_turn(self) -> Carried:
        """The same without the turn that is over, which the service keeps itself."""
        end = self.turn.end if self.turn is not None else None
        rest = b"".join(self.audio)[end or 0 :]
        return replace(self, audio=[rest] if rest else [], turn=None)

    def without_history(self) -> Carried:
        """The same for a session whose service keeps the conversation itself."""
        return replace(self, replays=False)
