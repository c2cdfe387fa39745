"""The session: defaults, echoes, refusals."""

import pytest
from voice_live_client import Client
from websockets.asyncio.client import connect


async def test_created_shows_the_models_defaults_and_updated_those_of_voice_live(start, join):
    client = await join(await start(), session=None)
    created = client.raw[0]["session"]
    assert (created["modalities"], created["output_audio_format"]) == (["audio"], None)
    assert created["turn_detection"]["silence_duration_ms"] == 200
    updated = await client.configure()
    assert (sorted(updated["modalities"]), updated["output_audio_format"]) == (["audio", "text"], "pcm16")
    assert updated["turn_detection"]["silence_duration_ms"] == 500
    assert updated["id"] == created["id"]
    assert updated["expires_at"] == created["expires_at"]


async def test_a_cascaded_session_transcribes_and_speaks_with_azure_unasked(start, join):
    client = await join(await start(), model="gpt-4.1", session=None)
    session = client.raw[0]["session"]
    assert session["voice"] == {"type": "azure-standard", "name": "en-US-AvaNeural"}
    assert session["input_audio_transcription"]["model"] == "azure-speech"
    assert session["temperature"] == 0.8


async def test_an_update_replaces_what_an_earlier_one_set(client):
    await client.configure(instructions="Be brief.", input_audio_transcription={"model": "whisper-1"})
    session = await client.configure(tool_choice="none")
    assert session["instructions"] != "Be brief."
    assert session["input_audio_transcription"] is None
    assert session["tool_choice"] == "none"


async def test_an_update_can_be_merged_into_an_earlier_one(start, join):
    client = await join(await start(merge_session_updates=True))
    await client.configure(instructions="Be brief.")
    assert (await client.configure(tool_choice="none"))["instructions"] == "Be brief."


async def test_turn_detection_is_switched_off_by_null(client):
    assert (await client.configure(turn_detection=None))["turn_detection"] is None


async def test_unknown_members_of_turn_detection_are_accepted_and_echoed(client):
    session = await client.configure(turn_detection={"type": "server_vad", "window_size": 2})
    assert session["turn_detection"]["window_size"] == 2


async def test_the_cascaded_pipeline_echoes_what_was_not_asked_as_null(start, join):
    client = await join(await start(), model="gpt-4.1")
    session = await client.configure(turn_detection={"type": "server_vad", "threshold": 0.3})
    assert session["turn_detection"]["threshold"] == 0.3
    assert session["turn_detection"]["silence_duration_ms"] is None


async def test_a_voice_name_becomes_an_openai_voice(client):
    assert (await client.configure(voice="coral"))["voice"] == {"type": "openai", "name": "coral"}


ENDING = "session.turn_detection.end_of_utterance_detection.timeout"


def ending(timeout):
    detection = {"model": "semantic_detection_v1", "timeout": timeout}
    return {"turn_detection": {"type": "azure_semantic_vad", "end_of_utterance_detection": detection}}


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({"model": "gpt-4.1"}, "session.model"),
        ({"instrctions": "x"}, "session.instrctions"),
        ({"instructions": 5}, "session.instructions"),
        ({"modalities": ["audio"]}, "session.modalities"),
        ({"modalities": "text"}, "session.modalities"),
        ({"turn_detection": False}, "session.turn_detection"),
        (ending("abc"), ENDING),
        (ending([1]), ENDING),
        (ending(-1), ENDING),
        ({"include": ["item.input_audio_transcription.mood"]}, "session.include[0]"),
        ({"input_audio_transcription": {"model": "whisper"}}, "session.input_audio_transcription.model"),
        (
            {"input_audio_transcription": {"model": "azure-speech", "phrase_list": ["a"] * 500}},
            "session.input_audio_transcription.phrase_list",
        ),
        (
            {"input_audio_transcription": {"model": "azure-speech", "language": ",".join(["en"] * 11)}},
            "session.input_audio_transcription.language",
        ),
        ({"turn_detection": {"type": "none"}}, "session.turn_detection.type"),
        ({"turn_detection": {"type": "server_vad", "threshold": 2}}, "session.turn_detection.threshold"),
        (
            {"turn_detection": {"type": "server_vad", "silence_duration_ms": "500"}},
            "session.turn_detection.silence_duration_ms",
        ),
        ({"input_audio_sampling_rate": 11025}, "session.input_audio_sampling_rate"),
        ({"output_audio_format": "mp3"}, "session.output_audio_format"),
        ({"tools": [{"type": "function"}]}, "session.tools[0].name"),
        ({"voice": {"type": "azure-custom", "name": "mine"}}, "session.voice.endpoint_id"),
        ({"voice": {"type": "azure-realtime-native", "name": "ava"}}, "session.voice"),
        ({"max_response_output_tokens": 0}, "session.max_response_output_tokens"),
        ({"metadata": {"a": 1}}, "session.metadata.a"),
    ],
)
async def test_what_is_wrong_is_named(client, session, param):
    await client.send("session.update", session=session, event_id="mine")
    error = await client.refused()
    assert (error.type, error.param, error.event_id) == ("invalid_request_error", param, "mine")


