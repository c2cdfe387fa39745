"""The samples that Microsoft publishes with its SDK, run unchanged against the simulator.

They come from the SDK's source distribution on PyPI, into a temporary folder, and run as processes of their
own: endpoint, key and trust in their environment, a stand-in for the sound card they want, another for the
Azure CLI where they want a token. A sample counts as run when the conversation was had as the simulator saw
it, and the process ended well and without a complaint.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from conformance.internet import mcp_servers_of_the_sample
from conformance.matrix import said
from conformance.talk import RATE_HZ, ConformanceError, expect
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.simulator import SimulatedSession, Speaker, VoiceLiveSimulator
from pipecat_voicelive.simulator.certificate import TlsFiles

STAND_INS = Path(__file__).parent / "stand_ins"
PATIENCE_S = 60.0
_LOUD = 500
_COMPLAINTS = ("Traceback", "ERROR", "❌", "Fatal Error", "Error:")

Check = Callable[[SimulatedSession], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample, and the conversation that is had with it.

    Attributes:
        file: Where it is in the distribution's `samples`.
        about: What is to happen, in words.
        has_happened: Waits on the simulator's side until all of it has.
        scenario: What the simulator says.
        caller: What the caller says and how many seconds he waits before it; () for samples without sound.
        environment: Variables besides endpoint, key and trust.
        needs: Modules that it imports and the SDK does not bring.
        loud_s: How many seconds of speech the loudspeaker has to play at least.
        meanwhile: What has to be there meanwhile, given a folder for files.
        ends: It ends of itself; others are ended with Ctrl-C.
        why_not: Why it is not run, "" if it is.
    """

    file: str
    about: str
    has_happened: Check | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict[str, Any])
    caller: tuple[tuple[float, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    needs: tuple[str, ...] = ()
    loud_s: float = 0.0
    meanwhile: Callable[[Path], contextlib.AbstractAsyncContextManager[object]] | None = None
    ends: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class SampleOutcome:
    """What came of a sample: `wrong` is "" if it ran, `why_not` says why it was not run."""

    sample: Sample
    wrong: str = ""
    why_not: str = ""


def download(folder: Path) -> Path:
    """Fetch the source distribution of the SDK that is installed; returns the folder of samples."""
    name = f"azure-ai-voicelive=={version('azure-ai-voicelive')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--no-binary", ":all:", "--dest", str(folder), name], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    (samples,) = folder.glob("*/samples")
    return samples


def unlisted(samples: Path) -> list[str]:
    """Samples that were published and stand in no list here."""
    published = {str(path.relative_to(samples)) for path in samples.rglob("*.py")} - {"utils.py"}
    return sorted(published - {sample.file for sample in SAMPLES})


async def run_sample(
    sample: Sample, samples: Path, folder: Path, speaker: Speaker, tls: TlsFiles
) -> SampleOutcome:
    """Run a sample and have its conversation."""
    missing = [module for module in sample.needs if find_spec(module) is None]
    if sample.why_not or missing:
        return SampleOutcome(sample, why_not=sample.why_not or f"{', '.join(missing)} is not installed")
    try:
        async with (
            sample.meanwhile(folder) if sample.meanwhile else contextlib.nullcontext(),
            VoiceLiveSimulator(sample.scenario, speech=speaker, tls=tls) as simulator,
        ):
            await _converse(sample, samples, folder, speaker, simulator)
    except (ConformanceError, TimeoutError) as error:
        return SampleOutcome(sample, f"{type(error).__name__}: {error}")
    return SampleOutcome(sample)


async def _converse(
    sample: Sample, samples: Path, folder: Path, speaker: Speaker, simulator: VoiceLiveSimulator
) -> None:
    microphone, loudspeaker = folder / "microphone.pcm", folder / "loudspeaker.pcm"
    microphone.write_bytes(await recording(speaker, sample.caller))
    loudspeaker.write_bytes(b"")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "AGENT_"))},
        "AZURE_VOICELIVE_ENDPOINT": simulator.endpoint,
        "AZURE_VOICELIVE_API_KEY": "any-key",
        "AZURE_VOICELIVE_USE_API_KEY": "true",
        "SSL_CERT_FILE": str(simulator.certificate),
        "PYTHONPATH": str(STAND_INS),
        "PYTHONUNBUFFERED": "1",
        "STAND_IN_MICROPHONE": str(microphone),
        "STAND_IN_LOUDSPEAKER": str(loudspeaker),
        **sample.environment,
        "PATH": f"{STAND_INS / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    async with process_of(samples / sample.file, environment) as (process, output):
        try:
            session = await simulator.wait_for_session(timeout_s=PATIENCE_S)
            assert sample.has_happened is not None
            await sample.has_happened(session)
            await _has_played(loudspeaker, sample.loud_s)
            said_meanwhile = b"".join(output).decode(errors="ignore")
            if not sample.ends:
                process.send_signal(signal.SIGINT)
            async with asyncio.timeout(PATIENCE_S):
                status = await process.wait()
        except TimeoutError as error:
            raise ConformanceError(f"{error}; it says: {_tail(output)}") from error
    expect(status == 0, f"it ended with {status}; it says: {_tail(output)}")
    # When it is ended, some piece of the microphone's may be on its way, of which the SDK complains.
    complaints = [line for line in said_meanwhile.splitlines() if any(word in line for word in _COMPLAINTS)]
    expect(not complaints, f"it complains: {complaints[:3]}")
    expect(b"Traceback" not in b"".join(output), f"it fails at its end: {_tail(output)}")
    errors = [error.error.message for error in session.sent("error")]
    expect(not errors, f"it was refused something: {errors}")


