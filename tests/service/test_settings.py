"""Options reach the wire as they were given, and nobody's objects are changed on the way."""

import pytest
from pipecat.utils.types import is_given

from pipecat_voicelive import (
    Animation,
    AzureStandardVoice,
    InputAudioNoiseReduction,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.service.settings import complete_settings

Settings = VoiceLiveLLMSettings


def test_a_service_without_settings_has_the_documented_defaults():
    settings = complete_settings(None)
    wire = settings.session_properties.to_wire()
    assert settings.model == "gpt-4o-mini"
    assert wire == {
        "modalities": ["text", "audio"],
        "turn_detection": {"type": "azure_semantic_vad"},
        "input_audio_transcription": {"model": "azure-speech"},
        "input_audio_noise_reduction": {"type": "azure_deep_noise_suppression"},
        "voice": {"type": "azure-standard", "name": "en-US-Ava:DragonHDLatestNeural"},
        "output_audio_timestamp_types": ["word"],
    }


def test_a_model_with_voices_of_its_own_is_given_no_azure_voice():
    wire = complete_settings(Settings(model="azure-realtime")).session_properties.to_wire()
    assert "voice" not in wire
    assert "output_audio_timestamp_types" not in wire


def test_session_properties_given_at_the_start_replace_the_defaults_as_a_whole():
    settings = complete_settings(Settings(session_properties=SessionProperties(modalities=["text"])))
    assert settings.session_properties.to_wire() == {"modalities": ["text"]}


def test_an_update_changes_what_it_names_and_keeps_the_rest():
    settings = complete_settings(
        Settings(
            session_properties=SessionProperties(
                voice=AzureStandardVoice(name="en-US-Ava", rate="1.1"), turn_detection=None
            )
        )
    )
    changed = settings.apply_update(
        Settings(session_properties=SessionProperties(voice=AzureStandardVoice(name="en-US-Andrew")))
    )
    assert set(changed) == {"session_properties"}
    assert settings.session_properties.to_wire() == {
        "voice": {"type": "azure-standard", "name": "en-US-Andrew"},
        "turn_detection": None,
    }


@pytest.mark.proves("feature.options-not-shared")
def test_the_users_objects_are_neither_changed_nor_shared():
    properties = SessionProperties(instructions="Be brief.", voice=AzureStandardVoice(name="a"))
    given = Settings(session_properties=properties)
    one, two = complete_settings(given), complete_settings(given)
    one.apply_update(Settings(system_instruction="Be long.", temperature=0.5))
    one.apply_update(Settings(session_properties=SessionProperties(voice=AzureStandardVoice(name="b"))))
    assert properties.to_wire() == {
        "instructions": "Be brief.",
        "voice": {"type": "azure-standard", "name": "a"},
    }
    assert two.system_instruction == "Be brief."
    assert two.session_properties.voice.name == "a"
    assert one.session_properties is not two.session_properties


def test_model_instructions_and_temperature_may_stand_in_either_place():
    inside = complete_settings(
        Settings(session_properties=SessionProperties(model="m", instructions="i", temperature=0.3))
    )
    assert (inside.model, inside.system_instruction, inside.temperature) == ("m", "i", 0.3)
    both = complete_settings(
        Settings(model="top", session_properties=SessionProperties(model="below", instructions="i"))
    )
    assert both.model == "top"


def test_a_later_change_of_a_voice_does_not_bring_old_instructions_back():
    settings = complete_settings(Settings(session_properties=SessionProperties(instructions="old")))
    settings.apply_update(Settings(system_instruction="new"))
    settings.apply_update(Settings(session_properties=SessionProperties(temperature=0.1)))
    assert settings.system_instruction == "new"


def test_a_plain_dict_becomes_a_delta():
    delta = Settings.from_mapping(
        {"model": "m", "voice": {"type": "openai", "name": "ash"}, "turn_detection": None, "strange": 1}
    )
    assert delta.model == "m"
    assert delta.session_properties.to_wire() == {
        "voice": {"type": "openai", "name": "ash"},
        "turn_detection": None,
    }
    assert delta.extra == {"strange": 1}
    assert not is_given(delta.system_instruction)


@pytest.mark.parametrize("off", [None, False])
def test_turn_detection_is_switched_off_by_none_and_by_false(off):
    properties = SessionProperties(turn_detection=off)
    assert properties.manual_turns
    assert properties.to_wire() == {"turn_detection": None}


def test_turn_detection_true_is_the_services_own_default():
    assert SessionProperties(turn_detection=True).to_wire() == {}


def test_none_is_sent_as_null_and_what_is_not_set_is_not_sent():
    properties = SessionProperties(
        input_audio_noise_reduction=None,
        input_audio_transcription=InputAudioTranscription(model="azure-speech", language=None),
        turn_detection=TurnDetection(threshold=0.4),
    )
    assert properties.to_wire() == {
        "input_audio_noise_reduction": None,
        "input_audio_transcription": {"model": "azure-speech", "language": None},
        "turn_detection": {"type": "azure_semantic_vad", "threshold": 0.4},
    }


def test_options_that_nobody_has_modelled_are_sent_as_they_are():
    properties = SessionProperties(
        greeting={"text": "Hi"},
        animation=Animation(outputs=["viseme_id"], fps=60),
        turn_detection=TurnDetection(type="new_vad", window_size=3),
        input_audio_noise_reduction=InputAudioNoiseReduction(type="deeper"),
    )
    assert properties.to_wire() == {
        "greeting": {"text": "Hi"},
        "animation": {"outputs": ["viseme_id"], "fps": 60},
        "turn_detection": {"type": "new_vad", "window_size": 3},
        "input_audio_noise_reduction": {"type": "deeper"},
    }


def test_a_misspelt_option_is_warned_about_by_name(caplog_loguru):
    VoiceLiveLLMService(
        endpoint="ws://127.0.0.1:1",
        api_key="key",
        settings=Settings(
            session_properties=SessionProperties(
                turn_detecton=None,
                turn_detection=TurnDetection(silence_duraton_ms=3),
                input_audio_transcription=None,
                greeting="not like anything",
            )
        ),
    )
    warnings = [line for line in caplog_loguru if "is not known" in line]
    assert len(warnings) == 2
    assert any("'turn_detecton'" in line and "'turn_detection'" in line for line in warnings)
    assert any("'turn_detection.silence_duraton_ms'" in line for line in warnings)
