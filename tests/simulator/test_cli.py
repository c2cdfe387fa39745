"""The `voicelive` command, run as a user runs it."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import pytest
from voice_live_client import QUERY, Client
from websockets.asyncio.client import connect

from pipecat_voicelive import simulator
from pipecat_voicelive.cli import main
from pipecat_voicelive.simulator.faults.catalogue import catalogue

COMMAND = [sys.executable, "-c", "import sys; from pipecat_voicelive.cli import main; sys.exit(main())"]


async def test_the_simulator_tells_its_endpoint_shows_the_talk_and_ends_cleanly(tmp_path):
    scenario = tmp_path / "s.yaml"
    scenario.write_text("name: demo\nturns:\n  - {user: Hello, say: Good morning}\n")
    arguments = ["simulator", "--port", "0", "--scenario", str(scenario), "--speed", "inf"]
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            shown = ""
            while "AZURE_VOICE_LIVE_API_KEY" not in shown:
                shown += (await process.stdout.readline()).decode()
            endpoint = shown.split("simulated at ")[1].split()[0]
            assert "demo (1 turn)" in shown
            url = f"{endpoint}{QUERY}gpt-realtime"
            async with connect(url, additional_headers={"api-key": "k"}, max_queue=None) as socket:
                client = Client(socket)
                await client.configure(modalities=["text"])
                await client.ask("Hello")
            process.send_signal(signal.SIGINT)
            shown = (await process.stdout.read()).decode()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "user: Hello" in shown
    assert "assistant: Good morning" in shown
    assert "Traceback" not in shown


async def test_faults_are_told_at_the_start_and_when_they_happen():
    arguments = ["simulator", "--port", "0", "--seed", "7", "--fault", "duplicate at every response.done"]
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            shown = ""
            while "AZURE_VOICE_LIVE_API_KEY" not in shown:
                shown += (await process.stdout.readline()).decode()
            assert "fault:    duplicate at every response.done\n  seed:     7" in shown
            url = f"{shown.split('simulated at ')[1].split()[0]}{QUERY}gpt-realtime"
            async with connect(url, additional_headers={"api-key": "k"}, max_queue=None) as socket:
                client = Client(socket)
                await client.configure(modalities=["text"])
                await client.ask("Hello")
                await client.until("response.done")
            while "(fault: duplicate at every response.done)" not in shown:
                shown += (await process.stdout.readline()).decode()
    finally:
        process.kill()
        await process.wait()


def test_all_faults_are_listed(capsys):
    assert main(["simulator", "--list-faults"]) == 0
    listed = capsys.readouterr().out
    assert all(f"\n{entry.usage}\n" in f"\n{listed}" for entry in catalogue())


def test_a_fault_that_is_wrong_is_told_what_to_write(capsys):
    assert main(["simulator", "--fault", "dorp"]) == 1
    assert "did you mean 'drop'?" in capsys.readouterr().err


def test_a_scenario_that_is_wrong_is_named(tmp_path, capsys):
    path = tmp_path / "s.yaml"
    path.write_text("turn: []")
    assert main(["simulator", "--scenario", str(path)]) == 1
    assert "did you mean 'turns'" in capsys.readouterr().err


def test_a_line_that_the_simulated_caller_cannot_say_is_named_with_its_place(tmp_path, capsys):
    scenario = tmp_path / "s.yaml"
    scenario.write_text("turns:\n  - {user: 'To {city}', say: x}\n")
    assert main(["simulator", "--scenario", str(scenario), "--caller"]) == 1
    assert "s.yaml:2:5: turns[0] needs 'spoken'" in capsys.readouterr().err


def test_scenario_files_are_checked(tmp_path, capsys):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("name: tea\nturns:\n  - {user: Hello, say: Good morning}\n")
    bad.write_text("turns:\n  - user: Hello\n    sya: Good morning\n")
    assert main(["scenario", "check", str(good)]) == 0
    assert main(["scenario", "check", str(bad), str(good)]) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [f"{good}: tea, 1 turn, no mistakes"] * 2
    assert f"{bad}:3:5: turns[0].sya is unknown; did you mean 'say'?" in shown.err


def test_the_schema_that_is_printed_is_the_one_in_the_package(capsys):
    assert main(["scenario", "schema"]) == 0
    packaged = Path(simulator.__file__).with_name("scenario.schema.json")
    assert capsys.readouterr().out == packaged.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "given", "advice"),
    [
        ("--speed", "0", "'0' is no speed: give a number above 0"),
        ("--speed", "fast", "'fast' is no speed"),
        ("--brain", "psychic", "invalid choice: 'psychic'"),
        ("--port", "70000", "'70000' is no port: give 1 to 65535"),
        ("--port", "web", "'web' is no port"),
        ("--api-key", "", "it must not be empty; leave it out to take any key"),
    ],
)
def test_an_option_that_will_not_do_is_told_what_would(capsys, option, given, advice):
    with pytest.raises(SystemExit):
        main(["simulator", option, given])
    assert f"argument {option}: {advice}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["simulator", "--scenrio", "x"], "'--scenrio' is unknown; did you mean '--scenario'?"),
        (["replay", "call.jsonl", "--realtime=1"], "'--realtime=1' is unknown; did you mean '--real-time'?"),
        (["simulator", "x.yaml"], "'x.yaml' is unknown\n"),
        (["scenario", "check", "--all", "x"], "'--all' is unknown\n"),
    ],
)
def test_an_unknown_option_is_told_what_the_command_has(capsys, arguments, shown):
    with pytest.raises(SystemExit):
        main(arguments)
    told = capsys.readouterr().err
    assert shown in told
    assert told.startswith(f"usage: voicelive {arguments[0]}")


def test_the_exit_status_of_a_command_that_was_killed_is_that_of_shells(capfd):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert main(["run", "--", sys.executable, "-c", code]) == 137


def test_a_host_that_is_not_this_machine_is_named(capsys):
    assert main(["simulator", "--host", "192.0.2.7", "--port", "0"]) == 1
    assert "is --host '192.0.2.7' an address of this machine?" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_so(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["simulator", "--port", str(taken.getsockname()[1])]) == 1
    assert "give another --port" in capsys.readouterr().err


def test_a_command_is_run_against_a_service_of_its_own_and_gives_the_exit_status(capfd):
    code = "import os; print(os.environ['AZURE_VOICE_LIVE_ENDPOINT']); exit(3)"
    assert main(["run", "--", sys.executable, "-c", code]) == 3
    assert capfd.readouterr().out.startswith("ws://127.0.0.1:")


def test_a_command_that_does_not_exist_is_named(capsys):
    assert main(["run", "--", "no-such-command"]) == 1
    assert "there is no command 'no-such-command'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (["--brain-url", "http://x/v1"], "are for --brain openai"),
        (["--brain", "openai"], "needs --brain-model NAME"),
        (["--brain", "openai", "--brain-model", "m"], "set OPENAI_API_KEY"),
        (["--brain", "openai", "--brain-model", "m", "--brain-url", "x"], "must begin with http://"),
    ],
)
def test_a_brain_that_cannot_be_asked_is_told_what_it_needs(capsys, monkeypatch, options, advice):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert main(["simulator", *options]) == 1
    assert advice in capsys.readouterr().err