@contextlib.asynccontextmanager
async def process_of(
    path: Path, environment: Mapping[str, str]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[bytes]]]:
    """The sample's process and what it prints; it is gone at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(path),
        cwd=path.parent,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    output: list[bytes] = []

    async def read(stream: asyncio.StreamReader) -> None:
        while piece := await stream.read(65536):
            output.append(piece)

    reading = asyncio.create_task(read(process.stdout))
    try:
        yield process, output
        await reading
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading


def _tail(output: list[bytes]) -> str:
    return b"".join(output).decode(errors="replace")[-800:]


async def _has_played(loudspeaker: Path, wanted_s: float) -> None:
    """Wait until so many seconds of sound were played."""
    for _ in range(200):
        if (loud_s := _loud_seconds(loudspeaker)) >= wanted_s:
            return
        await asyncio.sleep(0.1)
    raise ConformanceError(f"the loudspeaker played {loud_s:.1f} s of speech")


def _loud_seconds(recording: Path) -> float:
    """How long there is sound, counted in pieces of 50 ms."""
    audio, piece = recording.read_bytes(), RATE_HZ // 20
    pieces = np.frombuffer(audio[: len(audio) // (2 * piece) * 2 * piece], "<i2").reshape(-1, piece)
    return int((pieces.max(axis=1, initial=0) > _LOUD).sum()) / 20


async def recording(speaker: Speaker, caller: tuple[tuple[float, str], ...]) -> bytes:
    """What a caller says, and the seconds he waits before, as PCM of 24 kHz."""
    pieces = [bytes(2 * int(wait_s * RATE_HZ)) + await said(speaker, text) for wait_s, text in caller]
    return b"".join(pieces)


# --- what is to happen -------------------------------------------------------------------------------


def _answers(*texts: str) -> Check:
    """Wait until these answers were given, in this order, each as an item."""

    async def wait(session: SimulatedSession) -> None:
        async with asyncio.timeout(PATIENCE_S):
            for count in range(1, 1000):
                await session.wait_for_sent("response.done", count=count, timeout_s=PATIENCE_S)
                if _told(session)[-1:] == [texts[-1]]:
                    break
        told = [text for text in _told(session) if text in texts]
        expect(told == list(texts), f"the answers are {_told(session)}")

    return wait


def _told(session: SimulatedSession) -> list[str]:
    """The words of every message that a response brought, as the wire had them."""
    done = [to_plain(event)["item"] for event in session.sent("response.output_item.done")]
    return [
        part.get("transcript") or part.get("text") or ""
        for item in done
        if item["type"] == "message"
        for part in item["content"]
    ]


def _all_of(*checks: Check) -> Check:
    async def wait(session: SimulatedSession) -> None:
        for check in checks:
            await check(session)

    return wait


async def _heard(session: SimulatedSession) -> None:
    """Audio was sent and speech found in it, and both came to an end."""
    await session.wait_for_received("input_audio_buffer.append", count=20, timeout_s=PATIENCE_S)
    await session.wait_for_sent("input_audio_buffer.speech_stopped", timeout_s=PATIENCE_S)


async def _was_interrupted(session: SimulatedSession) -> None:
    statuses = [to_plain(event)["response"]["status"] for event in session.sent("response.done")]
    expect("cancelled" in statuses, f"no response was interrupted: {statuses}")


def _ran_a_function(name: str, *in_output: str) -> Check:
    async def wait(session: SimulatedSession) -> None:
        items = [to_plain(event)["item"] for event in session.received("conversation.item.create")]
        outputs = [item["output"] for item in items if item["type"] == "function_call_output"]
        called = [to_plain(event)["name"] for event in session.sent("response.function_call_arguments.done")]
        expect(called == [name], f"called were {called}")
        expect(all(text in outputs[0] for text in in_output), f"the outputs are {outputs}")

    return wait


async def _is_an_agent(session: SimulatedSession) -> None:
    updated = to_plain(session.sent("session.updated")[0])["session"]
    expect(updated["agent"]["name"] == "weather-agent", f"the agent is {updated['agent']}")


async def _lists_and_calls_mcp_tools(session: SimulatedSession) -> None:
    listed = [to_plain(event)["item"] for event in session.sent("conversation.item.created")]
    servers = sorted(item["server_label"] for item in listed if item["type"] == "mcp_list_tools")
    expect(servers == ["azure_doc", "deepwiki"], f"listed are {servers}")
    expect(len(session.sent("response.mcp_call.completed")) == 1, "no tool was called")


_QUESTION = "What is the weather in Seattle?"
_STORY = "Once upon a time there was a house by the sea, and nobody knew who lived there. " * 6
_TELEMETRY = (
    "console_tracing",
    "console_tracing_custom_attributes",
    "content_recording",
    "telemetry_enablement",
)

SAMPLES = (
    *(
        Sample(
            file="basic_voice_assistant_async.py",
            about=f"{model}: a spoken question is answered aloud; the caller interrupts the next answer",
            scenario={
                "turns": [
                    {"user": _QUESTION, "say": "It is raining in Seattle."},
                    {"user": "Tell me a story.", "say": _STORY},
                    {"user": "Stop, please.", "say": "All right."},
                ]
            },
            caller=((0.3, _QUESTION), (4.0, "Tell me a story."), (3.0, "Stop, please, that is enough.")),
            has_happened=_all_of(
                _heard, _answers("It is raining in Seattle.", "All right."), _was_interrupted
            ),
            environment={"AZURE_VOICELIVE_MODEL": model},
            loud_s=2.0,
        )
        for model in ("gpt-realtime", "gpt-4.1")
    ),
    Sample(
        file="async_function_calling_sample.py",
        about="the sample's own function is called, and its output spoken of",
        scenario={
            "turns": [
                {
                    "user": _QUESTION,
                    "say": "I will get the weather for you. Please wait a moment.",
                    "call": {"name": "get_current_weather", "arguments": {"location": "Seattle"}},
                    "then": "It is {result.temperature} degrees in {result.location}.",
                }
            ]
        },
        caller=((0.3, _QUESTION),),
        has_happened=_all_of(
            _heard,
            _answers("I will get the weather for you. Please wait a moment.", "It is 22 degrees in Seattle."),
            _ran_a_function("get_current_weather", '"Partly Cloudy"'),
        ),
        # While the sample waits for its function it plays nothing.
        loud_s=0.4,
    ),
    Sample(
        file="agent_v2_sample.py",
        about="an agent answers a spoken question; the token comes from the stand-in for the Azure CLI",
        scenario={"turns": [{"user": _QUESTION, "say": "It is raining in Seattle."}]},
        caller=((0.3, _QUESTION),),
        has_happened=_all_of(_heard, _answers("It is raining in Seattle."), _is_an_agent),
        environment={
            "AZURE_VOICELIVE_USE_API_KEY": "false",
            "AZURE_TOKEN_CREDENTIALS": "AzureCliCredential",
            "AGENT_NAME": "weather-agent",
            "AGENT_PROJECT_NAME": "weather",
        },
        loud_s=1.0,
    ),
    Sample(
        file="async_mcp_sample.py",
        about=(
            "two MCP servers, stand-ins of ours by their real names, are listed, one is called. The sample "
            "asks for no approval: it passes over requests that come before `response.done`, where the tests "
            "of the .NET and JavaScript SDKs find them"
        ),
        scenario={
            "turns": [
                {
                    "user": "What is in the Azure SDK for Python?",
                    "call": {
                        "name": "ask_question",
                        "arguments": {"repoName": "Azure/azure-sdk-for-python", "question": "What is it?"},
                    },
                    "then": "{result}",
                },
            ]
        },
        caller=((0.3, "What is in the Azure SDK for Python?"),),
        has_happened=_all_of(
            _heard, _answers("It holds the libraries of Azure for Python."), _lists_and_calls_mcp_tools
        ),
        meanwhile=mcp_servers_of_the_sample,
        loud_s=1.0,
    ),
    *(
        Sample(
            file=f"telemetry/sample_voicelive_with_{name}.py",
            about="a typed turn is answered in text, traced to the console",
            has_happened=_answers("Hello there."),
            scenario={"otherwise": "Hello there."},
            needs=("opentelemetry.sdk", "azure.core.tracing.ext.opentelemetry_span"),
            environment={"AZURE_EXPERIMENTAL_ENABLE_GENAI_TRACING": "true"},
            ends=True,
        )
        for name in _TELEMETRY
    ),
    Sample(
        file="telemetry/sample_voicelive_with_azure_monitor_tracing.py",
        about="",
        why_not="it sends its traces to Azure Monitor, and needs a resource there",
    ),
)
