"""A newcomer's walk, as `docs/howto/other-clients.md` has it: the command, and two clients beside it.

Nothing is known here but what the command prints.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.samples import STAND_INS, process_of, recording
from conformance.talk import ConformanceError, expect
from pipecat_voicelive.simulator import Speaker

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE_S = 60.0
_COMMAND = [sys.executable, "-c", "import sys; from pipecat_voicelive.cli import main; sys.exit(main())"]
_SCENARIO = """\
turns:
  - user: How warm is it in Lisbon?
    say: It is 21 degrees in Lisbon.
  - user: Thank you.
    say: You are welcome.
"""
_SAID = ("How warm is it in Lisbon?", "It is 21 degrees in Lisbon.", "Thank you.", "You are welcome.")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the walk; `wrong` is "" if it went well."""

    what: str
    wrong: str = ""


async def walk(samples: Path, folder: Path, speaker: Speaker) -> list[Step]:
    """Start the command, and point the built-in service and a sample of the SDK at what it prints."""
    scenario = folder / "scenario.yaml"
    scenario.write_text(_SCENARIO)
    steps: list[Step] = []
    async with _command(scenario, folder) as (variables, log):
        for what, client in (
            ("`voicelive simulator --tls`, and Pipecat's built-in service in a bot", _built_in(variables)),
            (
                "the same command, and the SDK's `basic_voice_assistant_async.py`",
                _sample(variables, log, samples, folder, speaker),
            ),
        ):
            log.clear()
            try:
                await client
                # What the command showed meanwhile. The sample asks for no transcripts of the caller.
                _expect_said(b"".join(log).decode(), _SAID[1::2])
            except (ConformanceError, TimeoutError) as error:
                steps.append(Step(what, f"{type(error).__name__}: {error}"))
            else:
                steps.append(Step(what))
    return steps


@contextlib.asynccontextmanager
async def _command(scenario: Path, folder: Path) -> AsyncIterator[tuple[dict[str, str], list[bytes]]]:
    """The command, running: the variables that it prints to be copied, and what it prints later."""
    command = await asyncio.create_subprocess_exec(
        *_COMMAND,
        *("simulator", "--tls", "--port", "0", "--scenario", str(scenario)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "XDG_CACHE_HOME": str(folder)},
    )
    assert command.stdout is not None
    variables: dict[str, str] = {}
    log: list[bytes] = []
    reading = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while "SSL_CERT_FILE" not in variables:
                line = (await command.stdout.readline()).decode()
                if not line:
                    raise ConformanceError("the command ended before it had printed SSL_CERT_FILE")
                words = shlex.split(line, comments=True)
                variables |= dict(word.split("=", 1) for word in words if "=" in word)
        reading = asyncio.create_task(_read(command.stdout, log))
        yield variables, log
        command.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            expect(await command.wait() == 0, "the command did not end well")
    finally:
        if command.returncode is None:
            command.kill()
            await command.wait()
        if reading is not None:
            await reading


async def _read(stream: asyncio.StreamReader, log: list[bytes]) -> None:
    while line := await stream.readline():
        log.append(line)


async def _built_in(variables: Mapping[str, str]) -> None:
    example = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / "built_in_service.py"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**_clean(), **variables},
    )
    output, _ = await example.communicate()
    expect(example.returncode == 0, f"it ended with {example.returncode}: {output.decode()[-500:]}")
    _expect_said(output.decode())


async def _sample(
    variables: Mapping[str, str], log: list[bytes], samples: Path, folder: Path, speaker: Speaker
) -> None:
    microphone = folder / "walk.pcm"
    microphone.write_bytes(await recording(speaker, ((0.3, _SAID[0]), (4.0, _SAID[2]))))
    environment = {
        **_clean(),
        **variables,
        "PYTHONPATH": str(STAND_INS),
        "STAND_IN_MICROPHONE": str(microphone),
        "STAND_IN_LOUDSPEAKER": str(folder / "walk-heard.pcm"),
    }
    async with process_of(samples / "basic_voice_assistant_async.py", environment) as (process, output):
        async with asyncio.timeout(PATIENCE_S):
            while _SAID[-1] not in b"".join(log).decode():
                expect(process.returncode is None, f"it ended: {b''.join(output).decode()[-500:]}")
                await asyncio.sleep(0.1)
            process.send_signal(signal.SIGINT)
            expect(await process.wait() == 0, f"it ended with {process.returncode}")


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}


def _expect_said(text: str, lines: tuple[str, ...] = _SAID) -> None:
    """That these were said, in this order."""
    rest = text
    for line in lines:
        expect(line in rest, f"{line!r} is missing from: {text[-800:]}")
        rest = rest.partition(line)[2]
