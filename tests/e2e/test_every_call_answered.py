"""Each call of a tool is answered exactly once, and one answer speaks of those that came together.

What counts is what the simulator saw: the calls that it made, and what it was told of each.
"""

import asyncio
from collections import Counter

import pytest
from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    TTSSpeakFrame,
)

from pipecat_voicelive import SessionProperties, VoiceLiveLLMSettings

from .harness import calling

QUESTION = "What do you find?"
SILENTLY = FunctionCallResultProperties(run_llm=False)
IN_BETWEEN = FunctionCallResultProperties(is_final=False)
SILENTLY_IN_BETWEEN = FunctionCallResultProperties(is_final=False, run_llm=False)


def scenario(*names, then="Found.", **more):
    """The model answers the question by calling these tools."""
    calls = [{"name": name, "arguments": {"where": name}} for name in names]
    return {
        "turns": [{"user": QUESTION, "calls": calls, "then": then}],
        "otherwise": "Anything else?",
        **more,
    }


def schema(name, handler):
    properties = {"where": {"type": "string"}}
    return FunctionSchema(name, "Look for something.", properties, [], handler=handler)


def tools(**handlers):
    """Tools with these handlers."""
    return ToolsSchema([schema(name, handler) for name, handler in handlers.items()])


def gives(result, *, after=None, properties=None):
    """A handler that gives this result, as soon as an event is set."""

    async def handler(params):
        if after is not None:
            await after.wait()
        await params.result_callback(result, properties=properties)

    return handler


def lasting(handler):
    """A handler that interruptions do not cancel."""
    return tool_options(cancel_on_interruption=False)(handler)


async def hangs(params):
    await asyncio.Event().wait()


async def hangs_too(params):
    await asyncio.Event().wait()


async def raises(params):
    raise RuntimeError("out of order")


async def ask(call, text=QUESTION):
    await call.queue(LLMMessagesAppendFrame([{"role": "user", "content": text}], run_llm=True))


def made(session):
    """The ids of the calls that the service made, in order."""
    done = session.sent("response.function_call_arguments.done")
    return list(dict.fromkeys(event.call_id for event in done))


def outputs(session):
    """(call id, output) of each answer to a call."""
    items = [event.item for event in session.received("conversation.item.create")]
    return [(item.call_id, item.output) for item in items if item.type == "function_call_output"]


def answered_once(call):
    """Check the books of the last session: each call has one answer. Returns what was answered."""
    session = call.session
    answers = Counter(call_id for call_id, _ in outputs(session))
    assert made(session)
    assert answers == Counter(made(session))
    assert not [
        item for item in session.received("conversation.item.create") if item.item.type == "function_call"
    ]
    # Two that act at the same moment: all other errors are mistakes.
    assert {event.error.code for event in session.sent("error")} <= {"response_cancel_not_active"}
    return [output for _, output in outputs(session)]


async def both_run(call):
    """Wait until the context has both calls of a group."""
    calls = [("assistant", ["look"]), ("assistant", ["note"])]
    await call.until(lambda: all(told in call.said for told in calls), "for both calls to run")


def answers_spoken(call):
    """The texts that the service spoke, in order."""
    dones = [event.response for event in call.session.sent("response.done")]
    words = [item.words for response in dones for item in response.output or () if item.type == "message"]
    return [text for text in words if text]


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ('bad-arguments "{city: Lis" at response 1', "not a JSON object"),
        ('bad-arguments "[1, 2]" at response 1', "not a JSON object"),
        ("bad-arguments at response 1", "rain"),  # none at all is an empty object
    ],
)
async def test_bad_arguments_are_answered_and_spoken_about(speaker, fault, answer):
    bot = calling(
        scenario("look"),
        speaker,
        tools=tools(look=gives("rain")),
        greet=False,
        sim_options={"faults": [fault]},
    )
    async with bot as call:
        await ask(call)
        await call.bot_has_spoken()
    (output,) = answered_once(call)
    assert answer in output
    assert answers_spoken(call) == ["Found."]


async def test_a_tool_that_nobody_knows_is_answered_and_spoken_about(speaker):
    settings = VoiceLiveLLMSettings(
        session_properties=SessionProperties(tools=[{"type": "function", "name": "look", "parameters": {}}])
    )
    async with calling(scenario("look"), speaker, settings=settings, greet=False) as call:
        await ask(call)
        await call.bot_has_spoken()
    (output,) = answered_once(call)
    assert "look" in output
    assert answers_spoken(call) == ["Found."]


