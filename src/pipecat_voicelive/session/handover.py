"""From one connection to the next: what a session gives when it is left, and what another makes of it.

Leaving closes what is open, as the end of a connection does, and gathers what outlives it (`Carried`). What
comes after goes on in this order: the conversation item by item, the caller's audio that must be heard again,
then what is owed. Nobody is asked for anything that was not wanted before:

    said to its end, or in part    stands in the conversation, as far as it came out, and is not repeated
    nothing of it came out         is asked for again, with what it was asked for
    it had begun to call tools     likewise, though words came out before: none of them was run
    calls being run here           go on, with an output that says so, and their results come as messages
    calls run by the service       are told as lost, and an answer to that is asked for
    a turn that is going on        is heard again from its beginning
    a turn with neither words      is heard again too, if words were to come; else it stands in the
    nor an answer yet              conversation as audio, and is answered
    audio of which nobody told     is heard again from 3 s before what is known to have arrived, 30 s at most
    other turns without words      stand there as audio if it was kept, else are left out; both is told
    questions out of band          are asked again
    text that is being written     stands there as far as it came, and goes on
    approvals, avatars             end with the connection
"""

from __future__ import annotations

from dataclasses import dataclass

from pipecat_voicelive.protocol.client_events import InputTextDeltaEvent
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.asides import Asides
from pipecat_voicelive.session.avatar import Avatar
from pipecat_voicelive.session.calls import Calls
from pipecat_voicelive.session.carried import Carried
from pipecat_voicelive.session.delivery import Delivery
from pipecat_voicelive.session.outbox import Outbox
from pipecat_voicelive.session.playback import Playback
from pipecat_voicelive.session.response import Responses, Wish
from pipecat_voicelive.session.setup import Setup
from pipecat_voicelive.session.summaries import Summaries
from pipecat_voicelive.session.transcripts import Transcripts
from pipecat_voicelive.session.turns import TurnRules, Turns
from pipecat_voicelive.session.unreadable import UnreadableEvents
from pipecat_voicelive.session.wording import Wording


@dataclass(frozen=True, slots=True, repr=False)
class Parts:
    """The parts of a session that have something to hand over."""

    setup: Setup
    wording: Wording
    out: Outbox
    responses: Responses
    asides: Asides
    calls: Calls
    turns: Turns
    transcripts: Transcripts
    playback: Playback
    avatar: Avatar
    delivery: Delivery
    summaries: Summaries
    unreadable: UnreadableEvents

    @property
    def at_boundary(self) -> bool:
        """Whether nothing is under way that leaving would touch."""
        return (
            self.setup.ready
            and self.responses.at_rest
            and self.turns.quiet
            and not self.delivery.ending
            and not self.avatar.speaking
            and not self.calls.pending
            and not self.transcripts.awaiting
            and not self.asides.occupies
            and not self.out.history.is_written
        )

    def leave(self, now_s: float, arrived_bytes: int | None) -> Carried:
        """Close what is open at this time, and gather what goes on. What would be sent is not."""
        history, turns = self.out.history, self.turns
        unheard = self.delivery.leave()
        if unheard is None and turns.answer_was_due(now_s):
            unheard = Wish()
        self.out.tell(*self.avatar.lost())
        calls, results, outputs, cut_off = self.calls.leave()
        owed = self.responses.leave(unheard)
        if cut_off and not any(wish.properties is None for wish in owed):
            owed = (*owed, Wish())
        manual = turns.rules.manual
        audio, turn, missing_ms = turns.caller.rest(arrived_bytes, manual=manual)
        again = turn.item_id if turn is not None else ""
        self.out.tell(*self.transcripts.leave([item for item in history.wordless if item != again]))
        if again:
            history.remove(again)
        turns.lost()
        return Carried(
            history=history,
            calls=calls,
            results=results,
            outputs=outputs,
            owed=owed,
            echoes=self.responses.echoes,
            questions=tuple(one for one in self.asides.leave() if not self.summaries.is_ours(one)),
            playback=self.playback.leave(),
            audio=audio,
            audio_missing_ms=missing_ms if self.setup.ready else 0.0,  # else it was told
            audio_format=turns.caller.audio_format,
            turn=turn,
            manual=manual,
            raws=tuple(self.out.raws),
            unreadable=self.unreadable,
            withheld=self.wording.told,
        )

    def resume(self, carried: Carried, now_s: float) -> None:
        """Go on with what another session left."""
        self.wording.told |= carried.withheld
        self.unreadable.resume(carried.unreadable)
        self.out.history = history = carried.history
        for item in history.again() if carried.replays else history.unconfirmed():
            self.out.add_item(item)
        for text_id, text in history.take_texts().items():
            self.out.send(InputTextDeltaEvent(id=text_id, delta=text))
        for event in carried.raws:
            self.out.send_raw(event)
        if carried.replays:
            played = {item_id: item for item_id, item in carried.playback.items() if item_id in history}
            self.playback.resume(played)
        if carried.audio_missing_ms:
            self.out.tell(fx.AudioDropped(carried.audio_missing_ms))
        caller = self.turns.caller
        caller.configured(self.setup.input_format)
        if not carried.replays and carried.turn is not None and carried.turn.is_item:
            self.turns.give_up(carried.turn)
            carried = carried.after_turn()
        if carried.manual and not self.setup.ready:
            self.turns.rules = TurnRules.of(None)  # until the service says what is in effect
        if carried.audio_format != caller.audio_format:
            if carried.audio:
                dropped_ms = carried.audio_format.duration_ms(sum(map(len, carried.audio)))
                self.out.tell(fx.AudioDropped(dropped_ms))
            if carried.turn is not None:
                self.turns.give_up(carried.turn)
        else:
            self.turns.resume(carried.audio, carried.turn, now_s, manual=carried.manual)
        if self.setup.ready:
            self.turns.listen(now_s)
        self.responses.resume(carried.owed, echoes=carried.echoes)
        for question in carried.questions:
            self.asides.want(question)
        self.calls.resume(carried.calls, carried.results, carried.outputs)
        self.out.send(self.responses.ask())
