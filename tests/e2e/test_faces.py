"""The face of the bot's speech: blendshapes in time with the audio, and told to the transport's client."""

import numpy as np
import pytest
from pipecat.frames.frames import InterruptionFrame, OutputTransportMessageFrame, TTSAudioRawFrame

from pipecat_voicelive import (
    Animation,
    AzureStandardVoice,
    InputAudioTranscription,
    SessionProperties,
    VoiceLiveBlendshapesFrame,
    VoiceLiveLLMSettings,
    VoiceLiveVisemeFrame,
    VoiceLiveWordFrame,
)
from pipecat_voicelive.protocol.blendshapes import BLENDSHAPES

from .harness import calling

ANIMATED = VoiceLiveLLMSettings(
    session_properties=SessionProperties(
        voice=AzureStandardVoice(name="en-US-AvaNeural"),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        output_audio_timestamp_types=["word"],
        animation=Animation(outputs=["viseme_id", "blendshapes"]),
    )
)
COUNTING = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."


def heard_with_places(call, *types):
    """What left the output transport, with the milliseconds of audio played before it."""
    played_ms, order = 0.0, []
    for frame in call.heard(TTSAudioRawFrame, *types):
        if isinstance(frame, TTSAudioRawFrame):
            played_ms += frame.num_frames * 1000 / frame.sample_rate
        else:
            order.append((frame, played_ms))
    return order


@pytest.mark.proves(
    "response.animation_blendshapes.delta",
    "response.animation_blendshapes.done",
    "session.animation.outputs",
    "animation.outputs=blendshapes",
    "feature.blendshapes",
)
@pytest.mark.parametrize("as_text", [False, True], ids=["rows", "text"])
async def test_blendshapes_leave_the_transport_with_the_audio_they_belong_to(speaker, as_text):
    text = "Seven swans swam slowly past the silver lighthouse."
    options = {"blendshapes_as_text": as_text}
    async with calling({"greeting": text}, speaker, settings=ANIMATED, sim_options=options) as call:
        await call.bot_has_spoken()
        order = heard_with_places(call, VoiceLiveBlendshapesFrame)
        # One chunk of the transport is 40 ms: a batch leaves with the chunk that its place lies in.
        for frame, at_ms in order:
            assert -1 <= frame.audio_offset_ms - at_ms <= 41
        batches = [frame for frame, _ in order]
        assert [frame.first_frame_index for frame in batches] == list(
            np.cumsum([0] + [len(frame.frames) for frame in batches])[:-1]
        )
        face = np.concatenate([frame.frames for frame in batches])
        played_ms = heard_with_places(call, VoiceLiveBlendshapesFrame)[-1][1]
        assert abs(len(face) / 60 * 1000 - played_ms) < 200
        jaw = face[:, BLENDSHAPES.index("jawOpen")]
        assert jaw.max() > 0.3 > jaw.min()


async def test_blendshapes_vanish_with_the_audio_on_an_interruption(speaker):
    async with calling({"greeting": COUNTING}, speaker, settings=ANIMATED, speed=1000) as call:
        await call.until(lambda: len(call.heard(VoiceLiveWordFrame)) >= 3, "for three words")
        await call.queue(InterruptionFrame())
        await call.bot_has_spoken()
        pushed = len(call.pushed_by_service(VoiceLiveBlendshapesFrame))
        assert len(call.heard(VoiceLiveBlendshapesFrame)) < pushed / 2


@pytest.mark.proves("feature.speech-marks-to-browsers")
async def test_the_client_of_the_transport_is_told_each_mark_when_it_is_heard(speaker):
    options = {"api_key": "key", "send_speech_marks": True}
    async with calling(
        {"greeting": "Good morning."}, speaker, settings=ANIMATED, service_options=options
    ) as call:
        sent = []

        async def send_message(frame):
            sent.append((frame.message, len(call.heard(VoiceLiveWordFrame))))

        call.transport.output().send_message = send_message
        await call.bot_has_spoken()
        assert {message["type"] for message, _ in sent} == {"server-message"}
        assert {message["label"] for message, _ in sent} == {"rtvi-ai"}
        words = [(m["data"]["text"], heard) for m, heard in sent if m["data"]["type"] == "voicelive-word"]
        assert [text for text, _ in words] == ["Good", "morning"]
        faces = [m["data"] for m, _ in sent if m["data"]["type"] == "voicelive-blendshapes"]
        assert {len(row) for data in faces for row in data["frames"]} == {55}
        assert {data["frame_rate_hz"] for data in faces} == {60}
        visemes = [m["data"]["viseme_id"] for m, _ in sent if m["data"]["type"] == "voicelive-viseme"]
        assert visemes == [frame.viseme_id for frame in call.heard(VoiceLiveVisemeFrame)]


async def test_nothing_is_told_to_the_client_of_the_transport_unasked(speaker):
    async with calling({"greeting": "Good morning."}, speaker, settings=ANIMATED) as call:
        await call.bot_has_spoken()
        assert call.heard(VoiceLiveWordFrame)
        assert not call.seen(OutputTransportMessageFrame)
