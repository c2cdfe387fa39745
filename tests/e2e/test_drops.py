"""The connection is lost in a call, and the call goes on: whole bots, over a real socket."""

import asyncio

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    ErrorFrame,
    FunctionCallInProgressFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMMessagesUpdateFrame,
    LLMSetToolsFrame,
    LLMUpdateSettingsFrame,
    MetricsFrame,
    OutputTransportMessageUrgentFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import ProcessingMetricsData, TTFBMetricsData
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.errors import ErrorCategory

from pipecat_voicelive import Failover, RecoveryOptions, VoiceLiveLLMSettings
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.simulator import VoiceLiveSimulator
from recovering import fast

from .harness import calling
from .test_tools import get_weather
from .test_turns import STORY

BRACKETS = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, TTSStartedFrame, TTSStoppedFrame)
ONE_ANSWER = [LLMFullResponseStartFrame, TTSStartedFrame, TTSStoppedFrame, LLMFullResponseEndFrame]
TALK = {
    "greeting": "Hello there.",
    "turns": [
        {"user": "My name is Ada.", "say": "Nice to meet you, Ada."},
        {"user": "What can you do for me?", "say": "I can tell you the time."},
    ],
}
WEATHER = {
    "greeting": "Hello there.",
    "turns": [
        {
            "user": "What is the weather in Lisbon?",
            "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.temperature} degrees in {result.city}.",
        }
    ],
}


class Events:
    """What the application is told of the connection, in order."""

    def __init__(self, service):
        self.told = []
        for name in ("on_connection_lost", "on_reconnected", "on_session_expiring"):
            service.add_event_handler(name, self._handler(name))

    def _handler(self, name):
        async def handle(_service, argument):
            self.told.append((name.removeprefix("on_"), argument))

        return handle

    @property
    def names(self):
        return [name for name, _ in self.told]

    def count(self, name):
        return self.names.count(name)


def recovering(**recovery):
    return {"api_key": "key", "recovery": fast(**recovery)}


def errors(call):
    return call.pushed_by_service(ErrorFrame, direction=FrameDirection.UPSTREAM)


def text_heard(call):
    return "".join(frame.text for frame in call.heard(TTSTextFrame))


def told_again(session):
    """What a session was told of the conversation before: role and text, or type of each item."""
    items = [event.item for event in session.received("conversation.item.create")]
    return [
        (item.role, "".join(part.text for part in item.content)) if item.role else item.type for item in items
    ]


def bracket_types(call):
    return [type(frame) for frame in call.pushed_by_service(*BRACKETS)]


def second_is_ready(call):
    """Whether a second session has taken its options, while the first is still there."""
    return len(call.sim.sessions) == 2 and call.session.sent("session.updated")


async def until_back(call, events, times=1):
    await call.until(lambda: events.count("reconnected") >= times, "for the connection to be back")


