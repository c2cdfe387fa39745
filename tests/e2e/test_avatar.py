"""A bot with a face: relayed to a client that connects itself, or received into the pipeline."""

import asyncio
import io

import av
import numpy as np
import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    LLMUpdateSettingsFrame,
    OutputImageRawFrame,
    OutputTransportMessageUrgentFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)

from pipecat_voicelive import (
    AvatarConfig,
    AzureStandardVoice,
    IceServer,
    InputAudioTranscription,
    Scene,
    SessionProperties,
    VideoParams,
    VideoResolution,
    VoiceLiveAuditAudioFrame,
    VoiceLiveLLMSettings,
    VoiceLiveVideoFrame,
    VoiceLiveWordFrame,
)

from .harness import calling

SMALL = VideoParams(resolution=VideoResolution(width=320, height=180))
COUNTING = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."


def settings(**avatar):
    return VoiceLiveLLMSettings(
        session_properties=SessionProperties(
            voice=AzureStandardVoice(name="en-US-AvaNeural"),
            input_audio_transcription=InputAudioTranscription(model="azure-speech"),
            output_audio_timestamp_types=["word"],
            avatar=AvatarConfig(**{"character": "lisa", "video": SMALL, **avatar}),
        )
    )


def into_pipeline(**options):
    return {"api_key": "key", "avatar_media": "pipeline", **options}


def told(call, what):
    """The messages of this type to the transport's client."""
    return [
        frame.message["data"]
        for frame in call.seen(OutputTransportMessageUrgentFrame)
        if frame.message["type"] == "server-message"
        and frame.message["data"]["type"] == f"voicelive-avatar-{what}"
    ]


async def send(call, what, **data):
    message = {"t": f"voicelive-avatar-{what}", "d": data}
    await call.queue(
        InputTransportMessageFrame(
            message={"label": "rtvi-ai", "type": "client-message", "id": "1", "data": message}
        )
    )


# --- for the client of the transport -----------------------------------------------------------------


@pytest.mark.proves("feature.avatar-relay", "session.avatar.ice_servers")
async def test_a_client_is_told_where_to_connect_and_its_offer_is_answered(speaker):
    from aiortc import RTCPeerConnection, RTCSessionDescription

    async with calling(
        {"greeting": "Hello there."}, speaker, settings=settings(), enable_rtvi=True, greet=False
    ) as call:
        await call.until(lambda: told(call, "ready"), "for the avatar")
        (ready,) = told(call, "ready")
        assert ready["output_protocol"] == "webrtc"
        assert ready["ice_servers"] == call.session.sent("session.updated")[0].session.avatar["ice_servers"]
        await send(call, "join")
        await call.until(lambda: len(told(call, "ready")) == 2, "for a late one")
        peer = RTCPeerConnection()
        try:
            peer.addTransceiver("video", direction="recvonly")
            peer.addTransceiver("audio", direction="recvonly")
            await peer.setLocalDescription(await peer.createOffer())
            await send(call, "offer", sdp=peer.localDescription.sdp)
            await call.until(lambda: told(call, "answer"), "for the answer")
            await peer.setRemoteDescription(RTCSessionDescription(told(call, "answer")[0]["sdp"], "answer"))
            await call.until(lambda: peer.connectionState == "connected", "for the connection")
        finally:
            await peer.close()


async def test_an_answer_that_others_hear_has_its_brackets_and_its_place_in_the_context(speaker):
    async with calling(
        {"greeting": "Hello there, you."}, speaker, settings=settings(), enable_rtvi=True
    ) as call:
        await call.until(lambda: call.heard(LLMFullResponseEndFrame), "for the end")
        kinds = (TTSStartedFrame, BotStartedSpeakingFrame, BotStoppedSpeakingFrame, TTSStoppedFrame)
        assert [type(frame) for frame in call.pushed_by_service(*kinds)] == [
            TTSStartedFrame,
            BotStartedSpeakingFrame,
            TTSStoppedFrame,
            BotStoppedSpeakingFrame,
        ]
        await call.until(lambda: call.said == [("assistant", "Hello there, you.")], "for the context")
        assert [frame.text for frame in call.heard(VoiceLiveWordFrame)] == ["Hello", "there", "you"]
        assert not call.seen(TTSAudioRawFrame)
        assert len(told(call, "speaking")) == len(told(call, "idle")) == 1


