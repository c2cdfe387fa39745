"""Several items in one response, and interruptions in each: one answer, cut exactly where it was heard."""

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    LLMRunFrame,
    OutputAudioRawFrame,
    TTSTextFrame,
)

from pipecat_voicelive import SessionProperties, StaticInterimResponse, VoiceLiveLLMSettings

from .harness import calling
from .test_races import ONE_ANSWER
from .test_turns import BRACKETS, STORY, names

BRIDGE = "One moment, I have to think about that."


def bridged():
    """Settings with which a slow answer has two items: what bridges the wait, and what is said then."""
    interim = StaticInterimResponse(triggers=["latency"], latency_threshold_ms=100, texts=[BRIDGE])
    return VoiceLiveLLMSettings(
        model="gpt-4.1", session_properties=SessionProperties(interim_response=interim)
    )


SLOW = {"turns": [{"user": "Tell me a story.", "say": STORY, "delay_ms": 300}]}


def spoken_items(call):
    return [item for item in call.session.conversation if item.role == "assistant"]


async def test_two_items_of_a_response_are_one_answer_in_one_pair_of_brackets(speaker):
    scenario = {"turns": [{**SLOW["turns"][0], "say": "Once upon a time."}]}
    async with calling(scenario, speaker, settings=bridged(), greet=False) as call:
        await call.say("Tell me a story.")
        await call.bot_has_spoken()
        await call.until(lambda: len(call.said) == 2, "for the context")
        assert call.said[1] == ("assistant", f"{BRIDGE} Once upon a time.")
        assert [item.words for item in spoken_items(call)] == [BRIDGE, "Once upon a time."]
        assert names(call.pushed_by_service(*BRACKETS)) == ONE_ANSWER
    assert not call.seen(ErrorFrame)


@pytest.mark.parametrize("words", [3, 16], ids=["in the first", "in the second"])
async def test_an_interruption_cuts_the_item_that_was_heard_and_what_came_after_it(speaker, words):
    async with calling(SLOW, speaker, settings=bridged(), greet=False) as call:
        await call.say("Tell me a story.")
        await call.until(lambda: len(call.heard(TTSTextFrame)) >= words, "for some words")
        await call.queue(InterruptionFrame())
        await call.bot_has_spoken()
        await call.until(lambda: len(call.said) == 2, "for the context")
        heard = call.said[1][1]
        on_the_server = " ".join(call.session.heard_text(item.id) for item in spoken_items(call))
        assert abs(len(heard.split()) - len(on_the_server.split())) <= 2
        cut = [event.item_id for event in call.session.received("conversation.item.truncate")]
        gone = [event.item_id for event in call.session.received("conversation.item.delete")]
        first, *second = [item.id for item in spoken_items(call)]
        if words == 3:
            assert (cut, len(gone), second) == ([first], 1, [])
        else:
            assert (cut, gone) == (second, [])
            assert call.session.heard_text(first) == BRIDGE
        assert not call.session.sent("error")
    assert not call.seen(ErrorFrame)


async def test_an_answer_that_waits_behind_other_sound_is_taken_out_when_it_is_interrupted(speaker):
    """A jingle of the application's is still playing: nothing of the answer was heard."""
    async with calling({"greeting": "Hello there, my friend."}, speaker, greet=False) as call:
        jingle = OutputAudioRawFrame(bytes(2 * 24000 * 3), 24000, 1)
        await call.queue(jingle, LLMRunFrame())
        (created,) = await call.session.wait_for_sent("response.output_item.added")
        await call.session.wait_for_sent("response.done")
        await call.queue(InterruptionFrame())
        (deleted,) = await call.session.wait_for_received("conversation.item.delete")
        assert deleted.item_id == created.item.id
        await call.session.wait_for_sent("conversation.item.deleted")
        assert not call.session.received("conversation.item.truncate")
        assert spoken_items(call) == []
        assert not call.heard(TTSTextFrame)
        await call.queue(LLMRunFrame())
        await call.until(lambda: call.heard(TTSTextFrame), "for the bot")
    assert not call.seen(ErrorFrame)


async def test_an_answer_that_stalls_on_its_way_is_cut_by_what_was_heard_and_not_by_the_time(speaker):
    stall = {"faults": ["go-silent for 2s at response.audio.delta 8"]}
    async with calling({"greeting": STORY}, speaker, speed=2.0, sim_options=stall) as call:
        await call.session.wait_for_fault()
        await call.until(lambda: len(call.session.sent("response.audio.delta")) > 16, "for the rest")
        before = len(call.heard(TTSTextFrame))
        await call.until(lambda: len(call.heard(TTSTextFrame)) > before + 4, "for some words")
        await call.queue(InterruptionFrame())
        await call.until(lambda: call.said, "for the context")
        (cut,) = await call.session.wait_for_received("conversation.item.truncate")
        await call.session.wait_for_sent("conversation.item.truncated")
        on_the_server = call.session.heard_text(cut.item_id)
        assert abs(len(call.said[0][1].split()) - len(on_the_server.split())) <= 2
    assert not call.seen(ErrorFrame)
