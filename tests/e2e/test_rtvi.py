"""What a browser is told of a call: Pipecat's own RTVI observer, its messages in order."""

from pipecat.frames.frames import OutputTransportMessageUrgentFrame

from .harness import calling
from .test_tools import WEATHER, get_weather


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
