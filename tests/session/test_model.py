"""Any conversation with a legal server, in any interleaving."""

from conversation_world import World
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

TEXTS = st.sampled_from(["One", " two", ", three. ", "四五", ""])
ARGUMENTS = st.sampled_from(["{}", '{"a": 1}', "", "{", "[1]"])


class Conversation(RuleBasedStateMachine):
    """The user, the caller, the server and the network, each doing what it likes."""

    @initialize(
        service=st.sampled_from([(True, True), (True, True), (True, False), (False, False)]),
        turn_detection=st.booleans(),
        transcribes=st.booleans(),
        loses=st.booleans(),
    )
    def begin(self, service, turn_detection, transcribes, loses):
        echoes, acquainted = service
        self.loses = loses
        self.world = World(
            echoes=echoes, acquainted=acquainted, turn_detection=turn_detection, transcribes=transcribes
        )

    # --- the network ---------------------------------------------------------------------------------

    @precondition(lambda self: self.world.server.inbox)
    @rule(refuse=st.sampled_from([False, False, False, True]))
    def the_server_takes_an_event(self, refuse):
        self.world.to_server(refuse=refuse)

    @precondition(lambda self: self.world.server.outbox)
    @rule(count=st.integers(1, 5))
    def the_client_takes_events(self, count):
        for _ in range(count):
            self.world.to_client()

    @rule(seconds=st.sampled_from([0.1, 0.4, 1.0, 2.5, 100.0]))
    def time_passes(self, seconds):
        self.world.wait(seconds)

    # --- the user ------------------------------------------------------------------------------------

    @rule()
    def the_user_adds_an_item(self):
        self.world.add_item()

    @rule(instructions=st.sampled_from([None, None, "x", "y"]))
    def the_user_wants_an_answer(self, instructions):
        self.world.respond(instructions)

    @rule(respond=st.booleans(), old=st.sampled_from([False, False, True]))
    def a_tool_returns(self, respond, old):
        if old:
            self.world.answer_old_tool(respond=respond)
        else:
            self.world.answer_tool(respond=respond)

    @rule()
    def the_user_wants_the_results_spoken_of(self):
        self.world.respond_to_results()

    @rule(heard=st.none() | st.sampled_from([0.0, 0.3, 1.0]))
    def the_user_interrupts(self, heard):
        self.world.interrupt(heard)

    @precondition(lambda self: not self.world.turn_detection)
    @rule()
    def the_user_starts_a_turn(self):
        self.world.start_turn()

    @precondition(lambda self: not self.world.turn_detection)
    @rule(audio=st.booleans())
    def the_user_commits_a_turn(self, audio):
        self.world.commit_turn(audio=audio)

    @rule()
    def the_user_sends_a_request_by_hand(self):
        self.world.send_raw()

    # --- the caller ----------------------------------------------------------------------------------

    @precondition(lambda self: self.world.turn_detection)
    @rule()
    def the_caller_starts(self):
        self.world.server.caller_starts()

    @precondition(lambda self: self.world.server.caller is not None)
    @rule(cough=st.booleans())
    def the_caller_stops(self, cough):
        self.world.server.caller_stops(cough=cough)

    @precondition(lambda self: self.world.server.untranscribed)
    @rule(text=st.none() | TEXTS, newest=st.booleans())
    def what_the_caller_said_is_written_down(self, text, newest):
        self.world.server.transcribe(text, newest=newest)

    # --- the model -----------------------------------------------------------------------------------

    @precondition(lambda self: self.world.server.active is not None)
    @rule(size=st.sampled_from([2, 33, 960, 4800]), new_item=st.booleans())
    def the_model_speaks(self, size, new_item):
        self.world.server.speak(size, new_item=new_item)

    @precondition(lambda self: self.world.server.active is not None)
    @rule(text=TEXTS, spoken=st.booleans())
    def the_model_writes(self, text, spoken):
        self.world.server.write(text, spoken=spoken)

    @precondition(lambda self: self.world.server.active is not None)
    @rule(text=st.sampled_from(["one", "two", "seven", "四"]), offset_ms=st.integers(0, 300))
    def the_model_moves_its_mouth(self, text, offset_ms):
        self.world.server.place(text, 3, offset_ms)

    @precondition(lambda self: self.world.server.active is not None)
    @rule(arguments=ARGUMENTS, whole=st.sampled_from([True, True, False]))
    def the_model_calls_a_function(self, arguments, whole):
        self.world.server.call(arguments, whole=whole)

    @precondition(lambda self: self.world.server.active is not None)
    @rule(status=st.sampled_from(["completed", "completed", "incomplete", "failed"]))
    def the_response_ends(self, status):
        self.world.server.finish(status)

    def teardown(self):
        if not hasattr(self, "world"):
            return
        if self.loses:
            self.world.lose_connection()
        else:
            self.world.settle()
            self.world.assert_kept_its_promises()


TestConversation = Conversation.TestCase
