"""Session descriptions of avatars: base64 of the JSON that a browser's `RTCSessionDescription` gives.

https://learn.microsoft.com/azure/ai-services/speech-service/voice-live-api-reference-2026-07-15
"""

from __future__ import annotations

from pipecat_voicelive.protocol.codec import base64_of_json, decode_base64, decode_plain


def encode_offer(sdp: str) -> str:
    """The `client_sdp` that offers this description, given as plain SDP."""
    return base64_of_json({"type": "offer", "sdp": sdp})


def decode_answer(server_sdp: str) -> str | None:
    """The plain SDP in a `server_sdp`, None if there is none. Plain SDP is taken as it is."""
    if server_sdp.startswith("v="):
        return server_sdp
    match decode_plain(decode_base64(server_sdp) or b""):
        case {"sdp": str(sdp)} if sdp:
            return sdp
        case _:
            return None
