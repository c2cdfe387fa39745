"""Who speaks: every kind of voice, with its options, where it can work and where it cannot."""

import math

import numpy as np
import pytest
from pipecat.frames.frames import ErrorFrame, TTSAudioRawFrame

from pipecat_voicelive import (
    AzureAvatarVoiceSyncVoice,
    AzureCustomVoice,
    AzurePersonalVoice,
    AzureRealtimeNativeVoice,
    AzureStandardVoice,
    InputAudioTranscription,
    OpenAIVoice,
    SessionProperties,
    VoiceLiveClient,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

from .harness import calling

MANNER = {
    "temperature": 0.7,
    "custom_lexicon_url": "https://example.com/lexicon.xml",
    "custom_text_normalization_url": "https://example.com/normalization.json",
    "prefer_locales": ["en-GB", "de-DE"],
    "locale": "en-US",
    "style": "cheerful",
    "pitch": "+10%",
    "rate": "1.25",
    "volume": "+5%",
}


async def spoken(voice, model, speaker):
    """The voice of the session, that of the response, and the audio; or the member that was refused."""
    session = SessionProperties(voice=voice)
    async with (
        VoiceLiveSimulator({"greeting": "Good morning."}, speech=speaker, speed=math.inf) as simulator,
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="k", model=model, session=session) as client,
    ):
        client.respond()
        audio, info = b"", None
        async for signal in client:
            match signal:
                case effects.SessionReady(info):
                    pass
                case effects.SessionRefused(error):
                    return error.param
                case effects.Audio(_, _, piece):
                    audio += piece
                case effects.ResponseFinished(response):
                    return info.voice, response.voice, np.frombuffer(audio, np.int16)
    raise AssertionError("the session ended without an answer")


@pytest.mark.proves(
    "session.voice",
    "session.voice.temperature",
    "session.voice.custom_lexicon_url",
    "session.voice.custom_text_normalization_url",
    "session.voice.prefer_locales",
    "session.voice.locale",
    "session.voice.style",
    "session.voice.pitch",
    "session.voice.rate",
    "session.voice.volume",
    "voice=openai",
    "voice=azure-standard",
    "voice=azure-custom",
    "voice=azure-personal",
    "voice=azure-realtime-native",
    "voice=avatar-voice-sync",
    "feature.voices",
)
@pytest.mark.parametrize(
    ("voice", "model"),
    [
        (OpenAIVoice(name="marin"), "gpt-realtime"),
        ("alloy", "gpt-realtime"),
        (AzureStandardVoice(name="en-US-Ava:DragonHDLatestNeural", **MANNER), "gpt-4.1"),
        (AzureStandardVoice(name="en-US-AvaNeural"), "gpt-realtime"),
        (AzureCustomVoice(name="OurVoice", endpoint_id="e-1", **MANNER), "gpt-4.1"),
        (AzurePersonalVoice(name="p-1", model="DragonLatestNeural", **MANNER), "gpt-5"),
        (AzureAvatarVoiceSyncVoice(model="DragonLatestNeural", **MANNER), "gpt-4.1"),
        (AzureRealtimeNativeVoice(name="ximena"), "azure-realtime"),
        ({"type": "azure-standard", "name": "en-US-AvaNeural", "rate": "1.1"}, "gpt-4.1"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_every_kind_of_voice_speaks_with_all_its_options(voice, model):
    in_session, in_response, samples = await spoken(voice, model, ToneSpeaker())
    if isinstance(voice, str):
        asked = {"type": "openai", "name": voice}
    else:
        asked = voice if isinstance(voice, dict) else voice.model_dump(exclude_unset=True)
    assert in_session == in_response == asked
    assert np.abs(samples).max() > 1000


@pytest.mark.parametrize(
    ("voice", "model"),
    [
        ("alloy", "gpt-4.1"),
        (AzureStandardVoice(name="en-US-AvaNeural"), "azure-realtime"),
        (AzureRealtimeNativeVoice(name="ava"), "gpt-4.1"),
    ],
    ids=str,
)
async def test_a_voice_that_the_model_does_not_have_is_warned_of_and_refused(
    speaker, caplog_loguru, voice, model
):
    assert await spoken(voice, model, ToneSpeaker()) == "session.voice"
    properties = SessionProperties(
        voice=voice, input_audio_transcription=InputAudioTranscription(model="azure-speech")
    )
    settings = VoiceLiveLLMSettings(model=model, session_properties=properties)
    async with calling(
        {"greeting": "Hello."}, speaker, settings=settings, greet=False, await_ready=False
    ) as call:
        await call.until(lambda: call.seen(ErrorFrame), "for the refusal")
    (warning,) = [line for line in caplog_loguru if line.startswith("WARNING") and "Voice(name=" in line]
    assert "Give" in warning


@pytest.mark.parametrize("name", ["nova", "Ava"])
async def test_a_name_that_is_none_is_refused(name):
    assert await spoken(OpenAIVoice(name=name), "gpt-realtime", ToneSpeaker()) == "session.voice.name"


async def test_rate_and_pitch_are_heard(speaker):
    async def made(**manner):
        voice = AzureStandardVoice(name="en-US-AvaNeural", **manner)
        return (await spoken(voice, "gpt-4.1", speaker))[2]

    plain, fast, high = await made(), await made(rate="+50%"), await made(pitch="+6st")
    assert len(fast) < len(plain) * 0.85
    assert abs(len(high) - len(plain)) < len(plain) * 0.1
    assert pitch_hz(high) > pitch_hz(plain) * 1.2


def pitch_hz(samples):
    """The most common fundamental, by the autocorrelation of the loud parts."""
    found = []
    for start in range(0, len(samples) - 1200, 600):
        piece = samples[start : start + 1200].astype(float)
        if np.abs(piece).max() > 3000:
            same = np.correlate(piece, piece, "full")[1199:]
            found.append(24000 / (60 + np.argmax(same[60:400])))
    return np.median(found)


async def test_a_locale_is_heard_as_another_accent(speaker):
    texts = {}
    for locale in ("en-US", "de-DE"):
        voice = AzureStandardVoice(name="en-US-AvaMultilingualNeural", locale=locale)
        texts[locale] = (await spoken(voice, "gpt-4.1", speaker))[2]
    assert len(texts["en-US"]) != len(texts["de-DE"])


async def test_a_voice_speaks_in_a_whole_call(speaker):
    properties = SessionProperties(
        voice=AzureStandardVoice(name="de-DE-ConradNeural", rate="1.2"),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    )
    settings = VoiceLiveLLMSettings(model="gpt-4.1", session_properties=properties)
    async with calling({"greeting": "Guten Tag."}, speaker, settings=settings) as call:
        await call.bot_has_spoken()
        assert call.heard(TTSAudioRawFrame)
