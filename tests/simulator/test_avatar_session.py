"""An avatar as the client's events see it: options, who speaks when, and what is refused."""

import base64
import json

import pytest
from voice_live_client import tone

AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
LISA = {
    "character": "lisa",
    "style": "casual-sitting",
    "video": {"resolution": {"width": 320, "height": 180}},
}
PHOTO = {"type": "photo-avatar", "model": "vasa-1", "character": "anika"}
STORY = {
    "turns": [
        {"user": "Hi", "say": "Hello you."},
        {
            "user": "Tell me a story",
            "say": "Once upon a time there was a very long story without any end at all.",
        },
    ]
}


@pytest.fixture
async def lisa(start, join):
    """A session with an avatar."""
    return await join(await start(STORY), session={"voice": AZURE, "avatar": LISA})


def avatar(**members):
    return {**LISA, **members}


@pytest.mark.proves("rule.avatar-ice-servers")
@pytest.mark.proves(
    "session.avatar", "session.avatar.character", "session.avatar.style", "session.avatar.ice_servers"
)
async def test_a_client_without_ice_servers_is_given_some(start, join):
    client = await join(await start(), session=None)
    reported = (await client.configure(avatar=LISA))["avatar"]
    assert reported.items() >= {**LISA, "type": "video-avatar", "output_protocol": "webrtc"}.items()
    (server,) = reported["ice_servers"]
    assert server["urls"][0].startswith("stun:127.0.0.1:")
    assert server.keys() == {"urls", "username", "credential"}


async def test_a_simulator_at_every_address_names_the_one_that_the_client_used(start, join):
    client = await join(await start(host="0.0.0.0"))
    reported = (await client.configure(voice=AZURE, avatar=avatar()))["avatar"]
    assert reported["ice_servers"][0]["urls"][0].startswith("stun:127.0.0.1:")


async def test_the_clients_own_ice_servers_stay(start, join):
    mine = [{"urls": ["turn:turn.example:3478"], "username": "u", "credential": "c"}]
    client = await join(await start(), session=None)
    assert (await client.configure(avatar=avatar(ice_servers=mine)))["avatar"]["ice_servers"] == mine


async def test_video_over_the_websocket_needs_no_ice_servers(start, join):
    client = await join(await start(), session=None)
    session = await client.configure(avatar=avatar(output_protocol="websocket"))
    assert "ice_servers" not in session["avatar"]


@pytest.mark.proves(
    "avatar=video-avatar",
    "session.avatar.model",
    "session.avatar.customized",
    "session.avatar.video",
    "session.avatar.video.bitrate",
    "session.avatar.video.codec",
    "session.avatar.video.crop",
    "session.avatar.video.resolution",
    "session.avatar.video.background",
    "session.avatar.video.gop_size",
    "session.avatar.scene",
    "avatar=photo-avatar",
)
async def test_every_option_of_an_avatar_is_taken_and_reported(start, join):
    asked = {
        **PHOTO,
        "style": "calm",
        "customized": True,
        "video": {
            "bitrate": 500_000,
            "codec": "h264",
            "crop": {"top_left": [56, 0], "bottom_right": [456, 512]},
            "resolution": {"width": 200, "height": 256},
            "background": {"color": "#00FF00FF"},
            "gop_size": 25,
        },
        "scene": {"zoom": 1.2, "position_x": 0.1, "position_y": -0.1, "rotation_x": 0, "rotation_y": 0}
        | {"rotation_z": 0.1, "amplitude": 0.5},
        "output_protocol": "webrtc",
        "output_audit_audio": True,
    }
    client = await join(await start(), session=None)
    assert (await client.configure(avatar=asked))["avatar"].items() >= asked.items()


