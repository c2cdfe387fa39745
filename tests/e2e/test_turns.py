"""Turns of a call: greeting, spoken, typed, told, interrupted, ended. Real aggregators, real time."""

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    ErrorFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    MetricsFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData
from pipecat.processors.frame_processor import FrameDirection

from pipecat_voicelive import (
    SessionProperties,
    TurnDetection,
    VoiceLiveLLMSettings,
    VoiceLiveWordFrame,
)

from .harness import calling

BRACKETS = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, TTSStartedFrame, TTSStoppedFrame)
STORY = (
    "Once upon a time there was a lighthouse keeper who counted ships. Every evening he wrote "
    "down their names in a long book, and every morning he read the book aloud to the gulls."
)


def names(frames):
    return [type(frame).__name__ for frame in frames]


@pytest.mark.proves(
    "feature.pipecat-service",
    "response.create",
    "response.created",
    "response.done",
    "response.audio.delta",
    "response.audio_transcript.delta",
    "session.updated",
)
async def test_the_greeting_is_spoken_once_and_written_down_in_one_pair_of_brackets(speaker):
    async with calling({"greeting": "Hello there, friend."}, speaker) as call:
        await call.bot_has_spoken()
        await call.until(lambda: call.said, "for the context")
        assert call.said == [("assistant", "Hello there, friend.")]
        assert names(call.pushed_by_service(*BRACKETS)) == [
            "LLMFullResponseStartFrame",
            "TTSStartedFrame",
            "TTSStoppedFrame",
            "LLMFullResponseEndFrame",
        ]
        spoken = call.heard(TTSTextFrame)
        assert "".join(frame.text for frame in spoken) == "Hello there, friend."
    assert not call.seen(ErrorFrame)


@pytest.mark.proves(
    "feature.turn-detection",
    "feature.transcription",
    "input_audio_buffer.append",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "conversation.item.input_audio_transcription.completed",
)
async def test_a_spoken_turn_is_proposed_transcribed_answered_and_written_in_order(speaker):
    scenario = {
        "turns": [
            {"user": "How are you today?", "say": "Very well, thank you."},
            {"user": "And what do you do?", "say": "I answer questions."},
        ]
    }
    async with calling(scenario, speaker, greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(1)
        await call.say("How are you today?")
        await call.bot_has_spoken(2)
        await call.say("And what do you do?")
        await call.bot_has_spoken(3)
        await call.until(lambda: len(call.said) == 5, "for the context")
        assert call.said[1:] == [
            ("user", "How are you today?"),
            ("assistant", "Very well, thank you."),
            ("user", "And what do you do?"),
            ("assistant", "I answer questions."),
        ]
        proposed = call.pushed_by_service(ProposedUserStartedSpeakingFrame, ProposedUserStoppedSpeakingFrame)
        assert names(proposed) == 2 * ["ProposedUserStartedSpeakingFrame", "ProposedUserStoppedSpeakingFrame"]
        assert len({frame.id for frame in call.seen(UserStartedSpeakingFrame)}) == 4  # two broadcasts
        up = call.pushed_by_service(
            TranscriptionFrame, InterimTranscriptionFrame, direction=FrameDirection.UPSTREAM
        )
        assert [frame.text for frame in up if isinstance(frame, TranscriptionFrame)] == [
            "How are you today?",
            "And what do you do?",
        ]
        # The service heard the turns itself: nothing of them was sent back to it, nor asked for.
        assert not call.session.received("conversation.item.create")
        assert len(call.session.received("response.create")) == 1


@pytest.mark.proves("feature.usage")
async def test_a_turn_is_measured_from_its_end_to_the_first_audio_and_its_tokens_are_counted(speaker):
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine.", "delay_ms": 200}]}
    async with calling(scenario, speaker, greet=False) as call:
        await call.say("How are you today?")
        await call.bot_has_spoken()
        data = [item for frame in call.pushed_by_service(MetricsFrame) for item in frame.data]
        (ttfb,) = [item.value for item in data if isinstance(item, TTFBMetricsData) and item.value]
        assert 0.2 <= ttfb < 2
        (usage,) = [item.value for item in data if isinstance(item, LLMUsageMetricsData)]
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
        assert usage.output_audio_tokens > 0


@pytest.mark.proves(
    "feature.text-in",
    "conversation.item.create",
    "conversation.item.created",
    "item=message",
    "content=input_text",
)
async def test_typed_text_is_sent_once_and_answered_and_stays_in_place(speaker):
    scenario = {"greeting": "Hello.", "turns": [{"user": "What is two plus two?", "say": "Four."}]}
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        message = {"role": "user", "content": "What is two plus two?"}
        await call.queue(LLMMessagesAppendFrame([message], run_llm=True))
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said == [
            ("assistant", "Hello."),
            ("user", "What is two plus two?"),
            ("assistant", "Four."),
        ]
        (item,) = [event.item for event in call.session.received("conversation.item.create")]
        assert (item.role, item.words) == ("user", "What is two plus two?")
        assert len(call.session.received("response.create")) == 2


async def test_a_developer_message_is_known_without_an_answer_and_answered_when_asked(speaker):
    scenario = {
        "turns": [
            {"user": "Who am I?", "say": "You are a gold customer."},
            {"user": "Say goodbye.", "say": "Goodbye."},
        ]
    }
    async with calling(scenario, speaker, greet=False, messages=[]) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        told = {"role": "developer", "content": "The caller is a gold customer."}
        await call.queue(LLMMessagesAppendFrame([told], run_llm=False))
        await call.say("Who am I?")
        await call.bot_has_spoken(2)
        items = [event.item for event in call.session.received("conversation.item.create")]
        assert [(item.role, item.words) for item in items] == [("system", told["content"])]
        roles = [item.role for item in call.session.conversation]
        assert roles.index("system") < len(roles) - 2  # before the spoken turn and its answer
        assert len(call.session.received("response.create")) == 1
        again = {"role": "developer", "content": "Say goodbye."}
        await call.queue(LLMMessagesAppendFrame([again], run_llm=True))
        await call.bot_has_spoken(3)
        assert len(call.session.received("response.create")) == 2


async def test_running_the_model_again_with_nothing_new_has_it_speak_again(speaker):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)
        assert len(call.session.received("response.create")) == 2


