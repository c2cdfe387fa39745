"""What the new session knows when a connection is lost in a call: the conversation, and what is owed."""

import asyncio

from pipecat.frames.frames import ErrorFrame, InterruptionFrame, TTSAudioRawFrame, TTSTextFrame

from pipecat_voicelive import MemoryOptions

from .harness import calling

TALE = "Once upon a time there was a lighthouse keeper who counted ships every single evening of the year."
ASKED = {"user": "What time is it?", "call": {"name": "clock"}, "then": "Noon."}


async def another_session(call, times=1):
    """Wait until another session is ready and has been told what it is to know."""
    await call.until(
        lambda: len(call.sim.sessions) > times and call.session.sent("session.updated"), "for another session"
    )


async def lose(call):
    """Cut the connection; returns when another session goes on."""
    count = len(call.sim.sessions)
    await call.session.drop()
    await another_session(call, count)


def remembered(call):
    """The conversation of the newest session: roles and words, tools as a context has them."""
    return [
        ("assistant", [item.name])
        if item.type == "function_call"
        else ("tool", item.output)
        if item.type == "function_call_output"
        else (item.role, item.words)
        for item in call.session.conversation
    ]


def requests(call):
    return call.session.received("response.create")


def heard_text(call):
    return "".join(frame.text for frame in call.heard(TTSTextFrame)).strip()


async def test_the_new_session_has_the_conversation_and_says_nothing_of_itself(speaker):
    scenario = {
        "greeting": "Hello.",
        "turns": [{"user": "What time is it?", "say": "Noon."}, {"user": "And now?", "say": "Still noon."}],
    }
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        await call.say("What time is it?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Noon.")], "for the answer")
        await lose(call)
        await call.until(lambda: remembered(call) == call.said, "for the conversation")
        assert not requests(call)
        await call.say("And now?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Still noon.")], "for the next answer")
        assert remembered(call) == call.said
    assert not call.seen(ErrorFrame)


async def test_an_answer_cut_by_the_loss_stands_as_far_as_it_was_heard_and_is_not_repeated(speaker):
    scenario = {"greeting": TALE, "faults": ["drop at response.audio.delta 6 in session 1"]}
    async with calling(scenario, speaker, speed=1.5) as call:
        await another_session(call)
        await call.until(lambda: call.said, "for the context")
        assert 0 < len(heard_text(call)) < len(TALE)
        await call.until(lambda: remembered(call) == call.said, "for the conversation")
        assert call.said == [("assistant", heard_text(call))]
        assert not requests(call)


async def test_an_interrupted_answer_stands_as_far_as_it_was_heard(speaker):
    scenario = {"greeting": TALE, "turns": [{"user": "Stop.", "say": "Yes."}]}
    async with calling(scenario, speaker) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        await call.say("Stop.")
        await call.until(lambda: call.said[-1:] == [("assistant", "Yes.")], "for the answer")
        assert call.seen(InterruptionFrame)
        await lose(call)
        await call.until(lambda: remembered(call) == call.said, "for the conversation")
        assert 0 < len(call.said[0][1]) < len(TALE)


async def test_an_answer_that_was_owed_is_asked_for_again(speaker):
    scenario = {
        "greeting": "Hello.",
        "turns": [{"user": "What time is it?", "say": "Noon."}],
        "faults": ["drop at response.created 2 in session 1"],
    }
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        await call.say("What time is it?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Noon.")], "for the answer")
        assert len(call.sim.sessions) == 2
        assert remembered(call) == call.said
        assert call.said == [("assistant", "Hello."), ("user", "What time is it?"), ("assistant", "Noon.")]
    assert not call.seen(ErrorFrame)


async def test_calls_come_with_their_results(speaker):
    async def clock(params):
        """Tell the time."""
        await params.result_callback("12:00")

    scenario = {"greeting": "Hello.", "turns": [ASKED]}
    async with calling(scenario, speaker, tools=[clock]) as call:
        await call.bot_has_spoken()
        await call.say("What time is it?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Noon.")], "for the answer")
        before = remembered(call)
        await lose(call)
        await call.until(lambda: remembered(call) == before, "for the conversation")
        assert [role for role, _ in before] == ["assistant", "user", "assistant", "tool", "assistant"]
        assert [role for role, _ in call.said] == [role for role, _ in before]
        assert not requests(call)


async def test_a_call_that_runs_while_the_connection_is_lost_has_its_result_spoken_of_once(speaker):
    may_end = asyncio.Event()

    async def clock(params):
        """Tell the time."""
        await may_end.wait()
        await params.result_callback("12:00")

    scenario = {"greeting": "Hello.", "turns": [ASKED]}
    async with calling(scenario, speaker, tools=[clock]) as call:
        await call.bot_has_spoken()
        await call.say("What time is it?")
        await call.until(lambda: any(role == "tool" for role, _ in call.said), "for the call")
        await lose(call)
        assert not requests(call)
        may_end.set()
        await call.until(lambda: call.said[-1:] == [("assistant", "Noon.")], "for the answer")
        results = [
            words for role, words in remembered(call) if role == "system" and words.startswith("Result")
        ]
        assert len(results) == 1
        assert "12:00" in results[0]
        assert len(requests(call)) == 1
    assert not call.seen(ErrorFrame)


async def test_a_turn_in_the_middle_of_which_the_connection_is_lost_is_heard_whole(speaker):
    scenario = {"greeting": "Hello.", "turns": [{"user": "What time is it in Lisbon now?", "say": "Noon."}]}
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        talking = asyncio.create_task(call.say("What time is it in Lisbon now?"))
        await call.until(lambda: call.session.sent("input_audio_buffer.speech_started"), "for the caller")
        await lose(call)
        await talking
        await call.until(lambda: call.said[-1:] == [("assistant", "Noon.")], "for the answer")
        assert call.said == [
            ("assistant", "Hello."),
            ("user", "What time is it in Lisbon now?"),
            ("assistant", "Noon."),
        ]
        assert remembered(call) == call.said
    assert not call.seen(ErrorFrame)


async def test_beyond_the_budget_the_oldest_turns_are_left_out(speaker):
    messages = [
        {"role": role, "content": f"{role} {number} " + "x" * 200}
        for number in range(6)
        for role in ("user", "assistant")
    ]
    options = {"api_key": "key", "memory": MemoryOptions(budget_chars=1_000)}
    async with calling({}, speaker, messages=messages, greet=True, service_options=options) as call:
        await call.until(lambda: len(call.session.conversation) >= 12, "for the context")
        await call.until(lambda: call.session.sent("response.done"), "for the greeting")
        await lose(call)
        await call.until(lambda: remembered(call), "for the conversation")
        told = remembered(call)
        assert told[0][0] == "user"
        assert told[0][1].startswith("user ")
        assert any(words.startswith("assistant 5") for _, words in told)
        assert not any(words.startswith("user 0") for _, words in told)
