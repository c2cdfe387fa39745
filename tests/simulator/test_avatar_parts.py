"""The parts of an avatar: the drawing, who speaks when, the ICE server, and life without the extra."""

import asyncio
import socket
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from pipecat_voicelive.protocol.blendshapes import BLENDSHAPES
from pipecat_voicelive.protocol.client_events import OutputAudioBufferClearEvent
from pipecat_voicelive.simulator.avatar.face import Expression, Face, View
from pipecat_voicelive.simulator.avatar.movie import Movie, filled
from pipecat_voicelive.simulator.avatar.options import avatar_options
from pipecat_voicelive.simulator.avatar.performance import Performance, view_of
from pipecat_voicelive.simulator.avatar.stage import AvatarStage
from pipecat_voicelive.simulator.avatar.stun import StunServer, binding_answer
from pipecat_voicelive.simulator.effects import Line, Perform, Send
from pipecat_voicelive.simulator.utterance import RATE_HZ, SpokenViseme, Utterance

LISA = avatar_options({"character": "lisa", "video": {"resolution": {"width": 320, "height": 180}}})
VIEW = View(width=160, height=120, center_x=80, center_y=60, unit=40)
SKY = (40, 120, 200)
OPEN = Expression(jaw_open=0.75)


def utterance(duration_ms, *, sample=1000):
    pcm = np.full(RATE_HZ * duration_ms // 1000, sample, "<i2").tobytes()
    return Utterance(pcm=pcm, words=(), visemes=(SpokenViseme(2, 0.0),))


def told(effects):
    return [type(effect.event).__name__ for effect in effects if isinstance(effect, Send)]


def lines(effects):
    """The times of what is spoken, as the effects leave it."""
    (perform,) = [effect for effect in effects if isinstance(effect, Perform)]
    return [(round(line.starts_s, 3), round(line.ends_s, 3)) for line in perform.lines]


@pytest.fixture
def stage():
    stage = AvatarStage(speed=2, preview=False)
    stage.configure(LISA, 0.0)
    return stage


# --- the drawing


def test_a_face_is_drawn_over_its_background():
    picture, _ = Face("lisa", VIEW, SKY).draw(Expression())
    assert picture.shape == (180, 160)
    luma, blue = picture[0, 0], picture[120, 0]
    assert abs(int(luma) - (16 + (65.481 * 40 + 128.553 * 120 + 24.966 * 200) / 255)) <= 1
    assert blue > 140
    assert picture[60, 80] != luma


def test_only_what_moves_changes_and_what_rests_is_not_drawn_again():
    face = Face("lisa", VIEW, SKY)
    resting, _ = face.draw(Expression())
    resting = resting.copy()
    assert face.draw(Expression())[1] is False
    speaking, changed = face.draw(OPEN)
    assert changed
    rows, columns = np.nonzero(speaking[:120] != resting[:120])
    assert (rows.min() > 60, rows.max() < 110) == (True, True)
    assert (columns.min() > 50, columns.max() < 110) == (True, True)
    assert np.array_equal(face.draw(Expression())[0], resting)


def test_characters_look_different_and_each_always_the_same():
    def drawn(character):
        return Face(character, VIEW, SKY).draw(Expression())[0].copy()

    assert np.array_equal(drawn("lisa"), drawn("lisa"))
    assert not np.array_equal(drawn("lisa"), drawn("harry"))


@pytest.mark.parametrize(
    "view",
    [
        View(width=160, height=120, center_x=-500, center_y=60, unit=40),
        View(width=160, height=120, center_x=80, center_y=60, unit=0.01),
        View(width=160, height=120, center_x=80, center_y=60, unit=4000),
        View(width=2, height=2, center_x=1, center_y=1, unit=1),
        View(width=160, height=120, center_x=80, center_y=60, unit=40, roll_rad=3.0),
    ],
)
def test_a_face_may_stand_anywhere(view):
    face = Face("lisa", view, SKY)
    face.draw(Expression())
    assert face.draw(OPEN)[0].shape == (view.height * 3 // 2, view.width)


@pytest.mark.parametrize("roll_rad", [0.0, 0.4, 1.3, 3.0])
def test_the_eyes_do_not_wipe_the_mouth_away(roll_rad):
    view = replace(VIEW, roll_rad=roll_rad)
    face, fresh = Face("lisa", view, SKY), Face("lisa", view, SKY)
    face.draw(OPEN)
    blinking, _ = face.draw(replace(OPEN, blink=1.0))
    assert np.array_equal(blinking, fresh.draw(replace(OPEN, blink=1.0))[0])


def test_expressions_follow_the_blendshapes():
    pose = np.zeros(len(BLENDSHAPES))
    pose[BLENDSHAPES.index("jawOpen")] = 0.5
    pose[BLENDSHAPES.index("eyeBlinkLeft")] = 1.0
    assert Expression.of(pose) == Expression(jaw_open=0.5, blink=1.0)
    assert Expression.of(pose, amplitude=0.5) == Expression(jaw_open=0.25, blink=1.0)


def test_the_crop_moves_the_face_and_the_resolution_sizes_it():
    whole = view_of(avatar_options({"character": "lisa"}))
    crop = {"top_left": [560, 0], "bottom_right": [1360, 1080]}
    half = view_of(
        avatar_options(
            {"character": "lisa", "video": {"crop": crop, "resolution": {"width": 400, "height": 540}}}
        )
    )
    assert (whole.width, whole.height) == (1920, 1080)
    assert (half.width, half.height) == (400, 540)
    assert half.center_x == (whole.center_x - 560) / 2
    assert half.unit == whole.unit / 2


@pytest.mark.parametrize(
    ("video", "scene"),
    [
        ({"bitrate": 1}, {}),
        ({"bitrate": 2**62}, {}),
        ({"gop_size": 1}, {}),
        ({"resolution": {"width": 3, "height": 3}}, {}),
        ({"crop": {"top_left": [5, 5], "bottom_right": [6, 6]}}, {}),
        ({}, {"zoom": 1e300}),
        ({}, {"zoom": 1e-300, "amplitude": 1e-9}),
        ({}, {"rotation_z": -3.14, "position_x": 1, "position_y": -1}),
    ],
)
def test_whatever_is_accepted_can_be_filmed(video, scene):
    photo = {"type": "photo-avatar", "model": "vasa-1", "character": "anika", "video": video, "scene": scene}
    movie = Movie(Performance(avatar_options(photo)), 0.0)
    assert movie.beginning()
    assert movie.next_fragment() + movie.next_fragment()


# --- what is seen and heard when


def test_sound_is_whole_though_it_is_asked_for_in_pieces():
    said = Utterance(pcm=np.arange(2400, dtype="<i2").tobytes(), words=(), visemes=())
    performance = Performance(LISA, (Line(said, 10.0, 10.1),))
    pieces = [performance.sound(9.99 + number * 0.02, 480) for number in range(7)]
    heard = np.concatenate(pieces)
    assert np.array_equal(heard[240:2640], np.arange(2400))
    assert not heard[:240].any()
    assert not heard[2640:].any()


def test_a_line_that_is_cut_is_silent_after_its_end():
    performance = Performance(LISA, (Line(utterance(1000), 10.0, 10.5),))
    assert performance.sound(10.48, 480).all()
    assert not performance.sound(10.5, 480).any()


def test_the_mouth_is_open_while_the_line_lasts():
    performance = Performance(LISA, (Line(utterance(1000), 10.0, 10.5),))
    resting = performance.picture(0.5)[0].copy()
    assert not np.array_equal(performance.picture(10.3)[0], resting)
    assert np.array_equal(performance.picture(0.5)[0], resting)


# --- who speaks when


def test_utterances_are_spoken_one_after_the_other(stage):
    assert lines(stage.speak("resp_1", utterance(1000), 10.0)) == [(10.0, 11.0)]
    assert lines(stage.speak("resp_1", utterance(500), 10.2)) == [(10.0, 11.0), (11.0, 11.5)]
    assert stage.deadline_s == 11.5
    assert stage.advance(11.4) == []
    assert told(stage.advance(11.5)) == ["SessionAvatarSwitchToIdle"]
    assert stage.deadline_s is None


def test_a_cancelled_response_is_spoken_as_far_as_it_was_made(stage):
    stage.speak("resp_1", utterance(1000), 10.0)
    assert lines(stage.cut(10.2)) == [(10.0, 10.4)]
    assert told(stage.advance(10.4)) == ["SessionAvatarSwitchToIdle"]


def test_what_was_queued_is_cut_where_it_was_made_too(stage):
    stage.speak("resp_1", utterance(1000), 10.0)
    stage.speak("resp_1", utterance(1000), 10.5)
    assert lines(stage.cut(10.6)) == [(10.0, 11.0), (11.0, 11.2)]


def test_a_clear_ends_the_line_and_drops_the_queue(stage):
    stage.speak("resp_1", utterance(1000), 10.0)
    stage.speak("resp_1", utterance(1000), 10.5)
    effects = stage.take(OutputAudioBufferClearEvent(), None, 10.7)
    assert lines(effects) == [(10.0, 10.7)]
    assert told(effects) == ["OutputAudioBufferCleared", "SessionAvatarSwitchToIdle"]
    assert stage.deadline_s is None


def test_without_an_avatar_nothing_happens():
    stage = AvatarStage(speed=2, preview=True)
    assert stage.speak("resp_1", utterance(1000), 10.0) == []
    assert stage.stop(10.0) == stage.cut(10.0) == stage.advance(10.0) == []
    assert stage.deadline_s is None


# --- the ICE server


async def test_the_ice_server_tells_where_a_request_comes_from():
    server = await StunServer.open("127.0.0.1")
    port = int(server.url("127.0.0.1").rpartition(":")[2])
    request = struct.pack("!HHI12s", 1, 0, 0x2112A442, b"transaction!")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("127.0.0.1", 0))
        asking.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(asking, request, ("127.0.0.1", port))
        answer = await asyncio.wait_for(loop.sock_recv(asking, 100), 5)
        mine = asking.getsockname()[1]
    server.close()
    assert answer[8:20] == b"transaction!"
    assert struct.unpack("!H", answer[26:28])[0] ^ 0x2112 == mine


@pytest.mark.parametrize(
    "noise", [b"", b"x" * 19, b"x" * 20, struct.pack("!HHI12s", 3, 0, 0x2112A442, b"t" * 12)]
)
def test_the_ice_server_ignores_noise(noise):
    assert binding_answer(noise, "127.0.0.1", 5) is None


def test_the_ice_server_speaks_ipv6():
    answer = binding_answer(struct.pack("!HHI12s", 1, 0, 0x2112A442, bytes(12)), "::1", 5)
    assert answer is not None
    assert answer[20:26] == struct.pack("!HHBB", 0x0020, 20, 0, 2)
    assert len(answer) == 20 + 4 + 20


# --- messages and the extra


def test_a_piece_of_video_is_filled_with_what_players_skip():
    assert filled(b"abc", 1003)[3:11] == struct.pack(">I4s", 1000, b"free")
    assert len(filled(b"abc", 1003)) == 1003
    assert filled(b"abc" * 10, 20) == b"abc" * 10


def test_aiortc_and_pyav_are_imported_only_for_an_avatar():
    code = (
        "import sys, pipecat_voicelive.simulator.server;"
        "assert not {'av', 'aiortc'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("protocol", ["webrtc", "websocket"])
async def test_without_the_extra_the_client_is_told_what_to_install(
    start, join, monkeypatch, caplog, protocol
):
    for part, library in (("peer", "aiortc"), ("movie", "av"), ("video", "av")):
        monkeypatch.delitem(sys.modules, f"pipecat_voicelive.simulator.avatar.{part}", raising=False)
        monkeypatch.setitem(sys.modules, library, None)
    client = await join(await start(), session={"avatar": {"character": "lisa", "output_protocol": protocol}})
    if protocol == "webrtc":
        offer = "eyJ0eXBlIjogIm9mZmVyIiwgInNkcCI6ICJ2PTAifQ=="
        await client.send("session.avatar.connect", client_sdp=offer, event_id="mine")
    error = await client.refused()
    assert error.code == "avatar_unavailable"
    assert error.event_id == ("mine" if protocol == "webrtc" else None)
    assert "pip install" in error.message
    assert "pip install" in caplog.text
    assert (await client.ask("Hi"))["status"] == "completed"


async def test_a_background_image_is_not_fetched_and_that_is_said(start, join, caplog):
    background = {"image_url": "https://pictures.example/beach.jpg"}
    avatar = {"character": "lisa", "video": {"background": background}}
    await join(await start(), session={"avatar": avatar})
    assert "background" in caplog.text
    assert "beach" not in caplog.text
