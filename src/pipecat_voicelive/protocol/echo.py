"""The echo reference: what the loudspeaker plays, sent along with what the microphone hears.

    microphone, loudspeaker, microphone, loudspeaker, ...      one 16 bit sample each

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pipecat_voicelive.errors import ConfigurationError

ECHO_QUERY = {"features": "client_ec_reference:true"}
"""What the URL has to say, by the reference of 2026-07-15, for two channels to be taken."""


def sends_reference(session: Mapping[str, Any]) -> bool:
    """Whether these options of a session ask for two channels."""
    return _echo(session).get("reference_source") == "client"


def check_echo(session: Mapping[str, Any]) -> None:
    """Refuse pairs of reference source and channels that the service refuses.

    Raises:
        ConfigurationError: Only "server" with one channel and "client" with two, in pcm16, are legal.
    """
    echo = _echo(session)
    source, channels = echo.get("reference_source") or "server", echo.get("channels")
    if (source, channels) not in {("server", None), ("server", 1), ("client", 2)}:
        raise ConfigurationError(
            f"Echo cancellation takes no reference_source={source!r} with channels={channels}. "
            'Give reference_source="server" with channels=1, or reference_source="client" with channels=2.'
        )
    if source == "client" and (session.get("input_audio_format") or "pcm16") != "pcm16":
        raise ConfigurationError(
            'An echo reference needs input_audio_format="pcm16". Give that, or reference_source="server".'
        )


def interleaved(microphone: bytes, loudspeaker: bytes) -> bytes:
    """Two channels of 16 bit samples, equally long, as one stream."""
    mixed = bytearray(2 * len(microphone))
    mixed[0::4], mixed[1::4] = microphone[0::2], microphone[1::2]
    mixed[2::4], mixed[3::4] = loudspeaker[0::2], loudspeaker[1::2]
    return bytes(mixed)


def _echo(session: Mapping[str, Any]) -> Mapping[str, Any]:
    given: object = session.get("input_audio_echo_cancellation")
    return cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {}
