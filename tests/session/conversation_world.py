"""A session and a legal server with a network of any delay between them, and what is owed to the user.

`World` knows what the user asked for and what the server really gave, and says whether the session has kept
its promises. It knows nothing of how the session does it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from legal_server import BYTES_PER_MS, LegalServer, words_asked_for
from referee import Brackets, CallersTurns, Transcripts, Whole

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent, SessionInfo
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx


@dataclass(eq=False)
class Wanted:
    """An answer the user wants: about these items, with these instructions of its own if any.

    With `words` it is these that are wanted, and no answer.
    """

    about: set[str]
    instructions: str | None = None
    words: str | None = None
    keeps: bool = False
    given: bool = False
    given_by: str = ""
    dropped: bool = False


class World:
    """One conversation.

    Args:
        echoes: Whether the server gives request ids back.
        acquainted: Whether the session knows that before anything happens.
        turn_detection: Whether the server notices turns, or the user marks them.
        transcribes: Whether the server writes down what the caller says.
        interrupts: Whether the caller's turns stop what is being said.
    """

    def __init__(
        self,
        *,
        echoes: bool,
        acquainted: bool,
        turn_detection: bool,
        transcribes: bool = True,
        interrupts: bool = True,
    ) -> None:
        self._service = {
            "echoes": echoes,
            "turn_detection": turn_detection,
            "transcribes": transcribes,
            "interrupts": interrupts,
        }
        self.server = LegalServer(**self._service)
        self.session = Session(id_prefix="w")
        self.now_s = 0.0
        self.trace: list[fx.Effect] = []
        self.turn_detection = turn_detection
        self._knows_its_responses = echoes
        self._one_at_a_time = echoes and acquainted
        self._referees = (Brackets(), Whole(), Transcripts(), CallersTurns())
        self._came_out: set[str] = set()
        self._refused: set[str] = set()
        self._connections = 1
        self._wanted: list[Wanted] = []
        self._may_ask = 0
        self._sent_items: set[str] = set()
        self._commits = 0
        self._requests: dict[str, str] = {}  # event id: "open", "in vain" or "over"
        self._asked_with: dict[str, tuple[str | None, str | None]] = {}  # event id: instructions, words
        self._running: str | None = None  # as the session was told
        self._silenced: set[str] = set()
        self._to_run: list[str] = []
        self._results: set[str] = set()
        self._results_to_be_spoken_of = False
        self._spoken_ms: dict[str, float] = defaultdict(float)
        self._speaking_since_s: float | None = None
        self._questions: set[str] = set()
        self._gave_up = False
        self._count = 0
        self.tell(se.SessionCreated(session=SessionInfo(id="sess")))
        self.give(inputs.Configure({"instructions": "x"}))
        self.settle()
        if turn_detection:
            self.start_turn()  # or there is nothing to hear
        if acquainted:
            self.respond()
        self.settle()

    @property
    def brackets(self) -> Brackets:
        return self._referees[0]

    @property
    def _caller_has_floor(self) -> bool:
        """Whether the caller speaks, for certain and not for too long."""
        return self._speaking_since_s is not None and self.now_s - self._speaking_since_s < 60

    # --- both ends of the session --------------------------------------------------------------------

    def give(self, intent: inputs.Intent) -> None:
        self._effects(self.session.handle(intent, self.now_s))

    def tell(self, event: se.ServerEvent) -> None:
        match event:
            case se.ResponseCreated(response=response):
                self._learn_of(response.id)
            case se.Error(error=error) if error.event_id in self._requests:
                self._close(error.event_id, refused=error.code == "invalid_value")
            case se.Error(error=error) if not error.event_id and "active_response" in (error.code or ""):
                self._results.clear()
                self._results_to_be_spoken_of = False
                self._want(about=self.server.unanswered.popleft())
            case se.InputAudioBufferSpeechStarted():
                self._speaking_since_s = self.now_s
            case se.InputAudioBufferSpeechStopped():
                self._speaking_since_s = None
            case se.ResponseDone(response=response) if self._running == response.id:
                self._running = None
            case _:
                pass
        self._effects(self.session.handle(event, self.now_s))

    def _effects(self, effects: list[fx.Effect]) -> None:
        for effect in effects:
            for referee in self._referees:
                referee.check(effect)
            match effect:
                case fx.Send(event):
                    self._sent(event)
                case fx.ToolCalls(calls=calls):
                    assert calls
                    self._to_run += [call.call_id for call in calls]
                case fx.AskAnswered(ask_id=ask_id, response=response):
                    assert self.server.given[response.id].instructions == ask_id, "another's answer"
                    self._questions.remove(ask_id)
                case fx.AskRefused(ask_id=ask_id, error=error) if ask_id:
                    self._questions.remove(ask_id)
                    # It was given up, and may still be answered: to the session there is no such response.
                    self._gave_up = self._gave_up or error.code == "no_metadata"
                case fx.Audio(item_id=item_id, audio=audio):
                    self._spoken_ms[item_id] += len(audio) / BYTES_PER_MS
                case _:
                    pass
            if isinstance(effect, fx.SpeechOpened) or (
                isinstance(effect, fx.TextDelta) and not effect.spoken
            ):
                self._came_out.add(effect.response_id)
            if isinstance(effect, fx.AnswerPart):
                assert effect.response_id not in self._silenced, "output of an interrupted response"
                if self._knows_its_responses:
                    assert not self.server.given[effect.response_id].out_of_band, "out of band, and heard"
        self.trace += effects

    def _sent(self, event: ce.ClientEvent | RawEvent) -> None:
        if isinstance(event, ce.ConversationItemDeleteEvent):
            self._sent_items.discard(event.item_id)
            for wanted in self._wanted:
                wanted.about.discard(event.item_id)
        if isinstance(event, ce.ConversationItemCreateEvent):
            if event.item.id in self._sent_items:
                self.server.inbox.append(event)
                return
            self._sent_items.add(event.item.id or "")
            if event.item.type == "function_call_output" and "not a JSON" in (event.item.output or ""):
                self._may_ask += 1
        elif (
            isinstance(event, ce.ResponseCreateEvent)
            and event.response
            and event.response.conversation == "none"
        ):
            assert self._running is None or self._gave_up, "asked out of band while a response runs"
            assert not self._caller_has_floor, "asked out of band while the caller speaks"
            if self._one_at_a_time:
                assert "open" not in self._requests.values(), "asked out of band while an answer is asked for"
        elif isinstance(event, ce.ResponseCreateEvent) and not str(event.event_id).startswith("raw"):
            assert self._running is None or self._gave_up, "asked for a response while one runs"
            assert not self._caller_has_floor, "asked for a response while the caller speaks"
            if self._one_at_a_time:
                assert "open" not in self._requests.values(), "two requests at once"
                assert "in vain" not in self._requests.values(), "two requests at once"
            self._requests[str(event.event_id)] = "open"
            asked_with = (event.response.instructions or None, words_asked_for(event.response))
            self._asked_with[str(event.event_id)] = asked_with
        self.server.inbox.append(event)

    def _learn_of(self, response_id: str) -> None:
        """The session is about to be told that this response began: what does it answer?"""
        given = self.server.given[response_id]
        self._running = response_id
        if given.out_of_band:
            return
        in_vain = self._requests.get(given.asked_by or "") == "in vain"
        if given.asked_by in self._requests:
            if not in_vain:
                self._may_ask -= 1
                assert self._may_ask >= 0 or not self._knows_its_responses, (
                    "the same wish was asked for twice"
                )
            self._close(given.asked_by, refused=False)
        if in_vain and self._knows_its_responses:
            self._silenced.add(response_id)
            return
        if given.words is None:
            self._results -= given.saw | self.server.refused_items
        for wanted in self._wanted:
            if (
                wanted.about - self.server.refused_items <= given.saw
                and wanted.words == given.words
                and (wanted.instructions is None or wanted.instructions == given.instructions)
            ):
                wanted.given = True
                wanted.given_by = wanted.given_by or response_id

    def _close(self, event_id: str, *, refused: bool) -> None:
        """A request is over; refused for its content, whatever it was for is not to be had."""
        self._requests[event_id] = "over"
        if refused:
            self._may_ask -= 1
            asked_with = self._asked_with[event_id]
            refused_ones = [one for one in self._wanted if (one.instructions, one.words) == asked_with]
            if asked_with[1] is not None:
                refused_ones[0].dropped = True
            else:
                self._drop(refused_ones)

    def _drop(self, wanted: list[Wanted]) -> None:
        """These need not be given any more, nor results spoken of that were wanted when a turn was over."""
        for one in wanted:
            one.dropped = True
        self._results.clear()

    # --- what a user does ----------------------------------------------------------------------------

    def add_item(self) -> None:
        self.give(inputs.AddItem(_message("hello")))

    def respond(self, instructions: str | None = None) -> None:
        self._want(instructions)
        self._results.clear()
        self._results_to_be_spoken_of = False
        properties = ce.ResponseProperties(instructions=instructions) if instructions else None
        self.give(inputs.Respond(properties))

    def speak(self, *, interruptible: bool) -> None:
        self._count += 1
        words = f"word {self._count}"
        self._wanted.append(Wanted(set(), words=words, keeps=not interruptible))
        self._may_ask += 1
        self.give(inputs.Speak(words, interruptible))

    def _want(self, instructions: str | None = None, about: str | None = None) -> None:
        items = self._sent_items | ({about} if about else set())
        self._wanted.append(Wanted(set(items), instructions))
        self._may_ask += 1

    def answer_tool(self, *, respond: bool) -> None:
        if self._to_run:
            self._answer_tool(self._to_run.pop(0), respond=respond)

    def answer_old_tool(self, *, respond: bool) -> None:
        self._count += 1
        self._answer_tool(f"old{self._count}", respond=respond)

    def _answer_tool(self, call_id: str, *, respond: bool) -> None:
        if not self.session.ready:  # nobody sees what is held
            self._may_ask += respond
            self.give(inputs.AnswerTool(call_id, "out", "look", respond))
            return
        before = set(self._sent_items)
        self._may_ask += respond
        self.give(inputs.AnswerTool(call_id, "out", "look", respond))
        (item_id,) = self._sent_items - before
        if respond:
            self._results.add(item_id)
        self._speak_of_results()

    def respond_to_results(self) -> None:
        self._results_to_be_spoken_of = bool(self._results)
        self.give(inputs.RespondToResults())
        self._speak_of_results()

    def _speak_of_results(self) -> None:
        """When the last tool has returned, at the latest, the results are to be spoken of."""
        if self._results_to_be_spoken_of and not self._to_run:
            if self._results:
                self._wanted.append(Wanted(set(self._sent_items)))
            self._results.clear()
            self._results_to_be_spoken_of = False

    def interrupt(self, heard_part: float | None) -> None:
        """Interrupt, having heard this part (0 to 1) of the newest item, or without a position."""
        heard = None
        if heard_part is not None and self._spoken_ms:
            item_id = list(self._spoken_ms)[-1]
            heard = inputs.Heard(item_id, heard_part * self._spoken_ms[item_id])
        if self._running is not None:
            self._silenced.add(self._running)
        for event_id, state in self._requests.items():
            if state == "open":
                self._requests[event_id] = "in vain"
                self._may_ask += 1
        for wanted in self._wanted:
            wanted.dropped |= wanted.words is not None and not wanted.keeps
        if not self._caller_has_floor:
            self._drop([wanted for wanted in self._wanted if wanted.words is None])
        self.give(inputs.Interrupt(heard))

    def ask(self) -> None:
        """Ask something out of band."""
        self._count += 1
        ask_id = f"question {self._count}"
        self._questions.add(ask_id)
        self.give(inputs.Ask(ask_id, ce.ResponseProperties(instructions=ask_id)))

    def withdraw(self) -> None:
        if self._questions:
            self.give(inputs.Withdraw(self._questions.pop()))

    def start_turn(self) -> None:
        if self.turn_detection:
            self.give(inputs.AppendAudio(bytes(50 * BYTES_PER_MS)))
        else:
            self._speaking_since_s = self.now_s
            self.give(inputs.StartTurn())

    def commit_turn(self, *, audio: bool) -> None:
        if self.turn_detection:
            return
        if audio:
            self._commits += 1
            self.give(inputs.AppendAudio(b"ab"))
            self._want(about=f"commit {self._commits}")
        self._speaking_since_s = None
        self.give(inputs.CommitTurn())

    def send_raw(self) -> None:
        self._count += 1
        self.give(inputs.SendRaw(ce.ResponseCreateEvent(event_id=f"raw{self._count}")))

    def wait(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while (due_s := self.session.deadline_s) is not None and due_s <= until_s:
            self.now_s = max(due_s, self.now_s)
            self.give(inputs.Tick())
            assert self.session.deadline_s is None or self.session.deadline_s > self.now_s, "ticks for ever"
        self.now_s = until_s

    # --- the network ---------------------------------------------------------------------------------

    def to_server(self, *, refuse: bool = False) -> None:
        if self.server.inbox:
            self.server.take(refuse=refuse)

    def to_client(self) -> None:
        if self.server.outbox:
            self.tell(self.server.outbox.popleft())

    def network_moves(self, to_server: int, to_client: int) -> None:
        for _ in range(to_server):
            self.to_server()
        for _ in range(to_client):
            self.to_client()

    def catch_up(self) -> None:
        while self.server.inbox or self.server.outbox:
            self.network_moves(1, 1)

    def settle(self) -> None:
        """Let everything that is under way come to its end, and the caller be silent."""
        for _ in range(300):
            self.server.caller_stops(cough=True)
            self.server.finish("completed")
            while self.server.inbox:
                self.to_server()
            while self.server.outbox:
                self.to_client()
            if self._speaking_since_s is not None:
                self.commit_turn(audio=False)
            self.wait(5)
            while self._to_run:
                self.answer_tool(respond=True)
            self.respond_to_results()
            if not (self.server.inbox or self.server.outbox or self.server.active):
                return
        raise AssertionError("never comes to rest")

    # --- connections that go -------------------------------------------------------------------------

    def change_connection(self, *, planned: bool) -> None:
        """The connection is lost, or another takes over from it; what was under way is gone."""
        effects, carried = self.session.leave(self.now_s)
        assert not [effect for effect in effects if isinstance(effect, fx.Send)]
        self._effects(effects)
        self.brackets.assert_closed()
        items = carried.history.again()
        self._forget_connection({str(item.id) for item in items})
        self._connections += 1
        self._commits = 1 if carried.turn is not None and carried.turn.committed_by else 0
        self.server = LegalServer(**self._service, prefix=f"{self._connections}.")
        self.session = Session(id_prefix=f"w{self._connections}")
        created = se.SessionCreated(session=SessionInfo(id="sess"))
        if planned:
            self.tell(created)
            self.give(inputs.Configure({"instructions": "x"}))
            self.catch_up()
            self.give(inputs.Resume(carried))
        else:
            self.give(inputs.Configure({"instructions": "x"}))
            self.give(inputs.Resume(carried))
            self.server.outbox.append(created)

    def _forget_connection(self, told_again: set[str]) -> None:
        """What was asked for may be asked for once more, and of items only those told again are there."""
        self._may_ask += list(self._requests.values()).count("open")
        self._requests = dict.fromkeys(self._requests, "over")
        unheard = self._running if self._running not in self._silenced | self._came_out else None
        if unheard is not None and not self.server.given[unheard].out_of_band:
            self._may_ask += 1
            for wanted in self._wanted:
                if wanted.given_by == unheard:
                    wanted.given, wanted.given_by = False, ""
        elif self.turn_detection:
            self._may_ask += 1  # the service was to answer, perhaps
        self._running = None
        if self.turn_detection:
            self._speaking_since_s = None
        self._sent_items &= told_again
        self._results &= told_again
        for wanted in self._wanted:
            wanted.about &= told_again

    def assert_the_server_knows_the_conversation(self) -> None:
        """All has come to rest: what another session would be told is what the server has, in its order."""
        if not self._knows_its_responses:
            return  # what was said out of band may be taken for a part of the conversation
        items = self.session.leave(self.now_s)[1].history.again()
        order = {item_id: place for place, item_id in enumerate(self.server.items)}
        places = [order[str(item.id)] for item in items]
        assert places == sorted(places)
        told = {item.id for item in items}
        for item in self.server.items.values():
            assert item.id in told or item.role == "assistant" or not item.content, "forgotten"

    def assert_kept_its_promises(self) -> None:
        """All has come to rest: everything wanted was given, every call answered, nothing is pending."""
        all_ours = all(
            given.asked_by in self._requests and given.words is None for given in self.server.given.values()
        )
        known = self._knows_its_responses or not any(wanted.words for wanted in self._wanted)
        if self._one_at_a_time or (all_ours and known):  # else one response may be taken for another
            assert [wanted for wanted in self._wanted if not (wanted.given or wanted.dropped)] == []
        assert not self.session.answer_pending
        assert self.session.deadline_s is None
        assert not self.server.calls_open
        assert "open" not in self._requests.values()
        assert not self._questions, "a question has no answer"
        self.brackets.assert_closed()

    def lose_connection(self) -> None:
        self.give(inputs.Lost())
        self.brackets.assert_closed()
        self._running = None


def _message(text: str) -> ConversationItem:
    return ConversationItem(type="message", role="user", content=[ItemContent(type="input_text", text=text)])
