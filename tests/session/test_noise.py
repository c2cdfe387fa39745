"""Stale, doubled and unknown events change nothing, wherever they come."""

from conversation_world import World
from hypothesis import given
from hypothesis import strategies as st
from session_harness import (
    arguments_done,
    audio,
    call_item,
    heard_as,
    heard_part,
    item_added,
    not_understood,
    ready,
    spoken,
    viseme,
    word,
    written,
)

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem, Response, SessionInfo
from pipecat_voicelive.session import effects as fx

STEPS = {
    "to server": World.to_server,
    "to client": World.to_client,
    "wait": lambda world: world.wait(0.7),
    "wait longer": lambda world: world.wait(2.5),
    "add item": World.add_item,
    "respond": World.respond,
    "respond so": lambda world: world.respond("x"),
    "answer tool": lambda world: world.answer_tool(respond=True),
    "respond to results": World.respond_to_results,
    "interrupt": lambda world: world.interrupt(0.5),
    "caller starts": lambda world: world.server.caller_starts(),
    "caller stops": lambda world: world.server.caller_stops(cough=False),
    "caller coughed": lambda world: world.server.caller_stops(cough=True),
    "transcribe": lambda world: world.server.transcribe("hi", newest=False),
    "speak": lambda world: world.server.speak(960, new_item=False),
    "speak on": lambda world: world.server.speak(960, new_item=True),
    "write": lambda world: world.server.write("One ", spoken=True),
    "place": lambda world: world.server.place("One", 3, 10),
    "call": lambda world: world.server.call("{}", whole=True),
    "call badly": lambda world: world.server.call("{", whole=True),
    "finish": lambda world: world.server.finish("completed"),
}


def of_response(response_id: str, item_id: str) -> list[se.ServerEvent]:
    """Everything that could still be said of a response that is over."""
    return [
        se.ResponseDone(response=Response(id=response_id, status="completed", output=[call_item("stale")])),
        audio(response_id, item_id, b"stale!"),
        spoken(response_id, item_id, "stale"),
        written(response_id, item_id, "stale"),
        word(response_id, item_id, "stale", 0),
        viseme(response_id, item_id, 1, 0),
        arguments_done(response_id, "stale"),
        arguments_done(response_id, "call1"),
        item_added(response_id, call_item("stale")),
    ]


def of_turn(item_id: str) -> list[se.ServerEvent]:
    """Everything that could still be said of a turn whose words are known."""
    return [
        heard_as(item_id, "stale"),
        heard_as(item_id, ""),
        heard_part(item_id, "stale"),
        not_understood(item_id),
    ]


NONSENSE: list[se.ServerEvent] = [
    se.UnknownEvent(type="response.dance.delta", members={"response_id": "resp1"}),
    se.MalformedEvent(type="", problem="x"),
    se.MalformedEvent(type="response.audio.delta", problem="x"),
    se.SessionCreated(session=SessionInfo(id="other")),
    se.RateLimitsUpdated(),
    se.ConversationItemTruncated(item_id="never"),
    se.ConversationItemDeleted(item_id="never"),
    se.ResponseMcpCallInProgress(item_id="never"),
    se.ResponseMcpCallCompleted(item_id="never"),
    se.ResponseFoundryAgentCallFailed(item_id="never"),
    se.ResponseMcpCallArgumentsDone(response_id="never", item_id="never", arguments="{}"),
    *of_response("never", "never"),
]


class Noisy(World):
    """A world that knows what is over, as the session was told."""

    begun: list[str]
    over: list[str]
    told: list[str]

    def tell(self, event: se.ServerEvent) -> None:
        match event:
            case se.SessionCreated():
                self.begun, self.over, self.told = [], [], []
            case se.ResponseCreated(response=response):
                self.begun.append(response.id)
            case se.ResponseDone(response=response):
                self.over.append(response.id)
            case se.InputAudioTranscriptionCompleted() | se.InputAudioTranscriptionFailed():
                self.told.append(event.item_id)
            case _:
                pass
        super().tell(event)

    def hear_noise(self, pick: int) -> None:
        noise = list(NONSENSE)
        for response_id in self.begun:
            again = Response(
                id=response_id, status="in_progress", metadata=self.server.given[response_id].metadata
            )
            noise.append(se.ResponseCreated(response=again))
        for response_id in self.over:
            noise += of_response(response_id, (self.server.given[response_id].items or ["item0"])[-1])
        for item_id in self.told:
            noise += of_turn(item_id)
        self._effects(self.session.handle(noise[-1 - pick % len(noise)], self.now_s))


def play(steps: list[tuple[str, int | None]], *, noise: bool, **service: bool) -> list[fx.Effect]:
    world = Noisy(acquainted=True, **service)
    for step, pick in steps:
        STEPS[step](world)
        if noise and pick is not None:
            world.hear_noise(pick)
    world.settle()
    if noise:
        for pick in range(60):
            world.hear_noise(pick)
    return [effect for effect in world.trace if not isinstance(effect, fx.Unreadable)]


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), st.none() | st.integers(0, 200)), min_size=5, max_size=80
    ),
    echoes=st.booleans(),
)
def test_noise_changes_nothing(steps, echoes):
    quiet = play(steps, noise=False, echoes=echoes, turn_detection=True)
    assert play(steps, noise=True, echoes=echoes, turn_detection=True) == quiet


def test_an_event_that_cannot_be_read_is_told_once_for_its_type():
    world = World(echoes=True, acquainted=False, turn_detection=True)
    for _ in range(3):
        world.tell(se.UnknownEvent(type="a", members={}))
        world.tell(se.MalformedEvent(type="response.done", problem="x"))
    assert [effect for effect in world.trace if isinstance(effect, fx.Unreadable)] == [
        fx.Unreadable("a", "unknown type"),
        fx.Unreadable("response.done", "x"),
    ]


def test_types_that_are_made_up_without_end_are_told_of_only_so_often():
    world = World(echoes=True, acquainted=False, turn_detection=True)
    for number in range(1000):
        world.tell(se.UnknownEvent(type=f"made.up.{number}", members={}))
    told = [effect.type for effect in world.trace if isinstance(effect, fx.Unreadable)]
    assert told == [*(f"made.up.{number}" for number in range(100)), "(further types)"]


def test_an_item_that_is_said_to_follow_itself_is_one_like_any_other():
    driver = ready()
    item = ConversationItem(type="message", id="i1", role="user")
    assert driver.give(se.ConversationItemCreated(item=item, previous_item_id="i1"))
