"""An avatar ends with its session: whoever sees it connects to that of the next one."""

import contextlib

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    LLMRunFrame,
    OutputImageRawFrame,
)

from pipecat_voicelive import VoiceLiveVideoFrame
from recovering import fast

from .harness import calling
from .test_avatar import COUNTING, into_pipeline, receivers, send, settings, told
from .test_drops import Events, recovering, until_back


@contextlib.asynccontextmanager
async def seen_by(call, answers):
    """A peer that offers to the avatar, and is connected."""
    from aiortc import RTCPeerConnection, RTCSessionDescription

    peer = RTCPeerConnection()
    try:
        peer.addTransceiver("video", direction="recvonly")
        peer.addTransceiver("audio", direction="recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        await send(call, "offer", sdp=peer.localDescription.sdp)
        await call.until(lambda: len(told(call, "answer")) == answers, "for the answer")
        await peer.setRemoteDescription(RTCSessionDescription(told(call, "answer")[-1]["sdp"], "answer"))
        await call.until(lambda: peer.connectionState == "connected", "for the connection")
        yield
    finally:
        await peer.close()


@pytest.mark.parametrize("planned", [False, True], ids=["lost", "renewed"])
async def test_a_client_is_told_of_the_next_avatar_and_connects_to_it(speaker, planned):
    expiring = {"faults": ["expire after 5s in session 1"]} if planned else {}
    async with calling(
        {"greeting": "Hello there."},
        speaker,
        settings=settings(),
        enable_rtvi=True,
        greet=False,
        sim_options=expiring,
        service_options=recovering(),
    ) as call:
        events = Events(call.service)
        await call.until(lambda: told(call, "ready"), "for the avatar")
        async with seen_by(call, 1):
            if not planned:
                await call.session.drop()
            await until_back(call, events)
        await call.until(lambda: len(told(call, "ready")) == 2, "for the next avatar")
        first, second = told(call, "ready")
        assert first["session_id"] != second["session_id"]
        assert second["session_id"] == call.session.sent("session.updated")[0].session.id
        async with seen_by(call, 2):
            assert call.session.received("session.avatar.connect")
            await call.queue(LLMRunFrame())
            await call.until(lambda: call.said, "for the answer")
    assert not call.seen(ErrorFrame)


async def test_an_offer_while_there_is_no_session_is_left_and_made_again(speaker):
    async with calling(
        {"greeting": "Hello there."},
        speaker,
        settings=settings(),
        enable_rtvi=True,
        greet=False,
        sim_options={"faults": ["slow-handshake 500ms at connect 2"]},
        service_options=recovering(),
    ) as call:
        events = Events(call.service)
        await call.until(lambda: told(call, "ready"), "for the avatar")
        await call.session.drop()
        await call.until(lambda: events.count("connection_lost"), "for the loss")
        await send(call, "offer", sdp="v=0")
        await call.until(lambda: len(told(call, "ready")) == 2, "for the next avatar")
        async with seen_by(call, 1):
            assert len(call.session.received("session.avatar.connect")) == 1
    assert not call.seen(ErrorFrame)


async def test_a_bot_whose_avatar_is_lost_while_it_speaks_has_stopped_once(speaker):
    async with calling(
        {"greeting": COUNTING}, speaker, settings=settings(), service_options=recovering()
    ) as call:
        events = Events(call.service)
        await call.until(lambda: call.pushed_by_service(BotStartedSpeakingFrame), "for the avatar to speak")
        await call.session.drop()
        await until_back(call, events)
        assert len(call.pushed_by_service(BotStoppedSpeakingFrame)) == 1
    assert not call.seen(ErrorFrame)


async def test_a_new_file_begins_with_the_next_session(speaker):
    async with calling(
        {"greeting": "Hello there."},
        speaker,
        settings=settings(output_protocol="websocket"),
        enable_rtvi=True,
        service_options=recovering(),
    ) as call:
        events = Events(call.service)
        await call.until(lambda: call.seen(VoiceLiveVideoFrame), "for video")
        await call.session.drop()
        await until_back(call, events)
        before = len(told(call, "video"))
        await call.until(lambda: len(told(call, "ready")) == 2, "for the next avatar")
        await call.until(lambda: len(told(call, "video")) > before, "for its video")
        first = told(call, "video")[before]
        await send(call, "join")
        await call.until(lambda: told(call, "video").count(first) == 2, "for the new file's first piece")


@pytest.mark.parametrize("protocol", ["webrtc", "websocket"])
async def test_pictures_go_on_in_the_pipeline(speaker, protocol):
    async with calling(
        {"greeting": "Hello there."},
        speaker,
        settings=settings(output_protocol=protocol),
        service_options=into_pipeline(recovery=fast()),
        greet=False,
    ) as call:
        events = Events(call.service)
        await call.until(lambda: call.seen(OutputImageRawFrame), "for a picture")
        received = len(receivers())
        await call.session.drop()
        await until_back(call, events)
        before = len(call.seen(OutputImageRawFrame))
        await call.until(lambda: len(call.seen(OutputImageRawFrame)) > before + 10, "for pictures")
        assert len(receivers()) == received
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
    assert not call.seen(ErrorFrame)
