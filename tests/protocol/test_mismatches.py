"""Options that do not go together are named, with what to give instead; those that do are not."""

import pytest

from pipecat_voicelive.protocol.mismatches import mismatches
from pipecat_voicelive.protocol.session_options import (
    AzureAvatarVoiceSyncVoice,
    AzureCustomVoice,
    AzurePersonalVoice,
    AzureRealtimeNativeVoice,
    AzureStandardVoice,
    EndOfUtteranceDetection,
    InputAudioTranscription,
    OpenAIVoice,
    SessionProperties,
    TurnDetection,
)

AZURE_VOICE = AzureStandardVoice(name="en-US-AvaNeural")
END = EndOfUtteranceDetection(model="semantic_detection_v1", threshold_level="low", timeout_ms=500)


@pytest.mark.parametrize(
    ("model", "options", "say"),
    [
        ("gpt-4.1", {"voice": "alloy"}, "AzureStandardVoice"),
        ("gpt-4.1", {"voice": OpenAIVoice(name="alloy")}, "AzureStandardVoice"),
        ("azure-realtime", {"voice": AZURE_VOICE}, "AzureRealtimeNativeVoice"),
        ("azure-realtime", {"voice": "alloy"}, "AzureRealtimeNativeVoice"),
        ("gpt-realtime", {"voice": AzureRealtimeNativeVoice(name="ava")}, "AzureStandardVoice"),
        ("gpt-realtime", {"voice": "alloy", "output_audio_format": "pcm16_48000hz"}, '"pcm16"'),
        ("gpt-realtime", {"voice": "alloy", "output_audio_timestamp_types": ["word"]}, "Azure voice"),
        ("gpt-4.1", {"turn_detection": TurnDetection(type="semantic_vad")}, "azure_semantic_vad"),
        (
            "gpt-realtime",
            {"turn_detection": TurnDetection(type="server_vad", remove_filler_words=True)},
            "turn_detection.remove_filler_words",
        ),
        (
            "gpt-realtime",
            {"turn_detection": TurnDetection(type="server_vad", end_of_utterance_detection=END)},
            "end of utterance",
        ),
        (
            "gpt-realtime",
            {"turn_detection": TurnDetection(type="semantic_vad", threshold=0.5)},
            "turn_detection.threshold",
        ),
        (
            None,
            {"turn_detection": TurnDetection(type="azure_semantic_vad_en", languages=["en"])},
            "turn_detection.languages",
        ),
        (
            "gpt-4.1",
            {"input_audio_transcription": InputAudioTranscription(model="whisper-1")},
            "azure-speech",
        ),
        (
            "gpt-realtime",
            {"input_audio_transcription": InputAudioTranscription(model="whisper-1", language="en-US")},
            "ISO 639-1",
        ),
        (
            "gpt-realtime",
            {"input_audio_transcription": InputAudioTranscription(model="whisper-1", phrase_list=["x"])},
            "prompt",
        ),
        (
            "gpt-4.1",
            {"input_audio_transcription": InputAudioTranscription(model="azure-speech", prompt="x")},
            "phrase_list",
        ),
        (
            "gpt-4.1",
            {
                "input_audio_transcription": InputAudioTranscription(
                    model="azure-speech", language=["en"] * 11
                )
            },
            "10 languages",
        ),
        (
            "gpt-4.1",
            {
                "input_audio_transcription": InputAudioTranscription(
                    model="azure-speech", phrase_list=["x"] * 500
                )
            },
            "500 phrases",
        ),
        ("gpt-4.1", {"input_audio_sampling_rate": 11025}, "8000, 16000 or 24000"),
        ("gpt-4.1", {"input_audio_format": "g711_ulaw", "input_audio_sampling_rate": 16000}, "8000"),
    ],
)
def test_what_does_not_go_together_is_named(model, options, say):
    (told,) = mismatches(SessionProperties(**options).to_wire(), model)
    assert say in told


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("gpt-realtime", {"voice": "alloy"}),
        ("gpt-realtime-mini", {"voice": AZURE_VOICE, "output_audio_format": "pcm16_48000hz"}),
        ("gpt-4.1", {"voice": AzureCustomVoice(name="x", endpoint_id="y")}),
        ("gpt-5", {"voice": AzurePersonalVoice(name="x", model="DragonLatestNeural")}),
        ("gpt-4o", {"voice": AzureAvatarVoiceSyncVoice(model="DragonLatestNeural")}),
        ("azure-realtime", {"voice": AzureRealtimeNativeVoice(name="ava")}),
        (None, {"voice": "alloy"}),
        ("gpt-4.1", {"turn_detection": None, "input_audio_transcription": None}),
        ("gpt-4.1", {"turn_detection": True, "voice": None}),
        ("gpt-4.1", {"turn_detection": TurnDetection(type="server_vad", end_of_utterance_detection=END)}),
        ("gpt-realtime", {"turn_detection": TurnDetection(type="semantic_vad", eagerness="low")}),
        (
            "gpt-realtime",
            {
                "input_audio_transcription": InputAudioTranscription(
                    model="whisper-1", language="en", prompt="x"
                )
            },
        ),
        ("gpt-4.1", {"input_audio_format": "g711_alaw", "input_audio_sampling_rate": 8000}),
        ("gpt-4.1", {"input_audio_sampling_rate": 16000}),
        ("gpt-4.1", {}),
    ],
)
def test_what_goes_together_is_passed_over_in_silence(model, options):
    assert list(mismatches(SessionProperties(**options).to_wire(), model)) == []
