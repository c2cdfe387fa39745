"""What the commands that serve show, run as processes."""

import contextlib

import pytest
from command import running
from voice_live_client import QUERY, SPOKEN, Client
from websockets.asyncio.client import connect

from pipecat_voicelive.cli import main
from pipecat_voicelive.cli.serving import as_variable

SCENARIO = """
name: weather
turns:
  - {user: Hello, say: Good morning}
  - {user: "Weather?", call: {name: get_weather, arguments: {city: Lisbon}}, then: Sunny}
"""
TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO)
    return path


@contextlib.asynccontextmanager
async def client_of(endpoint, **session):
    url = f"{endpoint}{QUERY}gpt-realtime"
    async with connect(
        url, additional_headers={"api-key": "sesame"}, max_queue=None, max_size=None
    ) as socket:
        client = Client(socket)
        await client.configure(**session)
        yield client


async def use_a_tool(client):
    await client.type("Weather?")
    await client.send("response.create")
    call = (await client.until("response.function_call_arguments.done"))["call_id"]
    await client.until("response.done")
    output = {"type": "function_call_output", "call_id": call, "output": "sun"}
    await client.send("conversation.item.create", item=output)
    await client.send("response.create")
    await client.until("response.done")


async def test_the_start_names_the_page_and_what_to_copy(scenario):
    async with running("simulator", "--port", "0", "--scenario", scenario) as command:
        shown = await command.until("VoiceLiveLLMService(")
        endpoint = await command.endpoint()
        assert f"page:     {endpoint.replace('ws://', 'http://')}/\n" in shown
        assert "scenario: weather (2 turns)" in shown
        assert f"export AZURE_VOICE_LIVE_ENDPOINT={endpoint}\n" in shown
        assert f'VoiceLiveLLMService(endpoint="{endpoint}", api_key="anything")' in shown


def test_powershell_is_spoken_on_windows():
    assert as_variable("NAME", "it's", windows=True) == "$env:NAME = 'it''s'"
    assert as_variable("NAME", "<a key>", windows=False) == "export NAME='<a key>'"


async def test_who_said_what_and_how_long_it_took_is_shown(scenario):
    async with running("simulator", "--port", "0", "--scenario", scenario, "--speed", "inf") as command:
        async with client_of(await command.endpoint(), modalities=["text"], tools=[TOOL]) as client:
            await client.ask("Hello")
            await use_a_tool(client)
            await client.send("response.cancel")
            await client.until("error")
            await client.ask("\x1b[2J\nbad")
        shown = await command.until("the session is over, 1000")
    for line in (
        "session of gpt-realtime",
        "user: Hello",
        'assistant calls get_weather({"city": "Lisbon"})',
        "get_weather answers: sun  (after 0.",
        "assistant: Sunny  (after 0.",
        "error response_cancel_not_active",
        "user: \\x1b[2J\\nbad",
    ):
        assert line in shown
    assert "\x1b" not in shown


async def test_an_interruption_and_a_fault_are_shown(scenario):
    faults = ("--fault", 'close 4000 "Enough." at input_audio_buffer.speech_started 2')
    arguments = ("--port", "0", "--scenario", scenario, "--speed", "1", *faults)
    async with running("simulator", *arguments) as command:
        async with client_of(await command.endpoint()) as client:
            await client.append(SPOKEN)
            await client.until("response.audio.delta")
            await client.append(SPOKEN)
            await client.socket.wait_closed()
        shown = await command.until("the session is over, 4000")
    assert "(the caller interrupts)" in shown
    assert "(fault: close 4000 " in shown


async def test_beyond_this_machine_the_page_has_a_key_and_variables_that_work_here(scenario):
    async with running("simulator", "--port", "0", "--host", "0.0.0.0", "--scenario", scenario) as command:
        shown = await command.until("VoiceLiveLLMService(")
    assert "/#key=" in shown
    assert "others:   reach it by" in shown
    assert "export AZURE_VOICE_LIVE_ENDPOINT=ws://127.0.0.1:" in shown


async def test_quiet_shows_nothing_of_what_is_said(scenario):
    arguments = ("--port", "0", "--scenario", scenario, "--quiet")
    async with running("simulator", *arguments) as command:
        async with client_of(await command.endpoint(), modalities=["text"]) as client:
            await client.ask("Hello")
        shown, status = await command.stop()
    assert status == 0
    assert "Hello" not in shown
    assert "Good morning" not in shown