@pytest.mark.proves("feature.avatar-barge-in", "output_audio_buffer.clear", "output_audio_buffer.cleared")
@pytest.mark.quiet
async def test_a_barge_in_silences_the_avatar_and_cuts_the_conversation_to_what_was_heard(speaker):
    async with calling({"greeting": COUNTING}, speaker, settings=settings(), speed=1000) as call:
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) >= 3, "for three words")
        heard = call.heard(VoiceLiveWordFrame)
        await call.queue(InterruptionFrame())
        await call.until(lambda: call.session.sent("output_audio_buffer.cleared"), "to be cleared")
        await call.until(lambda: call.session.sent("conversation.item.truncated"), "to be cut")
        (cut,) = call.session.received("conversation.item.truncate")
        assert abs(cut.audio_end_ms - heard[-1].audio_offset_ms) < 400
        await call.until(lambda: call.said, "for the context")
        ((_, text),) = call.said
        assert 3 <= len(text.split()) <= 5
        assert COUNTING.startswith(text)
    assert not call.seen(ErrorFrame)


async def test_a_caller_who_speaks_into_the_answer_cuts_it(speaker):
    scenario = {"greeting": COUNTING, "turns": [{"user": "Stop it please.", "say": "I stop."}]}
    async with calling(scenario, speaker, settings=settings()) as call:
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) >= 3, "for three words")
        await call.say("Stop it please.")
        await call.until(lambda: call.said and call.said[-1] == ("assistant", "I stop."), "for the answer")
        (role, text), *_ = call.said
        assert role == "assistant"
        assert COUNTING.startswith(text)
        assert len(text.split()) < 12
        assert len(call.session.received("conversation.item.truncate")) == 1
    assert not call.seen(ErrorFrame)


@pytest.mark.proves("session.avatar.output_audit_audio")
async def test_audio_for_audits_is_there_but_not_played(speaker):
    async with calling(
        {"greeting": "Hello there."}, speaker, settings=settings(output_audit_audio=True), out_hz=48000
    ) as call:
        await call.until(lambda: call.heard(LLMFullResponseEndFrame), "for the end")
        audit = call.seen(VoiceLiveAuditAudioFrame)
        assert sum(len(frame.audio) for frame in audit) / 2 / audit[0].sample_rate > 0.4
        assert not call.seen(TTSAudioRawFrame)


@pytest.mark.proves(
    "response.video.delta", "feature.avatar-websocket-video", "avatar.output_protocol=websocket"
)
async def test_video_over_the_websocket_is_handed_on_piece_by_piece_however_large(speaker):
    large = 3 * 1024 * 1024
    async with calling(
        {"greeting": "Hello there."},
        speaker,
        settings=settings(output_protocol="websocket"),
        sim_options={"large_message_bytes": large},
        enable_rtvi=True,
    ) as call:
        await call.until(
            lambda: any(len(frame.data) > 2**21 for frame in call.seen(VoiceLiveVideoFrame)),
            "for a large one",
        )
        await call.until(lambda: call.heard(LLMFullResponseEndFrame), "for the end")
        pieces = call.pushed_by_service(VoiceLiveVideoFrame)
        assert len(told(call, "video")) >= len(pieces) - 3
        movie = av.open(io.BytesIO(b"".join(piece.data for piece in pieces)))
        assert {stream.codec_context.name for stream in movie.streams} == {"h264", "aac"}
        await send(call, "join")
        first = told(call, "video")[0]
        await call.until(lambda: told(call, "video").count(first) == 2, "for the first piece again")
        assert first["codec"] == "h264"
    assert not call.seen(ErrorFrame)


@pytest.mark.proves("session.avatar.scene", "feature.avatar-scene-change")
async def test_a_new_scene_goes_out_with_all_other_options_while_the_session_runs(speaker):
    square = VideoParams(resolution=VideoResolution(width=256, height=256))
    photo = {"type": "photo-avatar", "model": "vasa-1", "character": "anika", "video": square}
    async with calling({"greeting": "Hello."}, speaker, settings=settings(**photo), greet=False) as call:
        delta = VoiceLiveLLMSettings(
            session_properties=SessionProperties(avatar=AvatarConfig(**photo, scene=Scene(zoom=1.5)))
        )
        await call.queue(LLMUpdateSettingsFrame(delta=delta))
        await call.until(lambda: len(call.session.sent("session.updated")) == 2, "for the scene")
        first, second = (update.session for update in call.session.received("session.update"))
        assert second["avatar"].pop("scene") == {"zoom": 1.5}
        assert second == first
    assert not call.seen(ErrorFrame)


# --- into the pipeline -------------------------------------------------------------------------------


