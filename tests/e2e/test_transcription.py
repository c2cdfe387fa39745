"""What the caller said: every model and option, and what comes with the transcript when it is asked for."""

import math

import numpy as np
import pytest
from pipecat.frames.frames import TranscriptionFrame
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transcriptions.language import Language

from pipecat_voicelive import (
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    VoiceLiveClient,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

from .harness import calling

LOGPROBS = "item.input_audio_transcription.logprobs"
PHRASES = "item.input_audio_transcription.phrases"


def settings(model="gpt-4.1", transcription="azure-speech", **options):
    return VoiceLiveLLMSettings(
        model=model,
        session_properties=SessionProperties(
            voice=AzureStandardVoice(name="en-US-AvaNeural"),
            input_audio_transcription=InputAudioTranscription(model=transcription),
            **options,
        ),
    )


@pytest.mark.proves(
    "session.include",
    "session.input_audio_transcription",
    f"include={LOGPROBS}",
    f"include={PHRASES}",
    "conversation.item.input_audio_transcription.completed",
    "feature.transcript-logprobs",
    "feature.transcript-phrases",
)
@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-realtime"])
async def test_a_transcription_frame_tells_where_the_words_are_and_how_sure_they_are(speaker, model):
    line = "Can I have the window seat? The one at the front."
    scenario = {"turns": [{"user": line, "say": "Of course.", "confidence": 0.8}]}
    options = settings(model, include=[LOGPROBS, PHRASES])
    async with calling(scenario, speaker, settings=options, greet=False) as call:
        speech = await call.say(line)
        await call.bot_has_spoken()
        (frame,) = call.pushed_by_service(TranscriptionFrame, direction=FrameDirection.UPSTREAM)
        assert frame.text == line
        assert frame.language == Language.EN_US
        assert "".join(token.token for token in frame.result.logprobs) == line
        assert all(round(math.exp(token.logprob), 3) == 0.8 for token in frame.result.logprobs)
        first, second = frame.result.phrases
        assert (first.text, second.text) == ("Can I have the window seat?", "The one at the front.")
        assert (first.locale, first.confidence) == ("en-US", 0.8)
        # Offsets count from the start of the item's audio, a little before the first sound.
        words = [*first.words, *second.words]
        sent = b"".join(event.audio for event in call.session.received("input_audio_buffer.append"))
        audible_ms = np.argmax(np.abs(np.frombuffer(sent, np.int16).astype(int)) > 200) / 16
        (started,) = call.session.sent("input_audio_buffer.speech_started")
        assert abs(started.audio_start_ms + words[0].offset_milliseconds - audible_ms) < 40
        said_ms = (speech.end_s - speech.start_s) * 1000
        last = words[-1].offset_milliseconds + words[-1].duration_milliseconds
        assert abs(last - words[0].offset_milliseconds - said_ms) < 100


@pytest.mark.proves("feature.transcript-language")
async def test_the_language_of_each_turn_is_told(speaker):
    scenario = {
        "turns": [
            {"user": "Good morning.", "say": "Hello.", "language": "en-GB"},
            {"user": "Guten Morgen.", "say": "Hallo.", "language": "de-DE"},
        ]
    }
    options = settings()
    options.session_properties.input_audio_transcription = InputAudioTranscription(
        model="azure-speech", language=[Language.EN_GB, Language.DE_DE]
    )
    async with calling(scenario, speaker, settings=options, greet=False) as call:
        for index in range(2):
            await call.say(scenario["turns"][index]["user"])
            await call.bot_has_spoken(index + 1)
        frames = call.pushed_by_service(TranscriptionFrame, direction=FrameDirection.UPSTREAM)
        assert [frame.language for frame in frames] == [Language.EN_GB, Language.DE_DE]
        (update,) = call.session.received("session.update")
        assert update.session["input_audio_transcription"]["language"] == "en-GB,de-DE"


@pytest.mark.proves("feature.pipecat-languages", "session.turn_detection.languages")
async def test_pipecats_languages_are_taken_wherever_a_language_goes():
    properties = SessionProperties(
        voice=AzureStandardVoice(
            name="en-US-AvaMultilingualNeural",
            locale=Language.DE_AT,
            prefer_locales=[Language.DE_AT, "fr-FR"],
        ),
        turn_detection=TurnDetection(
            type="azure_semantic_vad_multilingual", languages=[Language.DE, Language.EN]
        ),
        input_audio_transcription=InputAudioTranscription(
            model="azure-speech", language=Language.DE_AT, custom_speech={Language.DE_AT: "model-1"}
        ),
    )
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker()) as simulator,
        VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="k", model="gpt-4.1", session=properties
        ) as client,
    ):
        ready = await anext(signal async for signal in client if isinstance(signal, effects.SessionReady))
        assert ready.session.voice["locale"] == "de-AT"
        assert ready.session.voice["prefer_locales"] == ["de-AT", "fr-FR"]
        assert ready.session.turn_detection["languages"] == ["de", "en"]
        assert ready.session.input_audio_transcription["language"] == "de-AT"
        assert ready.session.input_audio_transcription["custom_speech"] == {"de-AT": "model-1"}


