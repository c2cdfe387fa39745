"""`TTSSpeakFrame`: said word for word, once, in its turn, by one voice."""

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    ErrorFrame,
    FunctionCallResultProperties,
    InterruptionFrame,
    LLMConfigureOutputFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSTextFrame,
)

from pipecat_voicelive import (
    Animation,
    SessionProperties,
    VoiceLiveClient,
    VoiceLiveLLMSettings,
    VoiceLiveVisemeFrame,
    VoiceLiveWordFrame,
)
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.simulator import VoiceLiveSimulator

from .harness import calling

CAPITAL = {"turns": [{"user": "What is the capital of Portugal?", "say": "Lisbon, on the river Tagus."}]}
STORY = "Once upon a time there was a lighthouse keeper who counted ships and wrote their names down."


def asking(text):
    return LLMMessagesAppendFrame(messages=[{"role": "user", "content": text}], run_llm=True)


def in_conversation(call, role="assistant"):
    return [item.words for item in call.session.conversation if item.role == role]


@pytest.mark.proves("feature.speak", "response.create.pre_generated_assistant_message")
async def test_a_greeting_is_spoken_word_for_word_and_is_once_in_the_context_and_the_conversation(speaker):
    async with calling(CAPITAL, speaker, greet=False) as call:
        await call.queue(TTSSpeakFrame("Welcome to the museum, dear guest."))
        await call.bot_has_spoken()
        await call.queue(asking("What is the capital of Portugal?"))
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 3, "for the context")
        assert call.said == [
            ("assistant", "Welcome to the museum, dear guest."),
            ("user", "What is the capital of Portugal?"),
            ("assistant", "Lisbon, on the river Tagus."),
        ]
        assert in_conversation(call) == [
            "Welcome to the museum, dear guest.",
            "Lisbon, on the river Tagus.",
        ]
        assert not call.heard(TTSSpeakFrame)
    assert not call.seen(ErrorFrame)


async def test_what_is_spoken_before_the_session_is_ready_is_spoken_when_it_is(speaker):
    async with calling({}, speaker, greet=False, await_ready=False) as call:
        await call.queue(TTSSpeakFrame("Good morning."))
        await call.bot_has_spoken()
        await call.until(lambda: call.said, "for the context")
        assert call.said == [("assistant", "Good morning.")]


async def test_words_and_visemes_come_with_what_is_spoken(speaker):
    properties = SessionProperties(
        output_audio_timestamp_types=["word"],
        animation=Animation(outputs=["viseme_id"]),
        input_audio_transcription=None,
    )
    settings = VoiceLiveLLMSettings(session_properties=properties)
    async with calling({}, speaker, greet=False, settings=settings) as call:
        await call.queue(TTSSpeakFrame("Mind the gap."))
        await call.bot_has_spoken()
        assert [frame.text for frame in call.heard(VoiceLiveWordFrame)] == ["Mind", "the", "gap"]
        assert len(call.heard(VoiceLiveVisemeFrame)) > 3


async def test_what_is_spoken_during_an_answer_follows_it_in_order(speaker):
    async with calling(CAPITAL, speaker, greet=False) as call:
        await call.queue(asking("What is the capital of Portugal?"))
        await call.until(lambda: call.heard(TTSTextFrame), "for the answer to begin")
        await call.queue(TTSSpeakFrame("One."), TTSSpeakFrame("Two."), TTSSpeakFrame(" "))
        await call.bot_has_spoken(3)
        await call.until(lambda: len(call.said) == 4, "for the context")
        assert [text for _, text in call.said[1:]] == ["Lisbon, on the river Tagus.", "One.", "Two."]
        assert len(call.session.received("response.create")) == 3


async def test_an_interruption_cuts_what_is_spoken_and_drops_what_waits(speaker):
    async with calling({}, speaker, greet=False, speed=1.0) as call:
        await call.queue(TTSSpeakFrame(STORY), TTSSpeakFrame("The end."))
        await call.until(lambda: len(call.heard(TTSTextFrame)) > 2, "for some words")
        await call.queue(InterruptionFrame())
        await call.bot_has_spoken()
        await call.until(lambda: call.said, "for the context")
        ((_, said),) = call.said
        assert STORY.startswith(said)
        assert len(said) < len(STORY)
        assert len(call.session.received("response.create")) == 1
        await call.queue(TTSSpeakFrame("Yes?"))
        await call.until(lambda: call.said[-1] == ("assistant", "Yes?"), "for the next words")


async def test_a_goodbye_is_heard_before_the_call_ends(speaker):
    async with calling({}, speaker, greet=False) as call:
        await call.queue(TTSSpeakFrame("Goodbye, and thank you."), EndFrame())
        await call.bot_has_spoken()
        await call.until(lambda: call.said == [("assistant", "Goodbye, and thank you.")], "for the context")


