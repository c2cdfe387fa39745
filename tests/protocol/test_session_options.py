"""Options: sent as they were set, and only those."""

import pytest
from pipecat.transcriptions.language import Language

from pipecat_voicelive.protocol.session_options import (
    AvatarConfig,
    AzureStandardVoice,
    EndOfUtteranceDetection,
    FunctionTool,
    IceServer,
    InputAudioNoiseReduction,
    InputAudioTranscription,
    MCPServer,
    OpenAIVoice,
    Scene,
    SessionProperties,
    StaticInterimResponse,
    ToolChoiceFunction,
    TurnDetection,
    misspelt,
)


def test_what_was_not_set_is_not_sent():
    assert SessionProperties().to_wire() == {}
    assert SessionProperties(instructions="x").to_wire() == {"instructions": "x"}


def test_none_is_sent_as_null():
    options = SessionProperties(input_audio_noise_reduction=None, input_audio_transcription=None)
    assert options.to_wire() == {"input_audio_noise_reduction": None, "input_audio_transcription": None}


@pytest.mark.parametrize("off", [None, False])
def test_turn_detection_off_is_null(off):
    options = SessionProperties(turn_detection=off)
    assert options.manual_turns
    assert options.to_wire() == {"turn_detection": None}


def test_turn_detection_left_out_is_not_off():
    assert not SessionProperties().manual_turns
    assert "turn_detection" not in SessionProperties().to_wire()


def test_turn_detection_on_is_left_to_the_service():
    options = SessionProperties(turn_detection=True)
    assert not options.manual_turns
    assert options.to_wire() == {}


def test_the_type_that_a_class_stands_for_is_always_sent():
    options = SessionProperties(
        turn_detection=TurnDetection(threshold=0.4),
        voice=AzureStandardVoice(name="en-US-AvaNeural"),
        input_audio_noise_reduction=InputAudioNoiseReduction(),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
    )
    assert options.to_wire() == {
        "turn_detection": {"type": "azure_semantic_vad", "threshold": 0.4},
        "voice": {"type": "azure-standard", "name": "en-US-AvaNeural"},
        "input_audio_noise_reduction": {"type": "azure_deep_noise_suppression"},
        "input_audio_transcription": {"model": "azure-speech"},
    }


@pytest.mark.parametrize(
    ("voice", "wire"),
    [
        ("alloy", "alloy"),
        (OpenAIVoice(name="alloy"), {"type": "openai", "name": "alloy"}),
        ({"type": "brand-new", "name": "x", "y": 1}, {"type": "brand-new", "name": "x", "y": 1}),
    ],
)
def test_a_voice_may_be_a_name_a_class_or_a_dict(voice, wire):
    assert SessionProperties(voice=voice).to_wire() == {"voice": wire}


def test_members_nobody_knows_pass_through():
    options = SessionProperties(
        greeting={"text": "hi"}, turn_detection=TurnDetection(type="server_vad", window_size=3)
    )
    assert options.to_wire() == {
        "greeting": {"text": "hi"},
        "turn_detection": {"type": "server_vad", "window_size": 3},
    }


def test_nested_options_are_sent_as_they_were_set():
    detection = TurnDetection(end_of_utterance_detection=EndOfUtteranceDetection(timeout_ms=500))
    assert SessionProperties(turn_detection=detection).to_wire() == {
        "turn_detection": {"type": "azure_semantic_vad", "end_of_utterance_detection": {"timeout_ms": 500}}
    }


def test_options_given_as_dicts_are_checked_and_sent():
    options = SessionProperties.model_validate({"turn_detection": {"type": "server_vad", "new": True}})
    assert options.to_wire() == {"turn_detection": {"type": "server_vad", "new": True}}


def test_the_model_and_the_tools_are_not_sent_here():
    options = SessionProperties(model="gpt-realtime", tools=[FunctionTool(name="look")])
    assert options.to_wire() == {}


def test_merging_replaces_what_is_set_and_keeps_the_rest():
    options = SessionProperties(instructions="a", voice="alloy", greeting=1)
    merged = options.merged_with(SessionProperties(voice="echo", turn_detection=None, greeting=2))
    assert merged.to_wire() == {"instructions": "a", "voice": "echo", "turn_detection": None, "greeting": 2}


def test_merging_changes_neither():
    options, delta = SessionProperties(instructions="a", x=1), SessionProperties(instructions="b", y=2)
    options.merged_with(delta)
    assert options.to_wire() == {"instructions": "a", "x": 1}
    assert delta.to_wire() == {"instructions": "b", "y": 2}


def test_slips_of_the_pen_are_found_where_they_are():
    options = SessionProperties(
        turn_detecton=None, turn_detection=TurnDetection(treshold=0.5), entirely_new=1, voice="alloy"
    )
    assert set(misspelt(options)) == {
        ("turn_detecton", "turn_detection"),
        ("turn_detection.treshold", "threshold"),
    }


def test_options_without_slips_have_none():
    assert list(misspelt(SessionProperties(instructions="x", turn_detection=TurnDetection()))) == []


def test_faces_interim_responses_and_tool_choices_are_sent_as_they_were_set():
    options = SessionProperties(
        avatar=AvatarConfig(
            character="lisa", scene=Scene(zoom=1.5), ice_servers=[IceServer(urls=["stun:x"])]
        ),
        interim_response=StaticInterimResponse(texts=["One moment."]),
        tool_choice=ToolChoiceFunction(name="look"),
    )
    assert options.to_wire() == {
        "avatar": {"character": "lisa", "scene": {"zoom": 1.5}, "ice_servers": [{"urls": ["stun:x"]}]},
        "interim_response": {"type": "static_interim_response", "texts": ["One moment."]},
        "tool_choice": {"type": "function", "name": "look"},
    }


def test_credentials_in_options_are_in_no_repr_and_no_error():
    server = MCPServer(
        server_label="wiki",
        server_url="https://mcp.example",
        authorization="s3cret",
        headers={"key": "s3cret"},
    )
    assert "s3cret" not in repr(server)
    assert "s3cret" not in repr(IceServer(urls=["turn:x"], credential="s3cret"))
    with pytest.raises(ValueError, match="headers") as refused:
        MCPServer(server_label="wiki", server_url="https://mcp.example", headers="s3cret")
    assert "s3cret" not in str(refused.value)


@pytest.mark.proves("session.input_audio_transcription.language", "feature.pipecat-languages")
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (Language.EN_US, "en-US"),
        ([Language.EN_US, "de-DE", Language.FR], "en-US,de-DE,fr"),
        ("en-US,de-DE", "en-US,de-DE"),
        ("", ""),
        (None, None),
    ],
)
def test_a_transcriptions_languages_are_sent_as_one_text(given, sent):
    options = InputAudioTranscription(model="azure-speech", language=given)
    wire = SessionProperties(input_audio_transcription=options).to_wire()
    assert wire == {"input_audio_transcription": {"model": "azure-speech", "language": sent}}
    assert type(wire["input_audio_transcription"]["language"]) is type(sent)


def test_an_older_spelling_is_no_slip_of_the_pen():
    end = EndOfUtteranceDetection(model="semantic_detection_v1", timeout=2, timeout_m=3)
    assert list(misspelt(end)) == [("timeout_m", "timeout_ms")]