@pytest.mark.proves(
    "session.input_audio_transcription.model",
    "session.input_audio_transcription.language",
    "session.input_audio_transcription.phrase_list",
    "session.input_audio_transcription.prompt",
    "session.input_audio_transcription.custom_speech",
    "input_audio_transcription=azure-speech",
    "input_audio_transcription=mai-transcribe",
    "input_audio_transcription=mai-transcribe-1",
    "input_audio_transcription=mai-transcribe-2",
    "input_audio_transcription=whisper-1",
    "input_audio_transcription=gpt-4o-transcribe",
    "input_audio_transcription=gpt-4o-mini-transcribe",
    "input_audio_transcription=gpt-4o-transcribe-diarize",
    "conversation.item.input_audio_transcription.delta",
)
@pytest.mark.parametrize(
    ("transcription", "model"),
    [
        (InputAudioTranscription(model="azure-speech", phrase_list=["Contoso"]), "gpt-4.1"),
        (InputAudioTranscription(model="azure-speech", custom_speech={"en-US": "id"}), "gpt-4.1"),
        (InputAudioTranscription(model="azure-speech", language=""), "gpt-realtime"),
        (InputAudioTranscription(model="mai-transcribe"), "gpt-4.1"),
        (InputAudioTranscription(model="mai-transcribe-1"), "gpt-4.1"),
        (InputAudioTranscription(model="mai-transcribe-2"), "gpt-4.1"),
        (InputAudioTranscription(model="whisper-1", language=Language.EN, prompt="Names"), "gpt-realtime"),
        (InputAudioTranscription(model="gpt-4o-transcribe", prompt="Names"), "gpt-realtime"),
        (InputAudioTranscription(model="gpt-4o-mini-transcribe"), "gpt-realtime"),
        (InputAudioTranscription(model="gpt-4o-transcribe-diarize"), "gpt-realtime"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.model,
)
async def test_every_transcription_model_and_option_reaches_the_service(transcription, model):
    session = {"input_audio_transcription": transcription, "turn_detection": None}
    scenario = {"turns": [{"user": "Hello.", "say": "Hello."}]}
    async with (
        VoiceLiveSimulator(scenario, speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="k", model=model, session=SessionProperties(**session)
        ) as client,
    ):
        client.start_turn()
        client.send_audio(b"\0\x20" * 12000)
        client.commit_turn()
        heard = []
        async for signal in client:
            match signal:
                case effects.SessionReady(info):
                    asked = transcription.model_dump(exclude_unset=True)
                    assert asked.items() <= info.input_audio_transcription.items()
                case effects.UserTranscriptPartial(_, text) | effects.UserTranscript(_, text):
                    heard.append(text)
                case effects.ResponseFinished():
                    break
        # Some send the words as they come, and all of them once more as a whole.
        partial = ["Hello"] if transcription.model.startswith("gpt-4o-") else []
        assert heard == (["Hello."] if model == "gpt-4.1" else [*partial, "Hello.", "Hello."])
