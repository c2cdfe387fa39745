"""What the new session knows when a connection is lost in a call: the conversation, and what is owed."""

import asyncio

from pipecat.frames.frames import ErrorFrame, TTSTextFrame

from .harness import calling

TALE = "Once upon a time there was a lighthouse keeper who counted ships every single evening of the year."


async def reconnected(call, times=1):
    """Wait until another session is ready and has what it was told."""
    await call.until(
        lambda: len(call.sim.sessions) > times and call.session.sent("session.updated"), "for another session"
    )


def remembered(call):
    """The conversation of the newest session: roles or types, and words."""
    return [
        (item.role or item.type, item.words or item.output or item.name) for item in call.session.conversation
    ]


def requests(session):
    return session.received("response.create")


async def test_the_new_session_has_the_conversation_and_says_nothing_of_itself(speaker):
    scenario = {
        "greeting": "Hello.",
        "turns": [{"user": "What time is it?", "say": "Noon."}, {"user": "And now?", "say": "Still noon."}],
    }
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        await call.say("What time is it?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Noon.")], "for the answer")
        call.session.inject("drop")
        await reconnected(call)
        await call.until(lambda: len(call.session.conversation) >= 3, "for the conversation")
        assert remembered(call) == call.said
        assert not requests(call.session)
        await call.say("And now?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Still noon.")], "for the next answer")
        assert remembered(call) == call.said
    assert not call.seen(ErrorFrame)


async def test_an_answer_cut_by_the_drop_stands_as_far_as_it_was_heard_and_is_not_repeated(speaker):
    scenario = {"greeting": TALE, "faults": ["drop at response.audio.delta 6 in session 1"]}
    async with calling(scenario, speaker, speed=1.5) as call:
        await reconnected(call)
        await call.until(lambda: call.session.conversation, "for the conversation")
        await call.until(lambda: call.said[-1:], "for the context")
        await asyncio.sleep(1.0)
        heard = "".join(frame.text for frame in call.heard(TTSTextFrame))
        assert 0 < len(heard) < len(TALE)
        assert [words for _, words in remembered(call)] == [heard.strip()]
        assert call.said == [("assistant", heard.strip())]
        assert not requests(call.session)


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
