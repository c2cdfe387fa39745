"""Any conversation with a legal server, in any interleaving.

Twice: with hypothesis, which makes what it finds small, and with plain chance, which gets about more. One
rule with many variants: hypothesis leaves out whole rules, and must not leave out what every conversation
needs. Short conversations find more: in long ones a later answer covers up for one that was lost.
"""

import random

import pytest
from conversation_world import World
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

TEXTS = st.sampled_from(["One", " two", ", three. ", "四五", ""])
ARGUMENTS = st.sampled_from(["{}", '{"a": 1}', "", "{", "[1]"])
NETWORK = st.sampled_from([(0, 0), (0, 2), (1, 1), (2, 9), (4, 0)])

PEOPLE = {
    "type": lambda world: (world.add_item(), world.respond()),
    "type so": lambda world: (world.add_item(), world.respond("x")),
    "add": World.add_item,
    "respond": World.respond,
    "respond so": lambda world: world.respond("y"),
    "have it say": lambda world: world.speak(interruptible=True),
    "have it say in any case": lambda world: world.speak(interruptible=False),
    "request by hand": World.send_raw,
    "tool returns": lambda world: world.answer_tool(respond=True),
    "tool returns in silence": lambda world: world.answer_tool(respond=False),
    "old tool returns": lambda world: world.answer_old_tool(respond=True),
    "respond to results": World.respond_to_results,
    "ask": World.ask,
    "withdraw a question": World.withdraw,
    "interrupt": lambda world: world.interrupt(None),
    "interrupt at once": lambda world: world.interrupt(0.0),
    "interrupt half way": lambda world: world.interrupt(0.3),
    "interrupt at the end": lambda world: world.interrupt(1.0),
    "start a turn": lambda world: (world.server.caller_starts(), world.start_turn()),
    "end a turn": lambda world: (world.server.caller_stops(cough=False), world.commit_turn(audio=True)),
    "end a cough": lambda world: (world.server.caller_stops(cough=True), world.commit_turn(audio=False)),
    "wait a little": lambda world: world.wait(0.4),
    "wait": lambda world: world.wait(1.0),
    "wait longer": lambda world: world.wait(2.5),
    "wait very long": lambda world: world.wait(100.0),
    "catch up": World.catch_up,
    "lose the connection": lambda world: world.change_connection(planned=False),
    "change the connection": lambda world: world.change_connection(planned=True),
}


COMMON = [
    "type",
    "request by hand",
    "start a turn",
    "end a turn",
    "interrupt half way",
    "tool returns",
    "ask",
]

OUTPUT = st.fixed_dictionaries(
    {
        "items": st.integers(0, 2),
        "text": TEXTS,
        "word": st.sampled_from(["one", "two", "seven", "四"]),
        "offset_ms": st.integers(0, 120),
        "size": st.sampled_from([33, 960, 4800]),
        "spoken": st.sampled_from([True, True, False]),
        "calls": st.just([]) | st.lists(st.tuples(ARGUMENTS, st.booleans()), max_size=3),
        "ending": st.sampled_from([None, None, "completed", "completed", "incomplete", "failed"]),
        "transcript": st.sampled_from(["never", "never", None]) | TEXTS,
        "newest": st.booleans(),
        "refuses": st.sampled_from([False] * 9 + [True]),
    }
)


def serve(
    world: World, items, text, word, offset_ms, size, spoken, calls, ending, transcript, newest, refuses
):
    server = world.server
    if server.active is None:
        world.to_server(refuse=refuses)
    for number in range(items):
        server.speak(size, new_item=number > 0)
        server.write(text, spoken=spoken)
        server.place(word, 3, offset_ms)
        server.write(text, spoken=spoken)
        server.speak(size, new_item=False)
    for arguments, whole in calls:
        server.call(arguments, whole=whole)
    if ending:
        server.finish(ending)
    if transcript != "never":
        server.transcribe(transcript, newest=newest)


class Conversation(RuleBasedStateMachine):
    """The user, the caller, the model and the network, each doing what it likes."""

    @initialize(
        service=st.sampled_from([(True, True), (True, True), (True, True), (True, False), (False, False)]),
        turn_detection=st.booleans(),
        transcribes=st.booleans(),
        interrupts=st.booleans(),
        loses=st.sampled_from([False, False, False, False, True]),
    )
    def begin(self, service, turn_detection, transcribes, interrupts, loses):
        echoes, acquainted = service
        self.loses = loses
        self.world = World(
            echoes=echoes,
            acquainted=acquainted,
            turn_detection=turn_detection,
            transcribes=transcribes,
            interrupts=interrupts,
        )

    @rule(step=st.sampled_from(sorted(PEOPLE)) | OUTPUT, network=NETWORK)
    def something_happens(self, step, network):
        if isinstance(step, str):
            PEOPLE[step](self.world)
        else:
            serve(self.world, **step)
        self.world.network_moves(*network)

    def teardown(self):
        if not hasattr(self, "world"):
            return
        if self.loses:
            self.world.lose_connection()
        else:
            self.world.settle()
            self.world.assert_kept_its_promises()
            self.world.assert_the_server_knows_the_conversation()


TestConversation = Conversation.TestCase


def by_chance(seed: int) -> None:
    chance = random.Random(seed)
    echoes, acquainted = chance.choice(
        [(True, True), (True, True), (True, True), (True, False), (False, False)]
    )
    world = World(
        echoes=echoes,
        acquainted=acquainted,
        turn_detection=chance.random() < 0.5,
        transcribes=chance.random() < 0.5,
        interrupts=chance.random() < 0.7,
    )
    for _ in range(chance.choice([2, 3, 4, 6, 10, 30])):
        if chance.random() < 0.7:
            PEOPLE[chance.choice(COMMON) if chance.random() < 0.5 else chance.choice(sorted(PEOPLE))](world)
        else:
            serve(
                world,
                items=chance.choice([0, 1, 1, 2]),
                text=chance.choice(["One", " two", ", three. ", "四五", ""]),
                word=chance.choice(["one", "two", "seven", "四"]),
                offset_ms=chance.randrange(120),
                size=chance.choice([33, 960, 4800]),
                spoken=chance.random() < 0.7,
                calls=chance.choices([("{}", True), ("{", True), ("", False)], k=chance.choice([0, 0, 1, 2])),
                ending=chance.choice([None, None, "completed", "incomplete", "failed"]),
                transcript=chance.choice(["never", "never", None, "", "Hello."]),
                newest=chance.random() < 0.5,
                refuses=chance.random() < 0.1,
            )
        world.network_moves(*chance.choice([(0, 0), (0, 0), (0, 2), (1, 0), (1, 1), (2, 9), (4, 0)]))
    world.settle()
    world.assert_kept_its_promises()
    if seed % 2:
        world.lose_connection()
    else:
        world.assert_the_server_knows_the_conversation()


@pytest.mark.parametrize("hundred", range(settings.default.max_examples // 10))
def test_any_conversation_by_chance(hundred):
    for seed in range(hundred * 100, hundred * 100 + 100):
        try:
            by_chance(seed)
        except AssertionError as error:
            error.add_note(f"in by_chance({seed})")
            raise
