"""The connection is lost in the middle of a call of a tool: the next session is told what came of it, once.

A call that had its output goes along with it. One that still runs is told with an output that says so, and
what it brings comes as a message.
"""

import asyncio
from collections import Counter

import pytest
from pipecat.frames.frames import ErrorFrame, FunctionCallInProgressFrame, InterruptionFrame

from pipecat_voicelive.connection.recovery import RecoveryOptions
from pipecat_voicelive.session.history import STILL_RUNNING

from .harness import calling
from .test_every_call_answered import (
    QUESTION,
    ask,
    both_run,
    gives,
    hangs,
    in_between,
    lasting,
    made,
    outputs,
    scenario,
    tools,
)

AT_ONCE = {"api_key": "key", "recovery": RecoveryOptions(first_delay_s=0.05)}


def bot(turns, speaker, *faults, **handlers):
    return calling(
        turns,
        speaker,
        tools=tools(**handlers),
        greet=False,
        service_options=AT_ONCE,
        sim_options={
            "faults": [fault if "connect" in fault else f"{fault} in session 1" for fault in faults]
        },
    )


def noting(runs):
    """A handler that notes the calls that it is run for."""

    async def look(params):
        runs.append(params.tool_call_id)
        await params.result_callback("rain")

    return look


async def next_session(call):
    """Wait for the second session to be ready."""
    await call.until(lambda: len(call.sim.sessions) == 2, "for another session")
    await call.until(lambda: call.session.sent("session.updated"), "for it to be ready")


def order(session):
    """What was put into the conversation and asked of it, in order, in words."""
    told = []
    for event in session.client_events:
        if event.type == "response.create":
            told.append("ask")
        elif event.type == "conversation.item.create":
            told.append(event.item.output or event.item.words or event.item.type)
    return told


def answered_once(call, *, carried):
    """Check the books of the second session: each call has one answer, also those `carried` over.

    Returns the results that were told in messages.
    """
    first, second = call.sim.sessions
    answers = Counter(call_id for call_id, output in outputs(second) if output != STILL_RUNNING)
    told = [words for words in in_between(call) if words.startswith("Result of the earlier call")]
    assert all(count == 1 for count in answers.values())
    assert answers.keys() >= set(made(second))
    assert len(told) + len(answers.keys() & set(made(first))) == carried
    assert not call.seen(ErrorFrame)
    return told


@pytest.mark.parametrize("lasts", [False, True])
async def test_a_result_that_comes_in_the_next_session_is_told_there_and_asked_about_once(speaker, lasts):
    ready = asyncio.Event()
    look = gives("rain", after=ready)
    async with bot(scenario("look"), speaker, look=lasting(look) if lasts else look) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.session.drop()
        await next_session(call)
        assert "ask" not in order(call.session)
        ready.set()
        await call.bot_has_spoken()
    result = "Result of the earlier call of look: rain"
    assert answered_once(call, carried=1) == [result]
    assert order(call.session)[-2:] == [result, "ask"]


async def test_a_result_that_comes_while_there_is_no_connection_is_told_to_the_next_session(speaker):
    ready = asyncio.Event()
    fault = "slow-handshake 500ms at connect 2"
    async with bot(scenario("look"), speaker, fault, look=gives("rain", after=ready)) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.session.drop()
        await call.until(lambda: call.sim.faults.fired, "for the client to come again")
        ready.set()
        await next_session(call)
        await call.bot_has_spoken()
    assert answered_once(call, carried=1) == ["Result of the earlier call of look: rain"]


async def test_a_group_that_the_loss_divides_is_spoken_about_once_it_is_complete(speaker):
    ready = {name: asyncio.Event() for name in ("look", "note")}
    handlers = {name: gives(name.upper(), after=after) for name, after in ready.items()}
    async with bot(scenario("look", "note"), speaker, **handlers) as call:
        await ask(call)
        await both_run(call)
        ready["look"].set()
        await call.until(lambda: outputs(call.session), "for the first output")
        await call.session.drop()
        await next_session(call)
        assert "ask" not in order(call.session)
        ready["note"].set()
        await call.bot_has_spoken()
    assert answered_once(call, carried=2) == ["Result of the earlier call of note: NOTE"]
    told = order(call.session)
    assert told.index("LOOK") < told.index("Result of the earlier call of note: NOTE") < told.index("ask")


@pytest.mark.parametrize(
    "fault",
    [
        "drop at conversation.item.create 2",  # the output, taken or not
        "drop at response.create 2",  # the wish for the answer
        "drop at response.created 2",  # the answer
    ],
)
async def test_an_output_that_went_out_before_the_loss_is_told_once_more_with_its_call(speaker, fault):
    runs = []
    async with bot(scenario("look"), speaker, fault, look=noting(runs)) as call:
        await ask(call)
        await call.bot_has_spoken()
    assert answered_once(call, carried=1) == []
    assert [call_id for call_id, _ in outputs(call.session)] == runs
    assert order(call.session).count("ask") == 1


@pytest.mark.parametrize(
    "fault", ["drop at response.function_call_arguments.done", "drop at response.created"]
)
async def test_a_call_that_was_not_made_to_its_end_is_not_run_and_the_question_is_asked_again(speaker, fault):
    runs = []
    async with bot(scenario("look"), speaker, fault, look=noting(runs)) as call:
        await ask(call)
        await call.bot_has_spoken()
    assert answered_once(call, carried=0) == []
    assert runs == made(call.session)


async def test_an_answer_that_is_lost_when_it_has_begun_to_call_a_tool_is_asked_to_go_on(speaker):
    runs = []
    turns = scenario("look")
    turns["turns"][0]["say"] = "Let me look."
    async with bot(
        turns, speaker, "drop at response.function_call_arguments.done", look=noting(runs)
    ) as call:
        await ask(call)
        await call.until(lambda: len(call.said) == 3, "for more")
        said = [words for _, words in call.said]
        assert said == [QUESTION, "Let me look.", "Anything else?"]  # a model would call now
    assert order(call.session) == [QUESTION, "Let me look.", "ask"]
    assert runs == made(call.session)
    assert not call.seen(ErrorFrame)


async def test_a_call_that_an_interruption_cancels_after_the_loss_is_answered_without_a_word(speaker):
    async with bot(scenario("look"), speaker, look=hangs) as call:
        await ask(call)
        await call.until(lambda: call.seen(FunctionCallInProgressFrame), "for the call")
        await call.session.drop()
        await next_session(call)
        await call.queue(InterruptionFrame())
        await call.until(lambda: "CANCELLED" in str(in_between(call)), "for the message")
    assert answered_once(call, carried=1) == ["Result of the earlier call of look: CANCELLED"]
    assert "ask" not in order(call.session)
