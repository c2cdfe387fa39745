"""An avatar over WebRTC: what a peer sees and hears of it."""

import asyncio
import base64
import json
import shutil
import subprocess
import sys
import time
from contextlib import AsyncExitStack

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from voice_live_client import tone

from pipecat_voicelive.simulator.avatar.options import avatar_options
from pipecat_voicelive.simulator.avatar.performance import view_of

AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
SMALL = {"resolution": {"width": 320, "height": 180}}
LISA = {"character": "lisa", "video": {**SMALL, "background": {"color": "#20A060FF"}}}
STORY = {
    "turns": [
        {"user": "Hi", "say": "Hello you, how are you?"},
        {
            "user": "Tell me a story",
            "say": "Once upon a time there was a very long story without any end at all.",
        },
    ]
}


class Peer:
    """The far end of an avatar: keeps every picture and all sound, each with the time it came."""

    def __init__(self, client, ice_servers=()):
        servers = [RTCIceServer(**server) for server in ice_servers]
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self.client = client
        self.pictures = []
        self.sound = []
        self._changed = asyncio.Condition()
        self.tasks = []
        self.connection.on("track", lambda track: self.tasks.append(asyncio.create_task(self._take(track))))

    async def offer(self, *, direction="recvonly", codecs=None, kinds=("video", "audio")):
        self.channel = self.connection.createDataChannel("eventChannel")
        for kind in kinds:
            transceiver = self.connection.addTransceiver(kind, direction=direction)
            if kind == "video" and codecs:
                known = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([codec for codec in known if codec.name in codecs])
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = {"type": "offer", "sdp": self.connection.localDescription.sdp}
        await self.client.send(
            "session.avatar.connect", client_sdp=base64.b64encode(json.dumps(offer).encode()).decode()
        )

    async def connect(self, **offered):
        await self.offer(**offered)
        answer = json.loads(
            base64.b64decode((await self.client.until("session.avatar.connecting"))["server_sdp"])
        )
        assert answer.keys() == {"type", "sdp"}
        await self.connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        return answer["sdp"]

    async def _take(self, track):
        try:
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.pictures.append((time.monotonic(), frame.to_ndarray(format="rgb24")))
                else:
                    self.sound.append((time.monotonic(), frame.to_ndarray()[0, ::2]))
                async with self._changed:
                    self._changed.notify_all()
        except MediaStreamError:
            pass

    async def until(self, condition):
        async with self._changed, asyncio.timeout(15):
            await self._changed.wait_for(condition)

    async def pictures_for(self, count):
        """The next pictures."""
        first = len(self.pictures)
        await self.until(lambda: len(self.pictures) >= first + count)
        return np.stack([picture for _, picture in self.pictures[first : first + count]]).astype(float)

    def heard(self, since_s=0.0):
        """All sound since a moment, mono at 48 kHz."""
        return np.concatenate([sound for at_s, sound in self.sound if at_s >= since_s] or [np.zeros(0)])

    async def aclose(self):
        await self.connection.close()
        await asyncio.gather(*self.tasks)


@pytest.fixture
async def face_to_face(start, join):
    """Sessions with an avatar and a peer that sees it."""
    async with AsyncExitStack() as cleanup:

        async def meet(avatar=LISA, *, connect=(), scenario=STORY, **session):
            client = await join(await start(scenario), session={"voice": AZURE, "avatar": avatar, **session})
            ice_servers = client.of_type("session.updated")[-1]["session"]["avatar"]["ice_servers"]
            peer = Peer(client, ice_servers)
            cleanup.push_async_callback(peer.aclose)
            await peer.connect(**dict(connect))
            await peer.until(lambda: len(peer.pictures) > 5)
            return client, peer

        yield meet


def mouth(pictures, avatar=LISA):
    """The part of pictures in which the mouth is."""
    view = view_of(avatar_options(avatar))
    x, y, unit = view.center_x, view.center_y, view.unit
    return pictures[
        :, round(y + 0.35 * unit) : round(y + 0.9 * unit), round(x - 0.5 * unit) : round(x + 0.5 * unit)
    ]


def movement(pictures):
    """How much pictures differ from one to the next, at most."""
    return np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)).max()


@pytest.mark.proves(
    "session.avatar.connect",
    "session.avatar.connecting",
    "session.avatar.output_protocol",
    "avatar=video-avatar",
    "avatar.output_protocol=webrtc",
    "feature.avatar-webrtc",
)
async def test_the_mouth_moves_while_the_avatar_speaks_and_rests_before(face_to_face):
    client, peer = await face_to_face()
    resting = movement(mouth(await peer.pictures_for(10)))
    await client.ask("Tell me a story")
    speaking = movement(mouth(await peer.pictures_for(25)))
    assert resting < 1
    assert speaking > 5


