"""Transcripts that come late, twice, empty, out of order, never: in order in the context, each turn once."""

import pytest
from pipecat.frames.frames import ErrorFrame, InterruptionFrame, LLMMessagesAppendFrame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameDirection

from pipecat_voicelive import InputAudioTranscription, SessionProperties, VoiceLiveLLMSettings

from .harness import calling
from .test_tools import WEATHER, get_weather

COMPLETED = "conversation.item.input_audio_transcription.completed"
DIALOGUE = {
    "turns": [
        {"user": "How are you today?", "say": "Very well, thank you."},
        {"user": "And what do you do?", "say": "I answer questions."},
    ]
}
WRITTEN = [
    ("user", "How are you today?"),
    ("assistant", "Very well, thank you."),
    ("user", "And what do you do?"),
    ("assistant", "I answer questions."),
]


def transcripts(call):
    frames = call.pushed_by_service(TranscriptionFrame, direction=FrameDirection.UPSTREAM)
    return [frame.text for frame in frames]


async def both_turns(call):
    for number, turn in enumerate(DIALOGUE["turns"], 1):
        await call.say(turn["user"])
        await call.bot_has_spoken(number)


def nothing_was_sent_back(call):
    """The service heard the turns: it is told nothing of them, and answers them unasked."""
    return not (call.session.received("conversation.item.create") + call.session.received("response.create"))


@pytest.mark.parametrize(
    "fault",
    [
        "transcribe-late 400ms at every turn",
        "transcribe-late 700ms at turn 1",
        f"duplicate 3 at every {COMPLETED}",
        "delay 600ms at every conversation.item.input_audio_transcription.*",
    ],
)
async def test_transcripts_that_come_late_or_more_than_once_are_written_once_and_before_the_answer(
    speaker, fault
):
    async with calling(DIALOGUE, speaker, greet=False, sim_options={"faults": [fault]}) as call:
        await both_turns(call)
        await call.until(lambda: len(call.said) >= 4, "for the context")
        assert call.said == WRITTEN
        assert transcripts(call) == [turn["user"] for turn in DIALOGUE["turns"]]
        assert nothing_was_sent_back(call)
    assert not call.seen(ErrorFrame)


@pytest.mark.parametrize("outcome", ["empty", "never", "fail"])
async def test_a_turn_without_a_transcript_is_answered_and_disturbs_no_other(speaker, outcome):
    fault = f"transcribe {outcome} at turn 1"
    async with calling(DIALOGUE, speaker, greet=False, sim_options={"faults": [fault]}) as call:
        await both_turns(call)
        await call.until(lambda: len(call.said) >= 3, "for the context")
        assert call.said == WRITTEN[1:]
        assert transcripts(call) == ["And what do you do?"]
        assert len(call.pushed_by_service(InterruptionFrame)) == 2  # one a turn, none for nothing
        assert nothing_was_sent_back(call)
    assert len(call.seen(ErrorFrame)) == (outcome == "fail")  # a failure is told, and no more than that


async def test_a_transcript_that_comes_after_its_short_answer_is_not_sent_back_nor_answered_again(speaker):
    fault = "transcribe-late 2500ms at turn 1"
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine."}, *DIALOGUE["turns"][1:]]}
    async with calling(scenario, speaker, greet=False, sim_options={"faults": [fault]}) as call:
        await call.say("How are you today?")
        await call.bot_has_spoken()
        await call.until(lambda: transcripts(call), "for the transcript")
        await call.say("And what do you do?")
        await call.bot_has_spoken(2)
        await call.until(lambda: call.said[-1:] == WRITTEN[-1:], "for the context")
        words = " ".join(text for role, text in call.said if role == "user")
        assert words == "How are you today? And what do you do?"
        assert transcripts(call) == ["How are you today?", "And what do you do?"]
        assert nothing_was_sent_back(call)


async def test_transcripts_that_come_in_another_order_are_written_as_they_were_said(speaker):
    """The second turn is transcribed before the first, and while that one's answer is still thought of."""
    fault = "transcribe-late 900ms at turn 1"
    scenario = {
        "turns": [
            {"user": "I would like to go", "say": "Where to?", "delay_ms": 1000},
            {"user": "To Lisbon.", "say": "To Lisbon, then."},
        ],
        "otherwise": "To Lisbon, then.",
    }
    async with calling(scenario, speaker, greet=False, sim_options={"faults": [fault]}) as call:
        await call.say("I would like to go")
        await call.session.wait_for_sent("input_audio_buffer.committed")
        await call.say("To Lisbon.")
        await call.until(lambda: call.said[-1:] == [("assistant", "To Lisbon, then.")], "for the context")
        words = " ".join(text for role, text in call.said if role == "user")
        assert words == "I would like to go To Lisbon."
        assert transcripts(call) == ["I would like to go", "To Lisbon."]
        # The service could not answer the second turn itself, because it was answering the first.
        assert len(call.session.received("response.create")) == 1
    assert not call.seen(ErrorFrame)


async def test_what_is_typed_after_turns_without_transcripts_is_still_told_apart(speaker):
    """The words of a turn that was never transcribed may be typed later: they are new then."""
    scenario = {
        "turns": [
            {"user": "How are you today?", "say": "Fine."},
            {"user": "How are you today?", "say": "As I said, fine."},
        ]
    }
    fault = "transcribe never at turn 1"
    async with calling(scenario, speaker, greet=False, sim_options={"faults": [fault]}) as call:
        await call.say("How are you today?")
        await call.bot_has_spoken()
        typed = {"role": "user", "content": "How are you today?"}
        await call.queue(LLMMessagesAppendFrame([typed], run_llm=True))
        await call.bot_has_spoken(2)
        (item,) = [event.item for event in call.session.received("conversation.item.create")]
        assert item.words == "How are you today?"
        assert len(call.session.received("response.create")) == 1


async def test_a_call_in_a_turn_without_a_transcript_is_made_and_answered_once(speaker):
    """The first look at the context comes with the call's result: all that stands there is known."""

    properties = SessionProperties(
        tools=[get_weather], input_audio_transcription=InputAudioTranscription(model="azure-speech")
    )
    async with calling(
        WEATHER,
        speaker,
        greet=False,
        settings=VoiceLiveLLMSettings(model="gpt-4.1", session_properties=properties),
        sim_options={"faults": ["transcribe never at turn 1"]},
    ) as call:
        await call.say("What is the weather in Lisbon?")
        await call.until(lambda: call.said[-1:] == [("assistant", "It is 21 degrees in Lisbon.")])
        (item,) = [event.item for event in call.session.received("conversation.item.create")]
        assert item.type == "function_call_output"
        assert len(call.session.received("response.create")) == 1
        assert not call.session.sent("error")
    assert not call.seen(ErrorFrame)
