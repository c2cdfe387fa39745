"""An avatar without Pipecat: a client offers, an avatar answers, and says when it speaks."""

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from pipecat_voicelive import VoiceLiveClient
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.simulator import VoiceLiveSimulator

SESSION = {
    "voice": {"type": "azure-standard", "name": "en-US-AvaNeural"},
    "avatar": {"character": "lisa", "video": {"resolution": {"width": 320, "height": 180}}},
}


@pytest.mark.proves("session.avatar.connect", "session.avatar.connecting", "feature.avatar-client")
async def test_a_client_connects_to_its_avatar_and_hears_when_it_speaks(speaker):
    peer = RTCPeerConnection()
    peer.addTransceiver("video", direction="recvonly")
    peer.addTransceiver("audio", direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    signals = []
    async with (
        VoiceLiveSimulator({"greeting": "Hello."}, speech=speaker, speed=20) as simulator,
        VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="key", model="gpt-4.1", session=SESSION
        ) as client,
    ):
        async for signal in client:
            signals.append(signal)
            match signal:
                case fx.SessionReady(session):
                    assert session.avatar["ice_servers"]
                    client.connect_avatar(peer.localDescription.sdp)
                case fx.AvatarAnswer(sdp):
                    await peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
                    client.respond()
                case fx.AvatarIdle():
                    break
    await peer.close()
    names = [type(signal).__name__ for signal in signals]
    order = [
        "AvatarAnswer",
        "ResponseOpened",
        "SpeechOpened",
        "AvatarSpeaking",
        "ResponseClosed",
        "AvatarIdle",
    ]
    assert [name for name in names if name in order] == order
    assert not [signal for signal in signals if isinstance(signal, fx.Audio | fx.RequestRefused)]


async def test_an_offer_without_an_avatar_is_refused_and_the_session_goes_on(speaker):
    async with (
        VoiceLiveSimulator({"greeting": "Hello."}, speech=speaker, speed=100) as simulator,
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="key", model="gpt-4.1") as client,
    ):
        client.connect_avatar("v=0")
        async for signal in client:
            if isinstance(signal, fx.RequestRefused):
                break
        assert client.is_open