@pytest.mark.proves("rule.avatar-sizes")
@pytest.mark.parametrize(
    ("refused", "code", "param"),
    [
        ({"style": "x"}, "missing_required_parameter", "character"),
        (avatar(type="hologram"), "invalid_value", "type"),
        (avatar(type="photo-avatar"), "missing_required_parameter", "model"),
        (PHOTO | {"model": "vasa-2"}, "invalid_value", "model"),
        (avatar(output_protocol="rtmp"), "invalid_value", "output_protocol"),
        (avatar(output_audit_audio="yes"), "invalid_type", "output_audit_audio"),
        (avatar(ice_servers=[{"username": "u"}]), "missing_required_parameter", "ice_servers[0].urls"),
        (avatar(video={"codec": "vp9"}), "invalid_value", "video.codec"),
        (avatar(video={"gop_size": 0}), "integer_below_min_value", "video.gop_size"),
        (avatar(video={"gop_size": 2001}), "integer_above_max_value", "video.gop_size"),
        (avatar(video={"background": {"color": "green"}}), "invalid_value", "video.background.color"),
        (
            avatar(video={"background": {"color": "#00FF00FF", "image_url": "https://x.example/a.png"}}),
            "invalid_value",
            "video.background",
        ),
        (avatar(video={"resolution": {"width": 640, "height": 480}}), "invalid_argument", "video.resolution"),
        (avatar(video={"resolution": {"width": 0, "height": 0}}), "invalid_argument", "video.resolution"),
        (
            avatar(video={"resolution": {"width": 640}}),
            "missing_required_parameter",
            "video.resolution.height",
        ),
        (
            PHOTO | {"video": {"resolution": {"width": 640, "height": 360}}},
            "invalid_argument",
            "video.resolution",
        ),
        (
            avatar(video={"crop": {"top_left": [0, 0], "bottom_right": [4000, 1080]}}),
            "invalid_argument",
            "video.crop",
        ),
        (
            avatar(video={"crop": {"top_left": [500, 0], "bottom_right": [400, 1080]}}),
            "invalid_argument",
            "video.crop",
        ),
        (
            avatar(video={"crop": {"top_left": [500], "bottom_right": [400, 1080]}}),
            "invalid_value",
            "video.crop",
        ),
        (PHOTO | {"scene": {"zoom": 0}}, "invalid_value", "scene.zoom"),
        (PHOTO | {"scene": {"amplitude": 1.5}}, "decimal_above_max_value", "scene.amplitude"),
        (PHOTO | {"scene": {"position_x": -2}}, "decimal_below_min_value", "scene.position_x"),
    ],
)
async def test_an_avatar_that_cannot_be_is_refused(start, join, refused, code, param):
    client = await join(await start(), session=None)
    await client.send("session.update", session={"avatar": refused})
    error = await client.refused()
    assert (error.code, error.param) == (code, f"session.avatar.{param}")


@pytest.mark.proves("session.avatar.scene")
async def test_of_a_running_avatar_only_the_scene_can_change(start, join):
    client = await join(await start(), session={"avatar": PHOTO})
    session = await client.configure(avatar={**PHOTO, "scene": {"zoom": 2.0}})
    assert session["avatar"]["scene"] == {"zoom": 2.0}
    await client.send("session.update", session={"avatar": {**PHOTO, "character": "max"}})
    assert (await client.refused()).param == "session.avatar"


@pytest.mark.proves(
    "session.avatar.switch_to_speaking", "session.avatar.switch_to_idle", "feature.avatar-switches"
)
async def test_it_is_told_when_the_avatar_begins_and_ends_to_speak(lisa):
    await lisa.ask("Hi")
    idle = await lisa.until("session.avatar.switch_to_idle")
    (speaking,) = lisa.of_type("session.avatar.switch_to_speaking")
    assert speaking["turn_id"] == idle["turn_id"]
    types = lisa.types()
    assert types.index("session.avatar.switch_to_speaking") < types.index("response.audio_transcript.delta")


@pytest.mark.proves("rule.avatar-speaks-in-real-time")
async def test_the_avatar_speaks_in_real_time_though_the_answer_is_made_faster(lisa):
    await lisa.ask("Hi")
    types = lisa.types()
    assert "session.avatar.switch_to_speaking" in types
    assert "session.avatar.switch_to_idle" not in types


@pytest.mark.proves("session.avatar.output_audit_audio")
@pytest.mark.parametrize("audited", [False, True])
async def test_audio_comes_in_events_only_if_it_is_asked_for(start, join, audited):
    session = {"voice": AZURE, "avatar": avatar(output_audit_audio=audited)}
    client = await join(await start(STORY), session=session)
    done = await client.ask("Hi")
    assert bool(client.of_type("response.audio.delta")) is audited
    assert done["output"][0]["content"][0]["transcript"] == "Hello you."


@pytest.mark.proves("modalities=avatar")
async def test_avatar_may_stand_among_the_modalities(start, join):
    client = await join(await start(STORY), session={"modalities": ["text", "avatar"], "avatar": LISA})
    await client.ask("Hi")
    assert client.of_type("session.avatar.switch_to_speaking")