@pytest.mark.parametrize(
    ("handler", "word"), [(raises, "failed"), (hangs, "CANCELLED")], ids=["raises", "times out"]
)
async def test_a_handler_that_fails_is_answered_and_spoken_about(speaker, handler, word):
    options = {"api_key": "key", "function_call_timeout_secs": 0.5}
    bot = calling(scenario("look"), speaker, tools=tools(look=handler), greet=False, service_options=options)
    async with bot as call:
        await ask(call)
        await call.bot_has_spoken()
    (output,) = answered_once(call)
    assert word in output
    assert answers_spoken(call) == ["Found."]


@pytest.mark.parametrize("result", [None, "", 0, False, [], {}], ids=repr)
async def test_a_result_that_says_nothing_is_told_as_the_context_has_it(speaker, result):
    async with calling(scenario("look"), speaker, tools=tools(look=gives(result)), greet=False) as call:
        await ask(call)
        await call.until(lambda: outputs(call.session), "for the output")
        await call.until(lambda: call.said[-1][0] == "tool", "for the context")
    assert answered_once(call) == ["COMPLETED"]
    assert call.said[-1] == ("tool", "COMPLETED")
    assert answers_spoken(call) == []  # Pipecat asks for no answer to it


@pytest.mark.parametrize("order", [("look", "note"), ("note", "look")], ids="-".join)
@pytest.mark.parametrize(
    "noted", [(None, None), ("noted", SILENTLY)], ids=["says nothing", "wants no answer"]
)
async def test_a_result_that_is_not_spoken_about_does_not_silence_its_group(speaker, order, noted):
    ready = {name: asyncio.Event() for name in order}
    result, properties = noted
    handlers = {
        "look": gives("rain", after=ready["look"]),
        "note": gives(result, after=ready["note"], properties=properties),
    }
    async with calling(scenario("look", "note"), speaker, tools=tools(**handlers), greet=False) as call:
        await ask(call)
        await both_run(call)
        for count, name in enumerate(order, start=1):
            ready[name].set()
            await call.until(lambda count=count: len(outputs(call.session)) == count, "for an output")
        await call.bot_has_spoken()
    assert len(answered_once(call)) == 2
    assert answers_spoken(call) == ["Found."]
    assert len(call.session.received("response.create")) == 2


@pytest.mark.parametrize("delays_s", [(0, 1, 2), (2, 1, 0), (0, 0, 0)], ids=str)
async def test_parallel_tools_one_of_which_fails_are_spoken_about_once(speaker, delays_s):
    def delayed(handler, delay_s):
        async def later(params):
            await asyncio.sleep(delay_s)
            await handler(params)

        return later

    names = ("one", "two", "three")
    handlers = (gives("1"), raises, gives("3"))
    given = {
        name: delayed(handler, delay_s)
        for name, handler, delay_s in zip(names, handlers, delays_s, strict=True)
    }
    async with calling(scenario(*names), speaker, tools=tools(**given), greet=False) as call:
        await ask(call)
        await call.bot_has_spoken()
    assert len(answered_once(call)) == 3
    assert answers_spoken(call) == ["Found."]
    assert len(call.session.received("response.create")) == 2


async def test_a_group_whose_last_call_times_out_is_spoken_about_once(speaker):
    options = {"api_key": "key", "function_call_timeout_secs": 0.5}
    bot = calling(
        scenario("look", "wait"),
        speaker,
        tools=tools(look=gives("rain"), wait=hangs),
        greet=False,
        service_options=options,
    )
    async with bot as call:
        await ask(call)
        await call.bot_has_spoken()
    assert sorted(answered_once(call)) == ["CANCELLED", "rain"]
    assert answers_spoken(call) == ["Found."]


async def test_several_groups_at_once_are_each_spoken_about_once(speaker):
    first, second = asyncio.Event(), asyncio.Event()
    turns = [
        {"user": "First?", "calls": [{"name": "a"}, {"name": "b"}], "then": "The first."},
        {"user": "Second?", "calls": [{"name": "c"}, {"name": "d"}], "then": "The second."},
    ]
    handlers = {
        "a": gives("1"),
        "b": gives("2", after=first),
        "c": gives("3"),
        "d": gives("4", after=second),
    }
    async with calling({"turns": turns}, speaker, tools=tools(**handlers), greet=False) as call:
        await ask(call, "First?")
        await call.until(lambda: len(outputs(call.session)) == 1, "for a result")
        await ask(call, "Second?")
        await call.until(lambda: len(outputs(call.session)) == 2, "for a result")
        second.set()
        await call.bot_has_spoken()
        first.set()
        await call.bot_has_spoken(2)
    assert len(answered_once(call)) == 4
    assert len(answers_spoken(call)) == 2