async def test_what_is_heard_is_the_answer(face_to_face):
    client, peer = await face_to_face(avatar={**LISA, "output_audit_audio": True})
    began_s = time.monotonic()
    await client.ask("Hi")
    await client.until("session.avatar.switch_to_idle")
    said = b"".join(base64.b64decode(event["delta"]) for event in client.of_type("response.audio.delta"))
    loudness = _loudness(np.frombuffer(said, "<i2"), 24000)
    await peer.until(lambda: len(_loudness(peer.heard(began_s), 48000)) >= len(loudness) + 10)
    heard = _loudness(peer.heard(began_s), 48000)
    fits = [
        np.corrcoef(heard[lag : lag + len(loudness)], loudness)[0, 1]
        for lag in range(len(heard) - len(loudness))
    ]
    assert max(fits) > 0.95


def _loudness(samples, rate_hz):
    """Root mean square of every 20 ms."""
    size = rate_hz // 50
    pieces = samples[: len(samples) // size * size].reshape(-1, size).astype(float)
    return np.sqrt((pieces**2).mean(axis=1))


async def test_mouth_and_sound_are_in_step(face_to_face):
    client, peer = await face_to_face()
    before = len(peer.pictures)
    rest = mouth(np.stack([peer.pictures[-1][1]]).astype(float))[0]
    await client.ask("Tell me a story")
    await peer.until(lambda: np.abs(peer.heard()).max(initial=0) > 1000)
    first_sound_s = next(at_s for at_s, sound in peer.sound if np.abs(sound).max() > 1000)
    await peer.until(lambda: len(peer.pictures) > before + 20)
    first_move_s = next(
        at_s
        for at_s, picture in peer.pictures[before:]
        if np.abs(mouth(picture[None].astype(float))[0] - rest).mean() > 3
    )
    assert abs(first_sound_s - first_move_s) < 0.4


@pytest.mark.proves("feature.avatar-background", "session.avatar.video.background")
async def test_the_background_has_the_colour_that_was_asked_for(face_to_face):
    _, peer = await face_to_face()
    corner = peer.pictures[-1][1][2:20, 2:20].reshape(-1, 3)
    assert np.abs(corner.mean(axis=0) - (0x20, 0xA0, 0x60)).max() < 4


@pytest.mark.proves("session.avatar.video.resolution", "session.avatar.video.crop")
@pytest.mark.parametrize(
    ("video", "width", "height"),
    [
        ({"resolution": {"width": 480, "height": 270}}, 480, 270),
        ({"crop": {"top_left": [720, 100], "bottom_right": [1200, 740]}}, 480, 640),
        (
            {
                "crop": {"top_left": [560, 0], "bottom_right": [1360, 1080]},
                "resolution": {"width": 200, "height": 270},
            },
            200,
            270,
        ),
    ],
)
async def test_the_picture_has_the_size_that_was_asked_for(face_to_face, video, width, height):
    _, peer = await face_to_face({"character": "harry", "video": video})
    assert peer.pictures[-1][1].shape == (height, width, 3)


@pytest.mark.proves("avatar=photo-avatar", "session.avatar.scene", "feature.avatar-scene")
async def test_the_scene_of_a_photo_avatar_changes_while_it_is_seen(face_to_face):
    photo = {
        "type": "photo-avatar",
        "model": "vasa-1",
        "character": "anika",
        "video": {"resolution": {"width": 256, "height": 256}, "background": {"color": "#00FF00FF"}},
    }
    client, peer = await face_to_face(photo)

    def green():
        red, green, blue = np.moveaxis(peer.pictures[-1][1].astype(int), -1, 0)
        return np.mean((green > 220) & (red < 40) & (blue < 40))

    as_usual = green()
    await client.configure(voice=AZURE, avatar={**photo, "scene": {"zoom": 0.5}})
    await peer.until(lambda: green() > as_usual + 0.05)
    await client.configure(voice=AZURE, avatar={**photo, "scene": {"zoom": 1.6}})
    await peer.until(lambda: green() < as_usual - 0.1)


async def test_an_interruption_silences_the_avatar_at_once(face_to_face):
    client, peer = await face_to_face(turn_detection={"type": "server_vad", "create_response": False})
    await client.ask("Tell me a story")
    await peer.until(lambda: np.abs(peer.heard()).max(initial=0) > 1000)
    await client.append(tone(300))
    await client.until("session.avatar.switch_to_idle")
    # What is on its way has come after a moment.
    stopped = len(peer.sound)
    await peer.until(lambda: len(peer.sound) > stopped + 60)
    assert np.abs(np.concatenate([sound for _, sound in peer.sound[stopped + 20 :]])).max() < 100
    assert movement(mouth(await peer.pictures_for(10))) < 1


async def test_clearing_the_buffer_silences_the_avatar(face_to_face):
    client, peer = await face_to_face()
    await client.ask("Tell me a story")
    await peer.until(lambda: np.abs(peer.heard()).max(initial=0) > 1000)
    await client.send("output_audio_buffer.clear")
    await client.until("output_audio_buffer.cleared")
    stopped = len(peer.sound)
    await peer.until(lambda: len(peer.sound) > stopped + 60)
    assert np.abs(np.concatenate([sound for _, sound in peer.sound[stopped + 20 :]])).max() < 100


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_video_has_the_codec_that_is_offered(face_to_face, codec):
    _, peer = await face_to_face(connect={"codecs": (codec, "rtx"), "direction": "sendrecv"})
    stats = await peer.connection.getStats()
    assert f"{codec}/90000" in peer.connection.remoteDescription.sdp
    assert any(report.type == "inbound-rtp" and report.kind == "video" for report in stats.values())


async def test_h264_is_preferred_and_the_avatar_only_sends(face_to_face):
    _, peer = await face_to_face(connect={"direction": "sendrecv"})
    sdp = peer.connection.remoteDescription.sdp
    assert "H264/90000" in sdp
    assert "VP8" not in sdp
    assert sdp.count("a=sendonly") == 2


async def test_a_data_channel_opens(face_to_face):
    _, peer = await face_to_face()
    await peer.until(lambda: peer.channel.readyState == "open")


async def test_an_offer_without_sound_shows_the_face(face_to_face):
    _, peer = await face_to_face(connect={"kinds": ("video",)})
    assert peer.pictures


async def test_a_second_peer_takes_the_place_of_the_first(face_to_face):
    client, first = await face_to_face()
    second = Peer(client)
    await second.connect()
    await second.until(lambda: len(second.pictures) > 5)
    await second.aclose()
    for task in first.tasks:
        await asyncio.wait_for(task, 10)


async def test_a_session_that_is_cut_while_one_peer_takes_the_place_of_another_is_over(start, join):
    async with asyncio.timeout(20):
        simulator = await start(STORY)
        client = await join(simulator, session={"voice": AZURE, "avatar": LISA})
        first, second = Peer(client), Peer(client)
        await first.connect()
        await first.until(lambda: len(first.pictures) > 5)
        await second.offer()
        client.socket.transport.abort()
        await simulator.aclose()
        await first.aclose()
        await second.aclose()


async def test_an_offer_that_cannot_be_used_is_told_what_is_needed(start, join):
    client = await join(await start(STORY), session={"voice": AZURE, "avatar": LISA})
    offer = json.dumps({"type": "offer", "sdp": "v=0\r\nm=video 9 X 96\r\n"}).encode()
    await client.send("session.avatar.connect", client_sdp=base64.b64encode(offer).decode())
    assert "the whole local description" in (await client.refused()).message


async def test_pictures_come_in_real_time(face_to_face):
    _, peer = await face_to_face()
    began_s, before = time.monotonic(), len(peer.pictures)
    await peer.pictures_for(50)
    rate = (len(peer.pictures) - before) / (time.monotonic() - began_s)
    assert 20 < rate < 30


ALONE = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""Runs a command on a machine that has nothing but loopback."""


without_network = pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run([*ALONE, "true"], check=False).returncode != 0,
    reason="networks cannot be taken away here",
)


@without_network
def test_it_works_on_a_machine_without_a_network():
    test = f"{__file__}::{test_a_data_channel_opens.__name__}"
    command = [*ALONE, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout


LEAVES_NO_TRACE = """
import asyncio
from aioice import ice
from pipecat_voicelive.simulator import VoiceLiveSimulator

async def main():
    usual = ice.get_host_addresses
    async with VoiceLiveSimulator():
        async with VoiceLiveSimulator():
            pass
        print(ice.get_host_addresses(True, False))
    print(ice.get_host_addresses is usual)

asyncio.run(main())
"""


@without_network
def test_other_peers_are_as_they_were_once_the_simulator_is_closed():
    command = [*ALONE, sys.executable, "-c", LEAVES_NO_TRACE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "['127.0.0.1']\nTrue\n", done.stderr