@pytest.mark.proves("output_audio_buffer.clear", "output_audio_buffer.cleared")
async def test_clearing_the_buffer_stops_the_avatar_at_once(lisa):
    await lisa.ask("Tell me a story")
    await lisa.send("output_audio_buffer.clear")
    await lisa.until("output_audio_buffer.cleared")
    assert (await lisa.next())["type"] == "session.avatar.switch_to_idle"


async def test_clearing_the_buffer_of_a_silent_avatar_is_answered_too(lisa):
    await lisa.send("output_audio_buffer.clear")
    await lisa.until("output_audio_buffer.cleared")
    await lisa.ask("Hi")
    assert not lisa.of_type("session.avatar.switch_to_idle")


async def test_a_voice_that_interrupts_stops_the_avatar_even_after_the_response(start, join):
    session = {"voice": AZURE, "avatar": LISA, "turn_detection": {"type": "server_vad"}}
    client = await join(await start(STORY), session=session)
    await client.ask("Tell me a story")
    await client.append(tone(300))
    await client.until("input_audio_buffer.speech_started")
    assert (await client.next())["type"] == "session.avatar.switch_to_idle"


async def test_a_cancelled_response_is_spoken_as_far_as_it_was_made(start, join):
    client = await join(await start(STORY, speed=1), session={"voice": AZURE, "avatar": LISA})
    await client.type("Tell me a story")
    await client.send("response.create")
    await client.until("session.avatar.switch_to_speaking")
    await client.send("response.cancel")
    await client.until("response.done")
    assert (await client.next())["type"] == "session.avatar.switch_to_idle"


async def test_what_the_avatar_was_saying_is_cut_where_it_was_interrupted(start, join):
    turns = {"type": "server_vad", "auto_truncate": True}
    session = {"voice": AZURE, "avatar": LISA, "turn_detection": turns}
    client = await join(await start(STORY), session=session)
    await client.ask("Tell me a story")
    await client.append(tone(300))
    assert (await client.until("conversation.item.truncated"))["audio_end_ms"] < 2000


@pytest.mark.proves("rule.avatar-speaks-in-real-time")
@pytest.mark.proves("output_audio_buffer.started", "output_audio_buffer.stopped")
async def test_previews_also_tell_when_the_audio_starts_and_stops(start, join):
    simulator = await start(STORY)
    client = await join(simulator, session={"avatar": LISA}, api_version="2026-06-01-preview")
    done = await client.ask("Hi")
    stopped = await client.until("output_audio_buffer.stopped")
    (started,) = client.of_type("output_audio_buffer.started")
    assert started["response_id"] == stopped["response_id"] == done["id"]


async def test_other_versions_do_not(lisa):
    await lisa.ask("Hi")
    await lisa.until("session.avatar.switch_to_idle")
    assert not [event for event in lisa.types() if event.startswith("output_audio_buffer")]


@pytest.mark.proves("rule.avatar-only-events")
@pytest.mark.parametrize("event", ["output_audio_buffer.clear", "session.avatar.connect"])
async def test_a_session_without_an_avatar_refuses_what_is_for_one(client, event):
    await client.send(event, client_sdp="")
    assert (await client.refused()).code == "avatar_not_configured"


async def test_video_over_the_websocket_is_not_connected(start, join):
    client = await join(await start(), session={"avatar": avatar(output_protocol="websocket")})
    await client.send("session.avatar.connect", client_sdp="")
    assert (await client.refused()).code == "invalid_value"


OFFER_WITHOUT_VIDEO = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


@pytest.mark.proves("rule.avatar-only-events")
@pytest.mark.parametrize(
    "client_sdp",
    [
        "no base64!",
        base64.b64encode(b"no json").decode(),
        base64.b64encode(b'{"type": "answer", "sdp": "v=0"}').decode(),
        base64.b64encode(b'{"type": "offer"}').decode(),
        base64.b64encode(json.dumps({"type": "offer", "sdp": OFFER_WITHOUT_VIDEO}).encode()).decode(),
        base64.b64encode(json.dumps({"type": "offer", "sdp": "m=video nonsense"}).encode()).decode(),
    ],
)
async def test_an_offer_that_is_none_is_refused_and_named(lisa, client_sdp):
    await lisa.send("session.avatar.connect", client_sdp=client_sdp, event_id="mine")
    error = await lisa.refused()
    assert (error.code, error.param, error.event_id) == ("invalid_value", "client_sdp", "mine")