async def test_a_group_that_wants_no_answer_gets_none(speaker):
    handlers = {name: gives(name, properties=SILENTLY) for name in ("one", "two")}
    async with calling(scenario("one", "two"), speaker, tools=tools(**handlers), greet=False) as call:
        await ask(call)
        await call.until(lambda: len(outputs(call.session)) == 2, "for the outputs")
    answered_once(call)
    assert answers_spoken(call) == []


async def test_results_that_come_while_the_bot_speaks_are_spoken_about_once(speaker):
    ready = {name: asyncio.Event() for name in ("one", "two", "three")}
    handlers = {name: gives(name, after=after) for name, after in ready.items()}
    handlers["two"] = gives("two", after=ready["two"], properties=SILENTLY)
    async with calling(scenario(*ready), speaker, tools=tools(**handlers), greet=False) as call:
        await ask(call)
        await call.until(lambda: ("assistant", ["three"]) in call.said, "for all calls to run")
        await call.queue(TTSSpeakFrame("Let me see, this will take a little while.", append_to_context=False))
        await call.until(lambda: call.heard(BotStartedSpeakingFrame), "for the bot")
        for count, after in enumerate(ready.values(), start=1):
            after.set()
            await call.until(lambda count=count: len(outputs(call.session)) == count, "for an output")
        assert not call.heard(BotStoppedSpeakingFrame)
        await call.until(lambda: call.said[-1] == ("assistant", "Found."), "for the answer")
        await call.until(
            lambda: len(call.heard(BotStoppedSpeakingFrame)) == len(call.heard(BotStartedSpeakingFrame)),
            "for the bot to stop",
        )
        await ask(call, "Hello?")
        await call.until(lambda: call.said[-1] == ("assistant", "Anything else?"), "for the next answer")
    assert len(answered_once(call)) == 3
    assert answers_spoken(call)[1:] == ["Found.", "Anything else?"]


@pytest.mark.parametrize(
    "fault",
    [
        "duplicate 3 at every response.function_call_arguments.done",
        "duplicate at every response.output_item.*",
        "duplicate at every response.done",
        "duplicate at every sent",
        "reorder 4 at response.function_call_arguments.done",
        "reorder 6 at response.output_item.added",
    ],
)
async def test_what_the_service_says_twice_or_out_of_order_makes_no_second_answer(speaker, fault):
    handlers = {"one": gives("1"), "two": gives("2")}
    bot = calling(
        scenario("one", "two"),
        speaker,
        tools=tools(**handlers),
        greet=False,
        sim_options={"faults": [f"{fault} in session 1"], "seed": 3},
    )
    async with bot as call:
        await ask(call)
        await call.bot_has_spoken()
    assert len(answered_once(call)) == 2
    assert len(call.session.received("response.create")) == 2


# --- interruptions ---------------------------------------------------------------------------------