async def test_a_refused_update_changes_nothing(start, join):
    client = await join(await start(merge_session_updates=True))
    await client.configure(instructions="Be brief.")
    await client.send("session.update", session={"instructions": "Shout.", "nonsense": 1})
    await client.refused()
    assert (await client.configure())["instructions"] == "Be brief."


async def test_turn_detection_keeps_its_type(client):
    await client.configure(turn_detection={"type": "server_vad"})
    await client.send("session.update", session={"turn_detection": {"type": "azure_semantic_vad"}})
    assert (await client.refused()).param == "session.turn_detection.type"


async def test_unknown_members_pass_when_it_is_not_strict(start, join):
    client = await join(await start(strict=False))
    assert (await client.configure(brand_new=1))["brand_new"] == 1


async def test_a_phi_model_calls_no_mcp_servers(start, join):
    client = await join(await start(), model="phi4-mm-realtime")
    tool = {"type": "mcp", "server_label": "sums", "server_url": "http://127.0.0.1:9/mcp"}
    await client.send("session.update", session={"tools": [tool]})
    assert (await client.refused()).param == "session.tools"


async def test_a_mistake_of_the_simulators_own_is_told_and_does_not_end_the_session(client, caplog):
    turns = {"type": "server_vad", "silence_duration_ms": 10**400}
    await client.send("session.update", event_id="mine", session={"turn_detection": turns})
    error = await client.refused()
    assert (error.type, error.event_id) == ("server_error", "mine")
    assert "failed at a session.update: OverflowError" in caplog.text
    await client.configure()


async def test_a_cascaded_model_has_no_openai_voice(start, join):
    client = await join(await start(), model="gpt-4.1")
    await client.send("session.update", session={"voice": "alloy"})
    assert (await client.refused()).param == "session.voice"


async def test_the_voice_is_fixed_once_it_has_spoken(client):
    await client.ask("Hello")
    await client.send("session.update", session={"voice": "coral"})
    assert (await client.refused()).code == "cannot_update_voice"


@pytest.mark.parametrize(
    ("session", "code"),
    [
        ({"reference_source": "server", "channels": 2}, "invalid_ec_channels_requires_client"),
        ({"reference_source": "client", "channels": 1}, "invalid_ec_reference_channels"),
    ],
)
async def test_echo_references_that_make_no_sense_are_refused(client, session, code):
    echo = {"type": "server_echo_cancellation", **session}
    await client.send("session.update", session={"input_audio_echo_cancellation": echo})
    assert (await client.refused()).code == code


TWO_CHANNELS = {"type": "server_echo_cancellation", "reference_source": "client", "channels": 2}


@pytest.mark.parametrize(
    ("session", "code"),
    [
        ({"input_audio_format": "g711_ulaw"}, "invalid_ec_channels_format"),
        ({"modalities": ["text"]}, "ec_not_supported"),
        ({"input_audio_sampling_rate": 44100}, "invalid_ec_channels_format"),
    ],
)
async def test_an_echo_reference_beside_what_it_cannot_be_beside_is_refused(client, session, code):
    await client.send("session.update", session={"input_audio_echo_cancellation": TWO_CHANNELS, **session})
    assert (await client.refused()).code == code


async def test_an_echo_reference_cannot_be_given_up_while_the_session_lasts(client):
    await client.configure(input_audio_echo_cancellation=TWO_CHANNELS)
    one = {"type": "server_echo_cancellation", "reference_source": "server", "channels": 1}
    await client.send("session.update", session={"input_audio_echo_cancellation": one})
    assert (await client.refused()).code == "change_in_ec_channels_not_allowed"


async def test_nothing_is_taken_before_the_first_update(start, join):
    client = await join(await start(), session=None)
    await client.send("response.create", event_id="early")
    error = await client.refused()
    assert (error.type, error.event_id) == ("invalid_request_error", "early")
    await client.configure()


async def test_an_unknown_event_is_refused_by_its_name(client):
    await client.send("response.sing", event_id="e1")
    error = await client.refused()
    assert "response.sing" in error.message
    assert (error.type, error.event_id) == ("invalid_request_error", "e1")


async def test_what_is_no_json_is_refused_and_the_session_goes_on(client):
    await client.socket.send("{not json")
    assert (await client.refused()).type == "invalid_request_error"
    assert (await client.ask("Hello"))["status"] == "completed"


async def test_an_agent_session_names_its_agent(start):
    simulator = await start()
    query = "/voice-live/realtime?api-version=2026-07-15&agent-name=clerk&agent-project-name=p"
    headers = {"Authorization": "Bearer t"}
    async with connect(f"{simulator.endpoint}{query}", additional_headers=headers) as socket:
        client = Client(socket)
        assert (await client.until("session.created"))["session"]["agent"]["name"] == "clerk"
        await client.send("session.update", session={"instructions": "x"})
        assert (await client.refused()).param == "session.instructions"


async def test_transcription_by_openai_models_is_refused_for_other_models(start, join):
    client = await join(await start(), model="gpt-4.1")
    await client.send("session.update", session={"input_audio_transcription": {"model": "whisper-1"}})
    assert (await client.refused()).param == "session.input_audio_transcription.model"
