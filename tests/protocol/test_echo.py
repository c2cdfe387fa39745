"""Which echo references are legal, and how two channels become one stream."""

import pytest

from pipecat_voicelive import (
    ConfigurationError,
    InputAudioEchoCancellation,
    SessionProperties,
    VoiceLiveClient,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.protocol.echo import interleaved

WRONG = [
    ({"reference_source": "server", "channels": 2}, None),
    ({"channels": 2}, None),
    ({"reference_source": "client", "channels": 1}, None),
    ({"reference_source": "client"}, None),
    ({"reference_source": "client", "channels": 2}, "g711_ulaw"),
]


def properties(echo, audio_format):
    options = {"input_audio_format": audio_format} if audio_format else {}
    return SessionProperties(
        input_audio_echo_cancellation=InputAudioEchoCancellation(**echo),
        input_audio_transcription=None,
        **options,
    )


@pytest.mark.parametrize(("echo", "audio_format"), WRONG)
def test_a_wrong_pair_is_refused_early_with_the_legal_ones(echo, audio_format):
    session = properties(echo, audio_format)
    with pytest.raises(ConfigurationError, match='reference_source="server"'):
        VoiceLiveClient(endpoint="ws://localhost:1", api_key="k", model="gpt-4.1", session=session)
    settings = VoiceLiveLLMSettings(session_properties=session)
    with pytest.raises(ConfigurationError, match='reference_source="server"'):
        VoiceLiveLLMService(endpoint="ws://localhost:1", api_key="k", settings=settings)


@pytest.mark.parametrize(
    "echo",
    [{}, {"channels": 1}, {"reference_source": "server"}, {"reference_source": "client", "channels": 2}],
)
def test_a_legal_pair_is_taken(echo):
    VoiceLiveClient(endpoint="ws://localhost:1", api_key="k", model="gpt-4.1", session=properties(echo, None))


def test_samples_of_two_channels_take_turns():
    assert interleaved(b"AaBb", b"XxYy") == b"AaXxBbYy"
    assert interleaved(b"", b"") == b""
