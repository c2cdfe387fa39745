"""An avatar as video on the WebSocket: one fragmented MP4, in pieces."""

import asyncio
import base64
import io
import struct

import av
import numpy as np
import pytest
from voice_live_client import tone

from pipecat_voicelive.simulator.avatar.options import avatar_options
from pipecat_voicelive.simulator.avatar.performance import view_of

AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
LISA = {
    "character": "lisa",
    "output_protocol": "websocket",
    "video": {"resolution": {"width": 320, "height": 180}, "background": {"color": "#20A060FF"}},
}
STORY = {
    "turns": [
        {"user": "Hi", "say": "Hello you, how are you?"},
        {
            "user": "Tell me a story",
            "say": "Once upon a time there was a very long story without any end at all.",
        },
    ]
}
MIB = 1024 * 1024


@pytest.fixture
async def watch(start, join):
    async def watch(avatar=LISA, *, session=(), **options):
        return await join(
            await start(STORY, **options), session={"voice": AZURE, "avatar": avatar, **dict(session)}
        )

    return watch


async def fragments(client, count):
    """The next pieces of the video; none is looked at twice."""
    return [base64.b64decode((await client.until("response.video.delta"))["delta"]) for _ in range(count)]


def all_video(client):
    return b"".join(base64.b64decode(event["delta"]) for event in client.of_type("response.video.delta"))


def boxes(movie):
    """The names of the boxes of an MP4, those that are whole."""
    names, place = [], 0
    while place + 8 <= len(movie):
        size, name = struct.unpack_from(">I4s", movie, place)
        names.append(name.decode())
        place += size
    return names


def played(movie):
    """What a player makes of it: pictures and sound (float, mono), each with its times in seconds."""
    pictures, sound = [], []
    with av.open(io.BytesIO(movie)) as container:
        rate_hz = container.streams.audio[0].rate
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                pictures.append((frame.time, frame.to_ndarray(format="rgb24").astype(float)))
            else:
                sound.append((frame.time, frame.to_ndarray()[0]))
    return pictures, sound, rate_hz


def mouth(picture, avatar=LISA):
    view = view_of(avatar_options(avatar))
    x, y, unit = view.center_x, view.center_y, view.unit
    return picture[
        round(y + 0.35 * unit) : round(y + 0.9 * unit), round(x - 0.5 * unit) : round(x + 0.5 * unit)
    ]


@pytest.mark.proves(
    "response.video.delta",
    "avatar.output_protocol=websocket",
    "session.avatar.output_protocol",
    "feature.avatar-websocket-video",
)
async def test_the_video_begins_with_what_players_need_first(watch):
    client = await watch()
    first, second = await fragments(client, 2)
    assert boxes(first) == ["ftyp", "moov"]
    assert boxes(second)[:2] == ["moof", "mdat"]
    event = client.of_type("response.video.delta")[0]
    assert (event["codec"], event["output_index"]) == ("h264", 0)


async def test_of_video_only_its_size_is_remembered(start, join):
    simulator = await start(STORY)
    client = await join(simulator, session={"voice": AZURE, "avatar": LISA})
    (first,) = await fragments(client, 1)
    recorded = simulator.sessions[0].sent("response.video.delta")[0]
    assert recorded.delta == f"({len(base64.b64encode(first))} characters of base64)"


async def test_it_is_baseline_h264_and_aac_of_the_size_asked_for(watch):
    client = await watch()
    await fragments(client, 8)
    with av.open(io.BytesIO(all_video(client))) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert "Baseline" in video.codec_context.profile
        assert (video.width, video.height) == (320, 180)


async def test_mouth_and_voice_move_together_in_the_video(watch):
    client = await watch()
    await fragments(client, 5)
    await client.ask("Tell me a story")
    await fragments(client, 12)
    pictures, sound, rate_hz = played(all_video(client))
    rest = mouth(pictures[0][1])
    moves = next(at_s for at_s, picture in pictures if np.abs(mouth(picture) - rest).mean() > 3)
    sounds = next(at_s for at_s, samples in sound if np.abs(samples).max() > 0.02)
    assert rate_hz == 24000
    assert abs(moves - sounds) < 0.2
    assert moves > 0.5


async def test_the_background_has_the_colour_that_was_asked_for(watch):
    client = await watch()
    await fragments(client, 4)
    pictures, _, _ = played(all_video(client))
    corner = pictures[-1][1][2:20, 2:20].reshape(-1, 3).mean(axis=0)
    assert np.abs(corner - (0x20, 0xA0, 0x60)).max() < 4


async def test_audio_events_stop_since_the_video_has_the_sound(watch):
    client = await watch()
    await client.ask("Hi")
    assert not client.of_type("response.audio.delta")
    assert client.of_type("response.audio_transcript.delta")


@pytest.mark.parametrize("by", ["voice", "clear"])
async def test_an_interruption_silences_the_video_and_it_goes_on(watch, by):
    turns = {"type": "server_vad", "create_response": False}
    client = await watch(session={"turn_detection": turns})
    await client.ask("Tell me a story")
    await fragments(client, 3)
    if by == "voice":
        await client.append(tone(300))
    else:
        await client.send("output_audio_buffer.clear")
    await client.until("session.avatar.switch_to_idle")
    already = len(all_video(client))
    await fragments(client, 8)
    pictures, sound, _ = played(all_video(client))
    assert already > 0
    assert max(np.abs(samples).max() for at_s, samples in sound if at_s > sound[-1][0] - 0.8) < 0.01
    assert len(pictures) > 40
    assert boxes(all_video(client)).count("moov") == 1


@pytest.mark.proves("feature.large-messages")
async def test_messages_can_be_made_of_several_mib_and_play_all_the_same(watch):
    client = await watch(large_message_bytes=5 * MIB)
    sizes = [len(piece) for piece in await fragments(client, 13)]
    assert max(sizes) == 5 * MIB
    pictures, sound, _ = played(all_video(client))
    assert len(pictures) >= 50
    assert sound


async def test_the_video_ends_with_the_avatar(watch):
    client = await watch()
    await fragments(client, 3)
    await client.configure(voice=AZURE)
    await client.ask("Hi")
    assert client.of_type("response.audio.delta")
    assert "response.video.delta" not in client.types()[client.types().index("response.created") :]


async def test_a_key_frame_comes_as_often_as_asked(watch):
    client = await watch({**LISA, "video": {**LISA["video"], "gop_size": 5}})
    await fragments(client, 8)
    with av.open(io.BytesIO(all_video(client))) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert [number for number, key in enumerate(keys) if key] == list(range(0, len(keys), 5))


async def test_several_sessions_have_videos_of_their_own(watch):
    one, other = await watch(), await watch()
    await one.ask("Tell me a story")
    await asyncio.gather(fragments(one, 6), fragments(other, 6))
    _, sound, _ = played(all_video(other))
    assert max(np.abs(samples).max() for _, samples in sound) < 0.01