@pytest.mark.proves(
    "feature.barge-in",
    "feature.heard-truncation",
    "conversation.item.truncate",
    "response.cancel",
    "conversation.item.truncated",
)
@pytest.mark.quiet
async def test_an_interruption_stops_the_bot_and_keeps_only_what_was_heard(speaker):
    scenario = {
        "turns": [
            {"user": "Tell me a story.", "say": STORY},
            {"user": "Stop, that is enough.", "say": "As you like."},
        ]
    }
    async with calling(scenario, speaker, greet=False) as call:
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        await call.say("Tell me a story.")
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) > 16, "for some words")
        await call.say("Stop, that is enough.")
        await call.bot_has_spoken(3)
        await call.until(lambda: len(call.said) == 5, "for the context")
        heard = call.said[2][1]
        assert STORY.startswith(heard)
        assert 3 < len(heard.split()) < len(STORY.split()) - 8
        assert call.said[3:] == [("user", "Stop, that is enough."), ("assistant", "As you like.")]

        # The wire was cut to the same place, within a word and a chunk.
        (cut,) = call.session.received("conversation.item.truncate")
        on_the_server = call.session.heard_text(cut.item_id)
        assert abs(len(on_the_server.split()) - len(heard.split())) <= 2
        assert not call.session.sent("error")

        # Nothing of the story came out after the interruption.
        pushes = call.watcher.pushes
        story = list(dict.fromkeys(word.response_id for word in call.heard(VoiceLiveWordFrame)))[1]
        stop = max(
            i
            for i, p in enumerate(pushes)
            if isinstance(p.frame, InterruptionFrame) and p.source is call.service
        )
        assert not [
            push
            for push in pushes[stop:]
            if push.source is call.service and getattr(push.frame, "response_id", None) == story
        ]
        assert names(call.pushed_by_service(*BRACKETS)) == 3 * [
            "LLMFullResponseStartFrame",
            "TTSStartedFrame",
            "TTSStoppedFrame",
            "LLMFullResponseEndFrame",
        ]


async def test_nothing_is_truncated_when_the_caller_speaks_after_the_bot_has_finished(speaker):
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine."}]}
    async with calling(scenario, speaker) as call:
        await call.bot_has_spoken()
        await call.say("How are you today?")
        await call.bot_has_spoken(2)
        assert not call.session.received("conversation.item.truncate")
        assert not call.session.received("conversation.item.delete")
        assert not call.session.received("response.cancel")


@pytest.mark.quiet
async def test_a_bot_that_must_not_be_interrupted_goes_on(speaker):
    settings = VoiceLiveLLMSettings(
        session_properties=SessionProperties(
            turn_detection=TurnDetection(type="server_vad", interrupt_response=False, create_response=False),
            input_audio_transcription=None,
        )
    )
    async with calling({"greeting": STORY}, speaker, settings=settings) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        await call.say("Stop, that is enough.")
        await call.bot_has_spoken()
        assert not call.seen(InterruptionFrame)
        assert not call.session.received("conversation.item.truncate")
        assert not call.session.received("response.cancel")
        assert "".join(frame.text for frame in call.heard(TTSTextFrame)) == STORY


async def test_the_end_waits_for_the_answer_and_all_of_it_is_played(speaker):
    goodbye = "Goodbye, it was a pleasure to talk to you."
    async with calling({"greeting": goodbye}, speaker, speed=2.0) as call:
        await call.until(lambda: call.session.sent("response.created"), "for the answer to begin")
        await call.queue(EndFrame())
        await call.until(lambda: call.worker.has_finished(), "for the end")
        assert "".join(frame.text for frame in call.heard(TTSTextFrame)) == goodbye
        assert names(call.pushed_by_service(*BRACKETS, EndFrame))[-3:] == [
            "TTSStoppedFrame",
            "LLMFullResponseEndFrame",
            "EndFrame",
        ]
        assert call.heard(BotStoppedSpeakingFrame)
        assert call.said == [("assistant", goodbye)]


async def test_a_cancel_ends_at_once(speaker):
    async with calling({"greeting": STORY}, speaker) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        await call.queue(CancelFrame())
        await call.until(lambda: call.worker.has_finished(), "for the end")
        assert len(call.heard(VoiceLiveWordFrame)) < len(STORY.split())


async def test_a_paused_input_sends_nothing_and_does_not_catch_up(speaker):
    scenario = {"turns": [{"user": "Second.", "say": "I hear you."}]}
    async with calling(scenario, speaker, greet=False) as call:
        await call.until(lambda: call.session.received("input_audio_buffer.append"), "for audio")
        call.service.set_audio_input_paused(True)
        before = len(call.session.received("input_audio_buffer.append"))
        await call.say("First, which nobody hears.")
        assert len(call.session.received("input_audio_buffer.append")) <= before + 2
        call.service.set_audio_input_paused(False)
        await call.say("Second.")
        await call.bot_has_spoken()
        assert len(call.session.sent("input_audio_buffer.speech_started")) == 1