@pytest.mark.proves("feature.avatar-in-pipeline")
@pytest.mark.parametrize("protocol", ["webrtc", "websocket"])
async def test_picture_and_sound_come_as_frames(speaker, protocol):
    async with calling(
        {"greeting": COUNTING},
        speaker,
        settings=settings(output_protocol=protocol),
        service_options=into_pipeline(),
        greet=False,
    ) as call:
        await call.until(lambda: call.seen(OutputImageRawFrame), "for a picture")

        await call.queue(LLMRunFrame())
        await call.bot_has_spoken()
        pictures = call.seen(OutputImageRawFrame)
        assert {(image.size, image.format) for image in pictures} == {((320, 180), "RGB")}
        pixels = np.stack([np.frombuffer(image.image, np.uint8) for image in pictures]).astype(int)
        assert pixels[0].std() > 20
        assert np.abs(np.diff(pixels, axis=0)).max() > 60
        sound = b"".join(frame.audio for frame in call.heard(TTSAudioRawFrame))
        assert {frame.sample_rate for frame in call.heard(TTSAudioRawFrame)} == {24000}
        assert np.abs(np.frombuffer(sound, np.int16)).max() > 3000
        assert 2 < len(sound) / 48000 < 8
        await call.until(lambda: call.said == [("assistant", COUNTING)], "for the context")
    assert not call.seen(ErrorFrame)


@pytest.mark.parametrize("protocol", ["webrtc", "websocket"])
async def test_a_barge_in_silences_an_avatar_in_the_pipeline(speaker, protocol):

    async with calling(
        {"greeting": COUNTING},
        speaker,
        settings=settings(output_protocol=protocol),
        service_options=into_pipeline(),
        greet=False,
    ) as call:
        await call.until(lambda: call.seen(OutputImageRawFrame), "for a picture")
        await call.queue(LLMRunFrame())
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) >= 2, "for two words")
        await call.queue(InterruptionFrame())
        await call.until(lambda: call.session.sent("output_audio_buffer.cleared"), "to be cleared")
        await call.bot_has_spoken()
        sound = sum(len(frame.audio) for frame in call.heard(TTSAudioRawFrame)) / 48000
        assert sound < 2.5
        before = len(call.seen(OutputImageRawFrame))
        await call.until(lambda: len(call.seen(OutputImageRawFrame)) > before + 5, "for more pictures")


def switched(on):
    return LLMUpdateSettingsFrame(
        delta=VoiceLiveLLMSettings(
            session_properties=SessionProperties(
                avatar=AvatarConfig(character="lisa", video=SMALL) if on else None
            )
        )
    )


def receivers():
    """The tasks that receive an avatar."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("voicelive-avatar")]


async def test_an_avatar_that_is_switched_off_is_not_received_until_it_is_switched_on(speaker):
    async with calling(
        {"greeting": "Hello."}, speaker, settings=settings(), service_options=into_pipeline(), greet=False
    ) as call:
        await call.until(lambda: call.seen(OutputImageRawFrame), "for a picture")
        received = len(receivers())
        await call.queue(switched(False))
        await call.until(lambda: not receivers(), "for the end of it")
        before = len(call.seen(OutputImageRawFrame))
        await call.queue(switched(True))
        await call.until(lambda: len(call.seen(OutputImageRawFrame)) > before + 5, "for more pictures")
        assert len(receivers()) == received


async def test_a_bot_whose_avatar_is_switched_off_while_it_speaks_has_stopped(speaker):
    async with calling({"greeting": COUNTING}, speaker, settings=settings()) as call:
        await call.until(lambda: call.heard(VoiceLiveWordFrame), "for a word")
        await call.queue(switched(False))
        await call.bot_has_spoken()
    assert len(call.pushed_by_service(BotStartedSpeakingFrame)) == 1
    assert len(call.pushed_by_service(BotStoppedSpeakingFrame)) == 1


async def test_an_ice_server_that_cannot_be_is_told_of_and_the_session_is_ready(speaker):
    ready = []

    async def on_session_ready(_service, session):
        ready.append(session)

    async with calling(
        {"greeting": "Hello."},
        speaker,
        settings=settings(ice_servers=[IceServer(urls=["nonsense"])]),
        service_options=into_pipeline(),
    ) as call:
        await call.until(lambda: call.session.received("response.create"), "to be asked")
        call.service.add_event_handler("on_session_ready", on_session_ready)
        await call.service.reset_conversation()
        await call.until(lambda: ready, "for the session")
        await call.until(lambda: len(call.seen(ErrorFrame)) == 2, "for the errors")
    assert "No peer connection" in call.seen(ErrorFrame)[1].error


async def test_a_new_conversation_shows_the_avatar_again(speaker):
    async with calling(
        {"greeting": "Hello."}, speaker, settings=settings(), service_options=into_pipeline()
    ) as call:
        await call.bot_has_spoken()
        await call.service.reset_conversation()
        await call.until(lambda: len(call.sim.sessions) == 2, "for a new session")
        await call.until(lambda: call.session.sent("session.avatar.connecting"), "for a new connection")
        before = len(call.seen(OutputImageRawFrame))
        await call.until(lambda: len(call.seen(OutputImageRawFrame)) > before + 10, "for pictures")
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)
    assert not call.seen(ErrorFrame)
