"""What a request may hold: checked, and in the wire's form, however it is given."""

import pytest

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.requests import response_properties, session_on_wire
from pipecat_voicelive.protocol.session_options import (
    FunctionTool,
    InputAudioEchoCancellation,
    SessionProperties,
    TurnDetection,
)

CLIENT_ECHO = InputAudioEchoCancellation(reference_source="client", channels=2)


def on_wire(session, api_version="2026-07-15"):
    return session_on_wire(session, api_version=api_version, of_agent=False)


def test_option_objects_in_a_mapping_are_sent_as_their_members():
    session = {"turn_detection": TurnDetection(threshold=0.4), "tools": [FunctionTool(name="look")]}
    assert on_wire(session) == {
        "turn_detection": {"type": "azure_semantic_vad", "threshold": 0.4},
        "tools": [{"type": "function", "name": "look"}],
    }


@pytest.mark.parametrize("kind", [dict, SessionProperties.model_validate])
def test_an_echo_reference_is_checked_in_whatever_form_it_is_given(kind):
    session = kind({"input_audio_echo_cancellation": CLIENT_ECHO})
    assert on_wire(session)["input_audio_echo_cancellation"]["channels"] == 2
    with pytest.raises(ConfigurationError, match="2026-06-01-preview"):
        on_wire(session, "2025-10-01")
    with pytest.raises(ConfigurationError, match="reference_source"):
        on_wire(kind({"input_audio_echo_cancellation": InputAudioEchoCancellation(channels=2)}))


@pytest.mark.parametrize("session", [{"tools": [print]}, SessionProperties(tools=[print])])
def test_options_that_no_json_can_say_are_refused_in_words(session):
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        on_wire(session)


@pytest.mark.parametrize(
    "members",
    [{"temperature": "hot"}, {"modalities": "text"}, {"input_items": ["Hello"]}, {"tools": [print]}],
)
def test_properties_of_another_type_are_refused_in_words_that_quote_nothing(members):
    with pytest.raises(ConfigurationError, match="cannot be sent") as caught:
        response_properties(ResponseProperties(**members))
    assert "hot" not in str(caught.value)
    assert "Hello" not in str(caught.value)
