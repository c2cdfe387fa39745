"""A whole spoken call with Voice Live, on this machine alone: no key, no network.

    python -m demo [--out FOLDER]

A caller's speech is streamed in real time through a Pipecat pipeline with `VoiceLiveLLMService` to the
simulator, and the bot is played and recorded. Ends with status 0 only if everything happened that should.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import warnings
import wave
from pathlib import Path

os.environ.setdefault("LOGURU_LEVEL", "WARNING")  # Pipecat says hello at INFO while it is imported
warnings.filterwarnings("ignore", category=DeprecationWarning)

from loguru import logger
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import ConfigurationError
from pipecat_voicelive.simulator import Speaker, VoiceLiveSimulator, open_speaker
from pipecat_voicelive.testing.calls.transport import LocalCallTransport

from .bot import pipeline, voice_live
from .caller import AfterBot, CallerGaveUpError, Interrupting, Line, ScriptedCaller, When, read_speech
from .checks import (
    Answered,
    Called,
    CalledTogether,
    Expected,
    Interrupted,
    Said,
    Understood,
    WordsAndVisemes,
    missing,
)
from .recorder import CallRecorder
from .report import write_report
from .terminal import TerminalView

SCENARIO = Path(__file__).with_name("scenario.yaml")
LONGEST_CALL_S = 150

SCRIPT: tuple[tuple[str, When], ...] = (
    ("What is the weather like in Lisbon?", AfterBot(0.9)),
    ("And in Oslo? I need the weather and the time.", AfterBot(0.9)),
    ("Tell me something about lighthouses.", AfterBot(0.9)),
    ("Stop, thank you, that is plenty.", Interrupting(10.0)),
    ("No, that was all. Goodbye.", AfterBot(0.9)),
)

EXPECTED: tuple[Expected, ...] = (
    Said("bot", ["city", "desk"]),
    *(Understood([text]) for text, _ in SCRIPT),
    Called("get_weather", {"city": "Lisbon"}),
    Said("bot", ["21", "degrees", "Lisbon"]),
    CalledTogether(["get_weather", "get_time"]),
    Called("get_time", {"city": "Oslo"}),
    Said("bot", ["4", "degrees", "quarter", "past", "three"]),
    Said("bot", ["Lighthouses", "oldest"]),
    Interrupted(),
    Said("bot", ["anything", "else"]),
    Called("end_call", {}),
    Said("bot", ["Goodbye", "pleasant", "day."]),
    Answered(5, within_ms=1500),
    WordsAndVisemes(words=60, visemes=200),
)


async def spoken_lines(speaker: Speaker, folder: Path) -> list[Line]:
    """The caller's lines, each spoken into a WAV file of its own."""
    lines: list[Line] = []
    for number, (text, when) in enumerate(SCRIPT, 1):
        utterance = await speaker.speak(text, voice="en-us+m3", rate=0.95)
        path = folder / f"{number}.wav"
        with wave.open(str(path), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(utterance.rate_hz)
            wav.writeframes(utterance.pcm)
        lines.append(Line(text, read_speech(path), when))
    return lines


async def call(out: Path) -> list[str]:
    """The call. Returns what was expected and did not happen."""
    problems: list[str] = []
    speaker = await open_speaker()
    try:
        lines = await spoken_lines(speaker, out / "caller")
        async with VoiceLiveSimulator(SCENARIO, speech=speaker) as simulator:
            transport = LocalCallTransport()
            view = TerminalView(sys.stdout)
            recorder = CallRecorder(transport, on_fact=view.show)
            caller = ScriptedCaller(transport, lines)
            worker = PipelineWorker(
                pipeline(transport, voice_live(simulator.endpoint, api_key="any key will do")),
                observers=[caller, recorder],
                enable_rtvi=False,
            )
            runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)
            await runner.add_workers(worker)
            await worker.queue_frame(LLMRunFrame())
            try:
                async with asyncio.timeout(LONGEST_CALL_S), asyncio.TaskGroup() as group:
                    group.create_task(runner.run())
                    group.create_task(caller.run())
            except* (CallerGaveUpError, TimeoutError) as trouble:
                problems += [str(error) or "the call did not end" for error in trouble.exceptions]
                await worker.cancel()
    finally:
        await speaker.aclose()
    record = recorder.finish()
    view.finish(record)
    written = write_report(record, transport.recording, out)
    print("\n" + "\n".join(f"  {path}" for path in written))
    return problems + missing(record, EXPECTED)


def main() -> int:
    """Run the demo; the exit status."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the recording goes")
    out = parser.parse_args().out.resolve()
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{level}: {message}")
    try:
        (out / "caller").mkdir(parents=True, exist_ok=True)
        problems = asyncio.run(call(out))
    except (ConfigurationError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n  Interrupted: nothing was written.", file=sys.stderr)
        return 130
    for problem in problems:
        print(f"  MISSING: {problem}", file=sys.stderr)
    if not problems:
        print("\n  Everything happened that should.")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