async def test_an_interruption_while_a_handler_runs_cancels_it_and_answers_the_call(speaker):
    async with calling(scenario("look"), speaker, tools=tools(look=hangs), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.queue(InterruptionFrame())
        await call.until(lambda: outputs(call.session), "for the output")
        await ask(call, "Hello?")
        await call.bot_has_spoken()
    assert answered_once(call) == ["CANCELLED"]
    assert answers_spoken(call) == ["Anything else?"]


async def test_a_handler_that_outlives_interruptions_is_answered_and_spoken_about(speaker):
    ready = asyncio.Event()
    look = lasting(gives("rain", after=ready))
    async with calling(scenario("look"), speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.queue(InterruptionFrame())
        ready.set()
        await call.bot_has_spoken()
    assert answered_once(call) == ["rain"]
    assert answers_spoken(call) == ["Found."]


async def test_a_call_is_not_made_if_the_interruption_comes_first(speaker):
    fault = "delay 300ms at response.done 1"
    bot = calling(
        scenario("look"), speaker, tools=tools(look=raises), greet=False, sim_options={"faults": [fault]}
    )
    async with bot as call:
        await ask(call)
        await call.until(lambda: made(call.session), "for the call")
        await call.queue(InterruptionFrame())
        await call.until(lambda: outputs(call.session), "for the output")
        await ask(call, "Hello?")
        await call.bot_has_spoken()
    (output,) = answered_once(call)
    assert "interrupted" in output
    assert not call.seen(FunctionCallsStartedFrame)
    assert answers_spoken(call) == ["Anything else?"]


async def test_an_interruption_of_the_answer_repeats_neither_the_call_nor_the_answer(speaker):
    story = "This is a long story, " * 10
    turns = scenario("look", then=story)
    async with calling(turns, speaker, tools=tools(look=gives("rain")), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.seen(BotStartedSpeakingFrame), "for the answer")
        await call.queue(InterruptionFrame())
        await ask(call, "Hello?")
        await call.bot_has_spoken(2)
    assert answered_once(call) == ["rain"]
    assert len(call.session.sent("response.created")) == 3


async def test_a_result_that_comes_while_the_caller_speaks_is_told_at_once_and_answered_with_the_turn(
    speaker,
):
    ready = asyncio.Event()
    turns = scenario("look")
    turns["turns"].append({"user": "How are you today?", "say": "Fine."})
    look = lasting(gives("rain", after=ready))
    async with calling(turns, speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        saying = asyncio.create_task(call.say("How are you today?"))
        await call.until(lambda: call.session.sent("input_audio_buffer.speech_started"), "for the caller")
        ready.set()
        await call.until(lambda: outputs(call.session), "for the output")
        assert not call.session.sent("input_audio_buffer.speech_stopped")
        await saying
        await call.bot_has_spoken()
    assert answered_once(call) == ["rain"]
    assert len(call.session.received("response.create")) == 1
    assert len(answers_spoken(call)) == 1


# --- results in between ----------------------------------------------------------------------------


def in_between(call):
    """What the service was told of calls that go on."""
    items = [event.item for event in call.session.received("conversation.item.create")]
    return [item.words for item in items if item.role == "system"]


async def test_results_in_between_are_told_in_order_and_the_last_is_the_answer(speaker):
    go_on = asyncio.Event()

    @lasting
    async def look(params):
        for result, properties in (("one", IN_BETWEEN), ("two", SILENTLY_IN_BETWEEN), (None, IN_BETWEEN)):
            await params.result_callback(result, properties=properties)
        await go_on.wait()
        await params.result_callback("three")

    async with calling(scenario("look"), speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.bot_has_spoken()
        go_on.set()
        await call.bot_has_spoken(2)
    assert answered_once(call) == ["three"]
    told = in_between(call)
    assert len(told) == 2
    assert "one" in told[0]
    assert "two" in told[1]
    assert len(call.session.received("response.create")) == 3


async def test_a_result_in_between_is_spoken_about_though_its_group_is_not_complete(speaker):
    noted, told, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @lasting
    async def look(params):
        await told.wait()
        await params.result_callback("cloudy so far", properties=IN_BETWEEN)
        await go_on.wait()
        await params.result_callback("rain")

    handlers = {"look": look, "note": gives("noted", after=noted)}
    async with calling(scenario("look", "note"), speaker, tools=tools(**handlers), greet=False) as call:
        await ask(call)
        await both_run(call)
        noted.set()
        await call.until(lambda: outputs(call.session), "for the first output")
        told.set()
        await call.bot_has_spoken()
        assert len(outputs(call.session)) == 1
        go_on.set()
        await call.bot_has_spoken(2)
    assert sorted(answered_once(call)) == ["noted", "rain"]
    assert len(call.session.received("response.create")) == 3


# --- endings ---------------------------------------------------------------------------------------


async def test_a_result_that_comes_after_its_call_is_over_changes_nothing(speaker):
    kept = []

    async def look(params):
        kept.append(params.result_callback)
        await params.result_callback("rain")

    async with calling(scenario("look"), speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.bot_has_spoken()
        await kept[0]("snow")
    assert answered_once(call) == ["rain"]
    assert len(call.session.received("response.create")) == 2


async def test_a_result_that_comes_when_the_pipeline_is_over_harms_nobody(speaker):
    kept = []

    async def look(params):
        kept.append(params.result_callback)
        await asyncio.Event().wait()

    async with calling(scenario("look"), speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.until(lambda: kept, "for the call")
        await call.worker.cancel()
    await kept[0]("rain")
    assert outputs(call.session) == []
    assert not call.seen(ErrorFrame)


async def test_the_end_waits_for_a_call_and_its_answer(speaker):
    ready = asyncio.Event()
    look = gives("rain", after=ready)
    async with calling(scenario("look"), speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.queue(EndFrame())
        ready.set()
    assert answered_once(call) == ["rain"]
    assert answers_spoken(call) == ["Found."]


@pytest.mark.parametrize(
    "faults", [[], ["transcribe-late 3s at turn 1"], ["transcribe never at turn 1"]], ids=str
)
async def test_a_tool_may_be_called_before_there_is_a_context(speaker, faults):
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    settings = VoiceLiveLLMSettings(
        session_properties=SessionProperties(
            tools=[tool], input_audio_transcription={"model": "azure-speech"}
        )
    )
    bot = calling(scenario("look"), speaker, settings=settings, handlers={"look": gives("rain")}, greet=False)
    async with bot as call:
        await call.say(QUESTION)
        await call.bot_has_spoken()
        await call.say("Hello?")
        await call.bot_has_spoken(2)
    assert answered_once(call) == ["rain"]
    assert answers_spoken(call) == ["Found.", "Anything else?"]
    assert len(call.session.received("response.create")) == 1


@pytest.mark.parametrize("fault", ["fail-response at response 2", "rate-limit at response 2"])
async def test_an_answer_that_fails_answers_no_call_twice(speaker, fault):
    bot = calling(
        scenario("look"),
        speaker,
        tools=tools(look=gives("rain")),
        greet=False,
        sim_options={"faults": [fault]},
    )
    async with bot as call:
        await ask(call)
        await call.until(lambda: call.seen(ErrorFrame), "for the failure")
        await ask(call, "Hello?")
        await call.bot_has_spoken()
    assert answered_once(call) == ["rain"]


@pytest.mark.parametrize(
    "ending", [{"fails": {"code": "overloaded", "message": "Too busy."}}, {"incomplete": "max_output_tokens"}]
)
async def test_a_response_that_ends_badly_leaves_no_call_unanswered(speaker, ending):
    turns = scenario("look")
    turns["turns"][0].update(ending)
    async with calling(turns, speaker, tools=tools(look=gives("rain")), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.session.sent("response.done"), "for the response")
        await ask(call, "Hello?")
        await call.bot_has_spoken()
    answered_once(call)


async def test_calls_that_run_one_after_the_other_are_each_answered_when_one_is_cancelled(speaker):
    handlers = {"look": hangs, "note": gives("noted")}
    options = {"api_key": "key", "run_in_parallel": False}
    bot = calling(
        scenario("look", "note"), speaker, tools=tools(**handlers), greet=False, service_options=options
    )
    async with bot as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the first call")
        await call.queue(InterruptionFrame())
        await call.until(lambda: len(outputs(call.session)) == 2, "for both outputs")
        await ask(call, "Hello?")
        await call.bot_has_spoken()
    assert answered_once(call)[0] == "CANCELLED"


async def test_a_call_that_the_model_cancels_is_answered_and_so_is_the_cancellation(speaker):
    turns = scenario("look")
    turns["turns"].append({"user": "Stop!", "call": {"name": "cancel_look"}, "then": "Stopped."})
    look = tool_options(cancel_on_interruption=False, cancellable_by_llm=True)(hangs_too)
    async with calling(turns, speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await ask(call, "Stop!")
        await call.bot_has_spoken()
    cancelled, cancellation = answered_once(call)
    assert cancelled == "CANCELLED"
    assert made(call.session)[0] in cancellation
    assert answers_spoken(call) == ["Stopped."]


async def test_a_result_that_comes_after_the_conversation_was_begun_anew_is_told_as_a_message(speaker):
    ready = asyncio.Event()
    look = gives("rain", after=ready)
    async with calling(scenario("look"), speaker, tools=tools(look=look), greet=False) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.service.reset_conversation()
        await call.until(lambda: len(call.sim.sessions) == 2, "for the new session")
        await call.until(lambda: call.session.sent("session.updated"), "for it to be ready")
        ready.set()
        await call.bot_has_spoken()
    assert outputs(call.sim.sessions[0]) == []
    assert in_between(call) == ["Result of the earlier call of look: rain"]
    answered_once(call)  # the model, asked anew, calls again


async def test_an_output_that_the_service_refuses_is_told_as_a_message_and_spoken_about(speaker):
    fault = "reject invalid_tool_call_id at conversation.item.create 2"
    bot = calling(
        scenario("look"),
        speaker,
        tools=tools(look=gives("rain")),
        greet=False,
        sim_options={"faults": [fault]},
    )
    async with bot as call:
        await ask(call)
        await call.until(lambda: in_between(call), "for the message")
        await call.bot_has_spoken()
    assert in_between(call) == ["Result of the earlier call of look: rain"]
    assert not outputs(call.session)  # the simulator took none
    assert not call.seen(ErrorFrame)
