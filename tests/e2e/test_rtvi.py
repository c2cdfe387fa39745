"""What a browser is told of a call: Pipecat's own RTVI observer, its messages in order."""

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TTSStartedFrame,
)

from pipecat_voicelive import VoiceLiveWordFrame

from .harness import calling
from .test_tools import WEATHER, get_weather
from .test_turns import STORY


def told(call):
    """The RTVI messages, in order: their types."""
    return [frame.message["type"] for frame in call.seen(OutputTransportMessageUrgentFrame)]


def only(types, *wanted):
    return [name for name in types if name in wanted]


async def test_a_spoken_turn_with_a_tool_is_told_whole_and_in_order(speaker):
    async with calling(WEATHER, speaker, tools=[get_weather], enable_rtvi=True) as call:
        await call.bot_has_spoken()
        await call.until(lambda: "bot-stopped-speaking" in told(call), "for the messages")
        greeting = len(told(call))
        await call.say("What is the weather in Lisbon?")
        await call.bot_has_spoken(2)
        await call.until(lambda: "bot-stopped-speaking" in told(call)[greeting:], "for the messages")
        types = told(call)[greeting:]
        user = only(types, "user-started-speaking", "user-stopped-speaking", "user-transcription")
        assert user[0] == "user-started-speaking"
        assert sorted(user[1:]) == ["user-stopped-speaking", "user-transcription"]
        # Two responses, one that calls the tool and one that speaks: each one pair of brackets.
        assert only(types, "bot-llm-started", "bot-llm-stopped") == 2 * ["bot-llm-started", "bot-llm-stopped"]
        assert only(types, "bot-tts-started", "bot-tts-stopped") == ["bot-tts-started", "bot-tts-stopped"]
        assert only(types, "bot-started-speaking", "bot-stopped-speaking") == [
            "bot-started-speaking",
            "bot-stopped-speaking",
        ]
        assert any(name.startswith("llm-function-call") for name in types)
        messages = [frame.message for frame in call.seen(OutputTransportMessageUrgentFrame)][greeting:]
        for kind in ("bot-llm-text", "bot-tts-text"):
            text = "".join(m["data"]["text"] for m in messages if m["type"] == kind)
            assert text == "It is 21 degrees in Lisbon.", kind


@pytest.mark.parametrize("aloud", [True, False])
async def test_typed_text_stops_the_bot_and_is_answered_aloud_or_in_silence(speaker, aloud):
    scenario = {"greeting": STORY, "turns": [{"user": "What is two plus two?", "say": "Four."}]}
    async with calling(scenario, speaker, enable_rtvi=True) as call:
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) > 4, "for some words")
        options = {"run_immediately": True, "audio_response": aloud}
        data = {"content": "What is two plus two?", "options": options}
        message = {"label": "rtvi-ai", "type": "send-text", "id": "1", "data": data}
        await call.queue(InputTransportMessageFrame(message=message))
        await call.until(lambda: call.said[-1:] == [("assistant", "Four.")], "for the answer")
        (_, heard), question, _ = call.said
        assert STORY.startswith(heard)
        assert len(heard.split()) < len(STORY.split()) / 2
        assert question == ("user", "What is two plus two?")
        assert len(call.pushed_by_service(TTSStartedFrame)) == 1 + aloud
        assert len(call.session.received("conversation.item.truncate")) == 1
        assert not call.session.sent("error")
    assert not call.seen(ErrorFrame)