async def test_a_loss_while_idle_is_not_noticed_by_the_caller_and_the_context_goes_on(speaker):
    async with calling(TALK, speaker, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.say("My name is Ada.")
        await call.bot_has_spoken(2)
        await call.session.drop()
        await until_back(call, events)
        await call.say("What can you do for me?")
        await call.bot_has_spoken(3)
        await call.until(lambda: len(call.said) == 5, "for the context")
        assert call.said == [
            ("assistant", "Hello there."),
            ("user", "My name is Ada."),
            ("assistant", "Nice to meet you, Ada."),
            ("user", "What can you do for me?"),
            ("assistant", "I can tell you the time."),
        ]
        assert told_again(call.session) == call.said[:3]
        assert events.names == ["connection_lost", "reconnected"]
        assert not errors(call)
        assert call.service.is_usable


@pytest.mark.parametrize("at", ["session.created", "session.update", "session.updated"])
async def test_a_loss_before_the_session_is_ready_delays_the_greeting(speaker, at):
    options = {"faults": [f"drop at {at} in session 1"]}
    async with calling(
        TALK, speaker, sim_options=options, service_options=recovering(), await_ready=False
    ) as call:
        await call.bot_has_spoken()
        await call.until(lambda: call.said, "for the context")
        assert call.said == [("assistant", "Hello there.")]
        assert bracket_types(call) == ONE_ANSWER
        assert len(call.sim.sessions) == 2
        assert not errors(call)


@pytest.mark.parametrize("fault", ["drop", 'close 1011 "Out of order."', "close 1001", "close 1012"])
async def test_what_the_caller_says_over_a_loss_is_heard_whole_and_once(speaker, fault):
    sentence = "My name is Ada."
    async with calling(TALK, speaker, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        call.session.inject(f"{fault} at input_audio_buffer.speech_started")
        await call.say(sentence)
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[1:] == [("user", sentence), ("assistant", "Nice to meet you, Ada.")]
        assert [frame.text for frame in call.seen(TranscriptionFrame)] == [sentence]
        assert len(call.heard(UserStartedSpeakingFrame)) == 1
        assert events.names == ["connection_lost", "reconnected"]
        assert len(call.sim.sessions) == 2
        assert not errors(call)


@pytest.mark.parametrize("at", ["", " at input_audio_buffer.speech_stopped"])
async def test_what_the_caller_says_into_a_network_that_is_dead_is_heard_whole_and_once(speaker, at):
    sentence = "My name is Ada."
    # The loss is noticed more than 3 s after the caller began.
    dead_after = {"connection_options": ConnectionOptions(ping_interval_s=3.5)}
    async with calling(TALK, speaker, service_options=recovering() | dead_after) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        for fault in ("stop-reading", "go-silent"):
            call.session.inject(fault + at)
        await call.say(sentence)
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[1:] == [("user", sentence), ("assistant", "Nice to meet you, Ada.")]
        assert [frame.text for frame in call.seen(TranscriptionFrame)] == [sentence]
        assert len(call.heard(UserStartedSpeakingFrame)) == 1
        assert events.names == ["connection_lost", "reconnected"]
        assert not errors(call)


async def test_a_turn_that_was_heard_out_and_not_answered_yet_is_answered_by_the_next_session(speaker):
    options = {"faults": ["drop at response.created 2 in session 1"]}
    async with calling(TALK, speaker, sim_options=options, service_options=recovering()) as call:
        await call.bot_has_spoken()
        await call.say("My name is Ada.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[1:] == [("user", "My name is Ada."), ("assistant", "Nice to meet you, Ada.")]
        assert bracket_types(call) == ONE_ANSWER * 2
        assert not errors(call)


async def test_what_was_received_of_an_answer_is_played_and_not_said_again(speaker):
    scenario = {"greeting": STORY, "turns": [{"user": "Thank you.", "say": "You are welcome."}]}
    options = {"faults": ["drop at response.audio.delta 30 in session 1"]}
    async with calling(scenario, speaker, sim_options=options, service_options=recovering()) as call:
        events = Events(call.service)
        await until_back(call, events)
        assert not call.heard(BotStoppedSpeakingFrame), "it is still being played"
        received = len(b"".join(frame.audio for frame in call.pushed_by_service(TTSAudioRawFrame)))
        assert bracket_types(call) == ONE_ANSWER
        await call.bot_has_spoken()
        played = len(b"".join(frame.audio for frame in call.heard(TTSAudioRawFrame)))
        assert played >= received
        await call.until(lambda: call.said, "for the context")
        ((role, heard),) = call.said
        assert STORY.startswith(heard)
        assert len(heard) > 20
        assert len(call.session.received("response.create")) == 0
        await call.say("Thank you.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said == [(role, heard), ("user", "Thank you."), ("assistant", "You are welcome.")]
        assert told_again(call.session) == [("assistant", heard)]
        assert text_heard(call) == heard + "You are welcome."
        assert not errors(call)


async def test_no_time_is_reported_of_an_answer_that_was_lost(speaker):
    options = {"faults": ["drop at response.output_item.added in session 1"]}
    async with calling(
        {"greeting": STORY}, speaker, sim_options=options, service_options=recovering()
    ) as call:
        events = Events(call.service)
        await until_back(call, events)
        data = [datum for frame in call.seen(MetricsFrame) for datum in frame.data]
        assert not [
            datum
            for datum in data
            if isinstance(datum, TTFBMetricsData | ProcessingMetricsData)
            and datum.processor == call.service.name
            and datum.value > 0
        ]


async def test_a_tool_that_runs_over_a_loss_is_answered_once(speaker):
    gate = asyncio.Event()

    async def get_weather(params, city: str):
        """Get the weather in a city.

        Args:
            city: The city.
        """
        await gate.wait()
        await params.result_callback({"temperature": 21, "city": city})

    async with calling(WEATHER, speaker, tools=[get_weather], service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the tool")
        await call.session.drop()
        await until_back(call, events)
        gate.set()
        await call.bot_has_spoken(2)
        results = [item for item in told_again(call.session) if "Result of the earlier call" in str(item)]
        assert len(results) == 1
        assert "21" in results[0][1]
        assert not errors(call)


async def test_a_result_that_comes_while_nobody_listens_is_told_and_spoken_of(speaker):
    gate = asyncio.Event()

    async def get_weather(params, city: str):
        """Get the weather in a city.

        Args:
            city: The city.
        """
        await gate.wait()
        await params.result_callback({"temperature": 21, "city": city})

    recovery = recovering(first_delay_s=0.5, longest_delay_s=0.5)
    options = {"faults": ["slow-handshake 500ms at connect 2"]}
    async with calling(
        WEATHER, speaker, tools=[get_weather], service_options=recovery, sim_options=options
    ) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the tool")
        await call.session.drop()
        await call.until(lambda: events.count("connection_lost"), "for the loss")
        gate.set()
        await call.bot_has_spoken(2)
        told = [item for item in told_again(call.session) if "Result of the earlier call" in str(item)]
        assert len(told) == 1
        assert "21" in told[0][1]


async def test_what_changes_while_there_is_no_connection_reaches_the_next_session(speaker):
    options = {"faults": ["slow-handshake 500ms at connect 2"]}
    async with calling(TALK, speaker, sim_options=options, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await call.until(lambda: events.count("connection_lost"), "for the loss")
        delta = VoiceLiveLLMSettings(system_instruction="Speak like a sailor.", temperature=0.7)
        await call.queue(LLMUpdateSettingsFrame(delta=delta), LLMSetToolsFrame(tools=[get_weather]))
        typed = [{"role": "user", "content": "My name is Ada."}]
        await call.queue(LLMMessagesAppendFrame(typed, run_llm=True))
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        last = call.session.received("session.update")[-1].session
        assert last["instructions"] == "Speak like a sailor."
        assert last["temperature"] == 0.7
        assert [tool["name"] for tool in last["tools"]] == ["get_weather"]
        assert told_again(call.session) == [("assistant", "Hello there."), ("user", "My name is Ada.")]
        assert call.said[-1] == ("assistant", "Nice to meet you, Ada.")


async def test_a_microphone_that_is_paused_stays_paused_over_a_loss(speaker):
    async with calling(TALK, speaker, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        call.service.set_audio_input_paused(True)
        await call.session.drop()
        await until_back(call, events)
        sent = len(call.session.received("input_audio_buffer.append"))
        await call.say("My name is Ada.")
        assert len(call.session.received("input_audio_buffer.append")) == sent
        call.service.set_audio_input_paused(False)
        await call.say("My name is Ada.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said[-1] == ("assistant", "Nice to meet you, Ada.")


@pytest.mark.parametrize("how", ["reset", "replaced"])
async def test_a_conversation_can_begin_anew_while_there_is_no_connection(speaker, how):
    options = {"faults": ["slow-handshake 1s at connect 2"]}
    async with calling(TALK, speaker, sim_options=options, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        typed = [{"role": "user", "content": "My name is Ada."}]
        await call.queue(LLMMessagesAppendFrame(typed, run_llm=True))
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        expected = list(call.said)
        await call.session.drop()
        await call.until(lambda: events.count("connection_lost"), "for the loss")
        if how == "reset":
            await call.service.reset_conversation()
        else:
            expected = [("user", "What can you do for me?")]
            messages = [{"role": "user", "content": "What can you do for me?"}]
            await call.queue(LLMMessagesUpdateFrame(messages=messages, run_llm=True))
        await call.until(lambda: len(call.sim.sessions) == 2, "for the new session")
        await call.until(lambda: told_again(call.session) == expected, "for it to be told")
        assert events.names == ["connection_lost"]
        assert not errors(call)


async def test_an_interruption_over_a_loss_cuts_what_is_still_played(speaker):
    scenario = {"greeting": STORY, "turns": [{"user": "Stop, that is enough.", "say": "As you like."}]}
    options = {"faults": ["drop at response.done in session 1"]}
    async with calling(scenario, speaker, sim_options=options, service_options=recovering()) as call:
        events = Events(call.service)
        await until_back(call, events)
        await call.say("Stop, that is enough.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        heard = call.said[0][1]
        assert call.seen(InterruptionFrame)
        assert STORY.startswith(heard)
        assert len(heard) < len(STORY) - 20
        assert call.said[1:] == [("user", "Stop, that is enough."), ("assistant", "As you like.")]


@pytest.mark.parametrize("frame", [EndFrame, CancelFrame])
async def test_a_call_that_ends_while_there_is_no_connection_ends_at_once(speaker, frame):
    options = {"faults": ["silent-handshake at connect 2"]}
    async with calling(TALK, speaker, sim_options=options, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await call.until(lambda: events.count("connection_lost"), "for the loss")
        typed = [{"role": "user", "content": "My name is Ada."}]
        await call.queue(LLMMessagesAppendFrame(typed, run_llm=True), frame())
        async with asyncio.timeout(3):
            await call.until(call.worker.has_finished, "for the end")
        assert not errors(call)


async def test_an_end_that_waits_for_an_answer_does_not_wait_for_another_connection(speaker):
    options = {"faults": ["silent-handshake at connect 2"]}
    async with calling(
        {"greeting": STORY}, speaker, sim_options=options, service_options=recovering(), speed=2.0
    ) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        await call.queue(EndFrame())
        await call.until(
            lambda: any(
                push.destination is call.service and isinstance(push.frame, EndFrame)
                for push in call.watcher.pushes
            ),
            "for the end to reach the service",
        )
        await call.session.drop()
        await call.until(call.worker.has_finished, "for the end")
        assert len(call.pushed_by_service(EndFrame)) == 1


@pytest.mark.parametrize(
    ("fault", "category"),
    [
        ("refuse 401 at connect 2", ErrorCategory.AUTHENTICATION),
        ("refuse 403 at connect 2", ErrorCategory.AUTHORIZATION),
        ("refuse 404 at connect 2", None),
        ('close 1008 "No." at session.created in session 2', None),
    ],
)
async def test_a_refusal_is_final_at_once_and_one_error(speaker, fault, category):
    async with calling(
        TALK, speaker, sim_options={"faults": [fault]}, service_options=recovering(budget_s=60)
    ) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        async with asyncio.timeout(5):
            await call.until(lambda: errors(call), "for the error")
            assert not call.service.is_usable
        (error,) = errors(call)
        assert category is None or error.category is category
        assert events.names == ["connection_lost"]


async def test_a_service_that_is_busy_is_tried_again_when_it_says(speaker):
    options = {"faults": ["refuse 429 retry-after 1s at connect 2"]}
    async with calling(TALK, speaker, sim_options=options, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await until_back(call, events)
        ((_, reconnected),) = [told for told in events.told if told[0] == "reconnected"]
        assert reconnected.attempts == 2
        assert 1 <= reconnected.away_s < 4
        assert not reconnected.planned
        assert not errors(call)


async def test_the_call_goes_on_at_the_second_endpoint(speaker):
    async with VoiceLiveSimulator(TALK, speech=speaker, speed=20.0) as other:
        failover = Failover(endpoint=other.endpoint, api_key="key")
        options = {
            "faults": ["refuse 503 at connect 2", "refuse 503 at connect 3", "refuse 503 at connect 4"]
        }
        async with calling(
            TALK, speaker, sim_options=options, service_options={**recovering(), "failover": failover}
        ) as call:
            events = Events(call.service)
            await call.bot_has_spoken()
            await call.session.drop()
            await until_back(call, events)
            assert told_again(other.sessions[-1]) == [("assistant", "Hello there.")]
            await call.say("My name is Ada.")
            await call.bot_has_spoken(2)
            await call.until(lambda: len(call.said) == 3, "for the context")
            assert call.said[-1] == ("assistant", "Nice to meet you, Ada.")
            assert not errors(call)


async def test_when_the_budget_is_over_there_is_one_error_and_the_pipeline_ends_cleanly(speaker):
    options = {"faults": [f"refuse 503 at connect {attempt}" for attempt in range(2, 40)]}
    async with calling(TALK, speaker, sim_options=options, service_options=recovering(budget_s=0.5)) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await call.until(lambda: events.count("connection_lost"), "for the loss")
        assert call.service.is_usable
        assert not errors(call)
        await call.until(lambda: errors(call), "for the end of the budget")
        assert not call.service.is_usable
        assert len(errors(call)) == 1
        assert events.names == ["connection_lost"]
        await call.queue(EndFrame())
        async with asyncio.timeout(3):
            await call.until(call.worker.has_finished, "for the end")


async def test_a_loss_that_nothing_is_done_about_is_told_once_too(speaker):
    options = {"api_key": "key", "recovery": RecoveryOptions(budget_s=0)}
    async with calling(TALK, speaker, service_options=options) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await call.until(lambda: events.names, "for the loss")
        assert len(errors(call)) == 1
        assert not call.service.is_usable


async def test_losses_again_and_again_leave_the_conversation_as_if_nothing_had_happened(speaker):
    async with calling(TALK, speaker, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        for times in range(1, 4):
            await call.session.drop()
            await until_back(call, events, times)
        await call.say("My name is Ada.")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert told_again(call.session) == [("assistant", "Hello there.")]
        assert events.names == ["connection_lost", "reconnected"] * 3
        assert not errors(call)


async def test_a_client_of_the_transport_is_told(speaker):
    async with calling(TALK, speaker, enable_rtvi=True, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await until_back(call, events)

        def told():
            messages = [frame.message for frame in call.seen(OutputTransportMessageUrgentFrame)]
            return [message["data"]["type"] for message in messages if message["type"] == "server-message"]

        await call.until(lambda: len(told()) == 2, "for both messages")
        assert told() == ["voicelive-connection-lost", "voicelive-reconnected"]