async def test_words_kept_from_the_context_are_spoken_and_not_written(speaker):
    async with calling(CAPITAL, speaker, greet=False) as call:
        await call.queue(TTSSpeakFrame("Just a moment.", append_to_context=False))
        await call.bot_has_spoken()
        assert not call.seen(LLMFullResponseStartFrame, LLMTextFrame)
        assert [frame.append_to_context for frame in call.heard(TTSStartedFrame)] == [False]
        await call.queue(asking("What is the capital of Portugal?"))
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 2, "for the context")
        assert call.said[1] == ("assistant", "Lisbon, on the river Tagus.")
        assert in_conversation(call)[0] == "Just a moment."  # Voice Live keeps what it says


async def test_the_model_still_answers_after_a_greeting_of_given_words(speaker):
    async with calling({"greeting": "How may I help?"}, speaker, greet=False) as call:
        await call.queue(TTSSpeakFrame("This call is recorded."), LLMRunFrame())
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 2, "for the context")
        assert call.said[0] == ("assistant", "This call is recorded.")


async def test_a_tool_may_speak_through_the_service_while_it_runs_and_its_result_is_spoken_of(speaker):
    scenario = {
        "turns": [
            {
                "user": "What is the weather in Oslo?",
                "call": {"name": "get_weather", "arguments": {"city": "Oslo"}},
                "then": "It is {result} degrees.",
            }
        ]
    }

    async def get_weather(params, city: str):
        """Weather.

        Args:
            city: The city.
        """
        await params.llm.push_frame(TTSSpeakFrame("Let me look."))
        await params.result_callback(7, properties=FunctionCallResultProperties())

    async with calling(scenario, speaker, greet=False, tools=[get_weather]) as call:
        await call.queue(asking("What is the weather in Oslo?"))
        await call.until(lambda: ("assistant", "It is 7 degrees.") in call.said, "for the answer")
        texts = [text for role, text in call.said if role == "assistant" and isinstance(text, str)]
        assert texts == ["Let me look.", "It is 7 degrees."]
        assert not call.heard(TTSSpeakFrame)


async def test_given_words_are_heard_though_answers_are_silent(speaker):
    async with calling(CAPITAL, speaker, greet=False) as call:
        await call.queue(LLMConfigureOutputFrame(skip_tts=True), TTSSpeakFrame("Typing only from now on."))
        await call.bot_has_spoken()
        assert call.heard(TTSAudioRawFrame)
        await call.until(lambda: call.said == [("assistant", "Typing only from now on.")], "for the context")


async def test_a_text_session_leaves_the_words_to_the_speech_service_behind_it(speaker):
    properties = SessionProperties(modalities=["text"], input_audio_transcription=None)
    settings = VoiceLiveLLMSettings(session_properties=properties)
    async with calling({}, speaker, greet=False, settings=settings) as call:
        await call.queue(TTSSpeakFrame("Welcome."), TTSSpeakFrame("Psst.", append_to_context=False))
        await call.until(lambda: len(call.heard(TTSSpeakFrame)) == 2, "for the frames to pass")
        await call.until(lambda: in_conversation(call) == ["Welcome."], "for the model to know")
        assert not call.session.received("response.create")


async def test_a_text_type_of_its_own_is_on_every_word(speaker):
    async with calling({}, speaker, greet=False) as call:
        await call.queue(TTSSpeakFrame("Terms apply.", text_type="disclosure"))
        await call.bot_has_spoken()
        assert {frame.text_type for frame in call.heard(AggregatedTextFrame)} == {"disclosure"}


async def test_without_pipecat_a_client_says_given_words(speaker):
    async with (
        VoiceLiveSimulator({}, speech=speaker, speed=50) as sim,
        VoiceLiveClient(endpoint=sim.endpoint, api_key="key", model="gpt-realtime") as client,
    ):
        client.speak("Good evening.")
        said = ""
        async for signal in client:
            match signal:
                case fx.ResponseOpened(speech=speech):
                    assert speech.text == "Good evening."
                case fx.SpokenText(text=text):
                    said += text
                case fx.ResponseFinished():
                    break
        assert said == "Good evening."


async def test_what_waits_to_be_said_is_said_in_the_conversation_that_begins_anew(speaker):
    async with calling(CAPITAL, speaker, greet=False, speed=1.0) as call:
        await call.queue(asking("What is the capital of Portugal?"))
        await call.bot_has_spoken()
        await call.queue(TTSSpeakFrame(STORY), TTSSpeakFrame("Goodbye."), TTSSpeakFrame("Farewell."))
        await call.until(lambda: len(call.pushed_by_service(TTSStartedFrame)) == 2, "for the story")
        await call.service.reset_conversation()
        await call.until(lambda: len(call.pushed_by_service(TTSStartedFrame)) == 4, "for both")
        await call.until(lambda: in_conversation(call)[-2:] == ["Goodbye.", "Farewell."], "for the words")
        assert len(call.sim.sessions) == 2
        assert STORY not in in_conversation(call)
