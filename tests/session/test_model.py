"""Any conversation with a legal server, in any interleaving.

One rule with many variants: hypothesis leaves out whole rules at random, and must not thereby leave out
what every conversation needs.
"""

from conversation_world import World
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

TEXTS = st.sampled_from(["One", " two", ", three. ", "四五", ""])
ARGUMENTS = st.sampled_from(["{}", '{"a": 1}', "", "{", "[1]"])
NETWORK = st.tuples(st.integers(0, 3), st.integers(0, 8))

PEOPLE = {
    "type": lambda world: (world.add_item(), world.respond()),
    "type so": lambda world: (world.add_item(), world.respond("x")),
    "add": World.add_item,
    "respond": World.respond,
    "respond so": lambda world: world.respond("y"),
    "request by hand": World.send_raw,
    "tool returns": lambda world: world.answer_tool(respond=True),
    "tool returns in silence": lambda world: world.answer_tool(respond=False),
    "old tool returns": lambda world: world.answer_old_tool(respond=True),
    "respond to results": World.respond_to_results,
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
}


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


class Conversation(RuleBasedStateMachine):
    """The user, the caller, the model and the network, each doing what it likes."""

    @initialize(
        service=st.sampled_from([(True, True), (True, True), (True, True), (True, False), (False, False)]),
        turn_detection=st.booleans(),
        transcribes=st.booleans(),
        loses=st.sampled_from([False, False, False, False, True]),
    )
    def begin(self, service, turn_detection, transcribes, loses):
        echoes, acquainted = service
        self.loses = loses
        self.world = World(
            echoes=echoes, acquainted=acquainted, turn_detection=turn_detection, transcribes=transcribes
        )

    @rule(step=st.sampled_from(sorted(PEOPLE)) | OUTPUT, network=NETWORK)
    def something_happens(self, step, network):
        if isinstance(step, str):
            PEOPLE[step](self.world)
        else:
            self._serve(**step)
        self.world.network_moves(*network)

    def _serve(self, items, text, word, offset_ms, size, spoken, calls, ending, transcript, newest, refuses):
        server = self.world.server
        if server.active is None:
            self.world.to_server(refuse=refuses)
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

    def teardown(self):
        if not hasattr(self, "world"):
            return
        if self.loses:
            self.world.lose_connection()
        else:
            self.world.settle()
            self.world.assert_kept_its_promises()


TestConversation = Conversation.TestCase