async def test_verbose_shows_the_wire_without_audio_and_keys(scenario):
    secret = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "http://127.0.0.1:9",
        "authorization": "sesame",
    }
    arguments = ("--port", "0", "--scenario", scenario, "--verbose", "--speed", "inf")
    async with running("simulator", *arguments) as command:
        async with client_of(await command.endpoint(), tools=[secret]) as client:
            await client.append(SPOKEN, piece_bytes=4800)
            await client.until("response.done")
            piece = client.of_type("response.audio.delta")[0]["delta"]
        shown = await command.until("the session is over")
    assert "-> input_audio_buffer.append (15 messages, 72000 bytes)" in shown
    assert "<- response.audio.delta item_" in shown
    assert "sesame" not in shown
    assert piece[:60] not in shown
    assert "AAAAAAAAAAAAAAAA" not in shown


async def test_session_updates_can_be_merged_and_unknown_members_be_let_pass(scenario):
    arguments = ("--port", "0", "--scenario", scenario, "--merge-session-updates", "--lenient")
    async with (
        running("simulator", *arguments) as command,
        client_of(await command.endpoint(), modalities=["text"]) as client,
    ):
        session = await client.configure(instructions="Be brief.", no_such_member=1)
    assert session["modalities"] == ["text"]


async def test_ctrl_c_ends_cleanly_with_open_sessions_and_a_page(scenario):
    async with running("simulator", "--port", "0", "--scenario", scenario) as command:
        endpoint = await command.endpoint()
        async with (
            client_of(endpoint) as client,
            connect(f"{endpoint}/simulator/control") as control,
        ):
            shown, status = await command.stop()
            assert status == 0
            assert shown.endswith("Ended.\n")
            assert "Traceback" not in shown
            await client.socket.wait_closed()
            await control.wait_closed()
            assert (client.socket.close_code, control.close_code) == (1001, 1001)


async def test_a_key_that_was_given_is_not_shown(scenario):
    arguments = ("--port", "0", "--scenario", scenario, "--api-key", "sesame", "--verbose")
    async with running("simulator", *arguments) as command:
        async with client_of(await command.endpoint(), modalities=["text"]) as client:
            await client.ask("Hello")
        shown, _ = await command.stop()
    assert "sesame" not in shown
    assert "<the key you gave>" in shown


async def test_what_was_recorded_is_played_and_departures_are_shown(scenario, tmp_path):
    tape = tmp_path / "call.jsonl"
    arguments = ("--port", "0", "--scenario", scenario, "--speed", "inf", "--record", tape)
    async with running("simulator", *arguments) as command:
        async with client_of(await command.endpoint(), modalities=["text"], tools=[TOOL]) as client:
            await client.ask("Hello")
            await use_a_tool(client)
        shown, _ = await command.stop()
    assert f"Recorded: {tape}" in shown
    async with running("replay", tape, "--port", "0") as command:
        endpoint = await command.endpoint()
        async with client_of(endpoint, modalities=["text"], tools=[TOOL]) as client:
            assert (await client.ask("Hello"))["output"][0]["content"][0]["text"] == "Good morning"
            await use_a_tool(client)
        async with client_of(endpoint, modalities=["text"], tools=[TOOL]) as client:
            await client.ask("Good evening")
        await command.until("[2]   TAPE   line")
        shown, status = await command.stop()
    assert status == 0
    assert "assistant: Good morning" in shown
    assert "item.content[0].text: expected 'Hello', got 'Good evening'" in shown
    assert "Session 1: the tape was played to its end; no departures." in shown
    assert "Session 2: the tape was played but for" in shown


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["replay", "/nowhere.jsonl"], "voicelive replay: The tape '/nowhere.jsonl' cannot be read"),
        (["simulator", "--record-audio"], "voicelive simulator: --record-audio needs --record FILE"),
        (["simulator", "--record", "/nowhere/a.jsonl"], "there is no folder '/nowhere'"),
    ],
)
def test_what_will_not_do_is_told(capsys, arguments, problem):
    assert main(arguments) == 1
    assert problem in capsys.readouterr().err
