"""How many spoken sessions one core carries, each with its own turns right.

The simulator runs in a process of its own on one core, the callers here on the others. Every session
streams audio all the time, in real time, says the lines of its scenario at moments of its own, and hears the
answers spoken as it would from the service. At the end each of its turns must be there, in its place, with
its own words and its own answer, spoken to the end.

    python benchmarks/capacity.py [--sessions 200] [--seconds 40] [--chunk-ms 100] [--vad energy] [--find]
"""

import argparse
import asyncio
import base64
import json
import os
import random
import resource
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "simulator"))

SCENARIOS = 10
TURNS = 4
CYCLE_MS = 12_000
"""A session says a line this often."""
FIRST_LINE_MS = 1_000
RATE_HZ = 24_000
TOLERANCE_MS = 50
PADDING_MS, SILENCE_MS = 400, 500

_PLACES = ["Lisbon", "Bergen", "Quito", "Osaka", "Cairo", "Tampa", "Delhi", "Genoa", "Lagos", "Perth"]
_LINES = [
    "How is the weather in {} today?",
    "I need a train to {} at half past six, please.",
    "Find me a quiet hotel in {} for the weekend.",
    "Thanks. What else can I see in {}?",
]
_ANSWERS = [
    "In {} it is twenty one degrees with a little wind from the west, and it stays dry until the evening.",
    "There is a train to {} at six thirty five from the second platform, it takes two hours and ten minutes.",
    "The old mill in {} has two rooms left for the weekend, breakfast is included and the garden is quiet.",
    "People who visit {} like the harbour, the castle on the hill, and the museum behind the market hall.",
]


def line_of(scenario: int, turn: int) -> str:
    return _LINES[turn].format(_PLACES[scenario])


def answer_of(scenario: int, turn: int) -> str:
    return _ANSWERS[turn].format(_PLACES[scenario])


SCENARIO = {
    "turns": [
        {"user": line_of(scenario, turn), "match": "exact", "say": answer_of(scenario, turn)}
        for scenario in range(SCENARIOS)
        for turn in range(TURNS)
    ]
}
"""The lines of all; each session says those of one place, and is told apart by them."""


# The server.


async def serve(options: argparse.Namespace) -> None:
    """Run the simulator on one core; "start" and "stop" on stdin frame what is measured."""
    from pipecat_voicelive.simulator import VoiceLiveSimulator, open_speaker

    os.sched_setaffinity(0, {options.core})
    settings = {"speed": 1.0, "keep_events": 200, "keep_sessions": 0}
    if options.vad != "energy":
        settings["turn_detector"] = options.vad
    known: set[int] = set()

    def tell(session, _exchanged) -> None:
        """Each session's words are known beforehand, as a test tells them."""
        if session.number not in known:
            known.add(session.number)
            for turn in range(TURNS):
                session.expect_transcript(line_of((session.number - 1) % SCENARIOS, turn))

    speaker = await open_speaker()
    for scenario in range(SCENARIOS):  # said once before, so that answers come from the cache
        for turn in range(TURNS):
            await speaker.speak(answer_of(scenario, turn), voice="alloy")
    async with VoiceLiveSimulator(SCENARIO, speech=speaker, listener=tell, **settings) as simulator:
        memory_kib = resident_kib()
        print(simulator.endpoint, flush=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.readline)
        lags_ms: list[float] = []
        watching = asyncio.create_task(watch(lags_ms))
        profile = None
        if options.profile:
            import cProfile

            profile = cProfile.Profile()
            profile.enable()
        began_s = cpu_s()
        await loop.run_in_executor(None, sys.stdin.readline)
        used_s = cpu_s() - began_s
        if profile is not None:
            profile.disable()
            profile.dump_stats(options.profile)
        watching.cancel()
        measured = {
            "cpu_s": used_s,
            "before_kib": memory_kib,
            "after_kib": resident_kib(),
            "lags_ms": lags_ms,
        }
        print(json.dumps(measured), flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
    await speaker.aclose()


async def watch(lags_ms: list[float]) -> None:
    """How late the loop is, twenty times a second."""
    while True:
        due_s = time.perf_counter() + 0.05
        await asyncio.sleep(0.05)
        lags_ms.append((time.perf_counter() - due_s) * 1000)


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_kib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


# The callers: messages are made once, frames are written and read by hand, so that one process can do it.


def frame(message: str) -> bytes:
    """A text message as a client's WebSocket frame; its mask is zero."""
    data = message.encode()
    if len(data) < 126:
        head = struct.pack("!BB", 0x81, 0x80 | len(data))
    elif len(data) < 65536:
        head = struct.pack("!BBH", 0x81, 0xFE, len(data))
    else:
        head = struct.pack("!BBQ", 0x81, 0xFF, len(data))
    return head + bytes(4) + data


def append(pcm: bytes) -> bytes:
    audio = base64.b64encode(pcm).decode()
    return frame(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


@dataclass
class Line:
    """A line as it is sent: its frames, and where it is audible from the first of them on."""

    frames: list[bytes]
    begins_ms: float
    ends_ms: float


@dataclass
class Turn:
    audio_start_ms: int | None = None
    audio_end_ms: int | None = None
    heard: str | None = None
    answered: str | None = None
    status: str | None = None
    audio_bytes: int = 0


@dataclass
class Caller(asyncio.Protocol):
    """A session: what it says when, and what it is told."""

    scenario: int
    phase_ms: int
    updated: asyncio.Event = field(default_factory=asyncio.Event)
    turns: list[Turn] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    late_ms: float = 0.0
    _data: bytearray = field(default_factory=bytearray)
    _shaken: bool = False

    def connection_made(self, transport) -> None:
        self.transport = transport
        path = "/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime"
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\napi-key: k\r\n\r\n".encode()
        )
        session = {
            "turn_detection": {"type": "server_vad"},
            "input_audio_transcription": {"model": "whisper-1"},
        }
        transport.write(frame(json.dumps({"type": "session.update", "session": session})))

    def connection_lost(self, exc) -> None:
        if exc is not None:
            self.problems.append(f"connection lost: {exc!r}")

    def data_received(self, data: bytes) -> None:
        buffer = self._data
        buffer += data
        if not self._shaken:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._shaken = True
            if b" 101 " not in buffer[:end]:
                self.problems.append("refused")
            del buffer[: end + 4]
        start = 0
        while len(buffer) - start >= 2:
            size, at = buffer[start + 1] & 0x7F, start + 2
            if size >= 126:
                width = 2 if size == 126 else 8
                size, at = int.from_bytes(buffer[at : at + width], "big"), at + width
            if len(buffer) < at + size:
                break
            if buffer[start] & 0x0F == 1:
                self.told(bytes(buffer[at : at + size]))
            elif buffer[start] & 0x0F == 9:
                self.transport.write(bytes([0x8A, 0x80 | size]) + bytes(4) + buffer[at : at + size])
            start = at + size
        del buffer[:start]

    def told(self, message: bytes) -> None:
        if b'"response.audio.delta"' in message:
            begin = message.index(b'"delta":"') + 9
            text = message[begin : message.index(b'"', begin)]
            self.turns[-1].audio_bytes += len(text) * 3 // 4 - text.count(b"=")
            return
        if b".delta" in message:
            return
        event = json.loads(message)
        match event["type"]:
            case "session.updated":
                self.updated.set()
            case "input_audio_buffer.speech_started":
                self.turns.append(Turn(audio_start_ms=event["audio_start_ms"]))
            case "input_audio_buffer.speech_stopped":
                self.turns[-1].audio_end_ms = event["audio_end_ms"]
            case "conversation.item.input_audio_transcription.completed":
                self.turns[-1].heard = event["transcript"]
            case "response.done":
                done = event["response"]
                self.turns[-1].status = done["status"]
                self.turns[-1].answered = " ".join(
                    part["transcript"] for item in done["output"] for part in item["content"]
                )
            case "error":
                self.problems.append(event["error"]["message"])

    async def talk(self, lines: list[Line], silence: bytes, *, began_s: float, seconds: float, chunk_ms: int):
        """Stream in real time until the time is over."""
        loop = asyncio.get_running_loop()
        plan: dict[int, bytes] = {}
        for turn, line in enumerate(lines):
            first = (FIRST_LINE_MS + self.phase_ms + turn * CYCLE_MS) // chunk_ms
            plan |= {first + index: one for index, one in enumerate(line.frames)}
        jitter_s = random.random() * chunk_ms / 1000
        for index in range(int(seconds * 1000 / chunk_ms)):
            due_s = began_s + jitter_s + index * chunk_ms / 1000
            now_s = loop.time()
            if due_s > now_s:
                await asyncio.sleep(due_s - now_s)
            else:
                self.late_ms = max(self.late_ms, (now_s - due_s) * 1000)
            self.transport.write(plan.get(index, silence))

    def check(
        self, lines: list[Line], expected: list[tuple[str, str, int]], chunk_ms: int, turns: int
    ) -> None:
        """Say what is wrong."""
        if len(self.turns) != turns:
            self.problems.append(f"{len(self.turns)} turns, not {turns}")
        for index, turn in enumerate(self.turns[:turns]):
            first_ms = (FIRST_LINE_MS + self.phase_ms + index * CYCLE_MS) // chunk_ms * chunk_ms
            heard, answered, audio_bytes = expected[index]
            begins_ms, ends_ms = first_ms + lines[index].begins_ms, first_ms + lines[index].ends_ms
            off_ms = (
                (turn.audio_start_ms or 0) + PADDING_MS - begins_ms,
                (turn.audio_end_ms or 0) - SILENCE_MS - ends_ms,
            )
            if max(map(abs, off_ms)) > TOLERANCE_MS:
                self.problems.append(f"turn {index} is off by {off_ms[0]:.0f} and {off_ms[1]:.0f} ms")
            if turn.heard != heard:
                self.problems.append(f"turn {index} was heard as {turn.heard!r}")
            if (turn.answered, turn.status) != (answered, "completed"):
                self.problems.append(f"turn {index} was answered {turn.answered!r} ({turn.status})")
            if turn.audio_bytes != audio_bytes:
                self.problems.append(f"turn {index} had {turn.audio_bytes} bytes of audio, not {audio_bytes}")


async def speak_all(chunk_ms: int) -> tuple[list[list[Line]], list[list[tuple[str, str, int]]]]:
    """The lines of every scenario as frames, and what each must bring."""
    from spoken_lines import audible

    from pipecat_voicelive.simulator import open_speaker

    speaker = await open_speaker()
    lines: list[list[Line]] = []
    expected: list[list[tuple[str, str, int]]] = []
    size = chunk_ms * RATE_HZ // 1000 * 2
    for scenario in range(SCENARIOS):
        lines.append([])
        expected.append([])
        for turn in range(TURNS):
            pcm = (await speaker.speak(line_of(scenario, turn))).pcm
            begins_ms, ends_ms = audible(np.frombuffer(pcm, "<i2").astype(float))
            pieces = [pcm[at : at + size].ljust(size, b"\0") for at in range(0, len(pcm), size)]
            lines[-1].append(Line([append(piece) for piece in pieces], begins_ms, ends_ms))
            answer = await speaker.speak(answer_of(scenario, turn), voice="alloy")
            expected[-1].append((line_of(scenario, turn), answer_of(scenario, turn), len(answer.pcm)))
    await speaker.aclose()
    return lines, expected


async def run(options: argparse.Namespace, sessions: int, lines, expected) -> bool:
    """One measurement; whether every session was right."""
    arguments = [__file__, "--serve", "--vad", options.vad, "--core", str(options.core)]
    if options.profile:
        arguments += ["--profile", options.profile]
    server = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = int((await server.stdout.readline()).rsplit(b":", 1)[1])
        loop, callers = asyncio.get_running_loop(), list[Caller]()
        for number in range(sessions):
            phase_ms = number * 7919 % (CYCLE_MS // 2)
            caller = Caller(number % SCENARIOS, phase_ms)
            await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)
            await caller.updated.wait()  # one after the other, so that the simulator counts them as we do
            callers.append(caller)
        server.stdin.write(b"start\n")
        silence = append(bytes(options.chunk_ms * RATE_HZ // 1000 * 2))
        turns = min(TURNS, int((options.seconds * 1000 - CYCLE_MS // 2) // CYCLE_MS))
        began_s, mine_s = loop.time() + 0.2, cpu_s()
        talking = [
            caller.talk(
                lines[caller.scenario][:turns],
                silence,
                began_s=began_s,
                seconds=options.seconds,
                chunk_ms=options.chunk_ms,
            )
            for caller in callers
        ]
        await asyncio.gather(*talking)
        took_s = loop.time() - began_s
        mine_s = cpu_s() - mine_s
        server.stdin.write(b"stop\n")
        measured = json.loads(await server.stdout.readline())
        for caller in callers:
            caller.check(lines[caller.scenario], expected[caller.scenario], options.chunk_ms, turns)
        for caller in callers:
            caller.transport.abort()
        server.stdin.write(b"end\n")
        await server.wait()
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
    wrong = [caller for caller in callers if caller.problems]
    lag50, lag99, lag100 = np.percentile(measured["lags_ms"], [50, 99, 100])
    late_ms = np.median([caller.late_ms for caller in callers])
    share, memory_kib = measured["cpu_s"] / took_s, measured["after_kib"] - measured["before_kib"]
    print(
        f"{sessions:5} sessions, {options.vad}, {options.chunk_ms} ms chunks, {turns * sessions} turns:"
        f" {sessions - len(wrong)} sessions right; server {share:.0%} of its core,"
        f" {share / sessions * 1000:.2f} ms a session-second;"
        f" loop lag p50 {lag50:.1f} p99 {lag99:.1f} max {lag100:.0f} ms;"
        f" {memory_kib / sessions:.0f} KiB a session"
        f" (callers {mine_s / took_s:.0%} of a core, half of them late by {late_ms:.0f} ms once)",
        flush=True,
    )
    for caller in wrong[:5]:
        print(f"      {callers.index(caller)}: {'; '.join(caller.problems[:3])}")
    return not wrong


async def main(options: argparse.Namespace) -> int:
    others = set(range(os.cpu_count() or 1)) - {options.core}
    if others:
        os.sched_setaffinity(0, others)
    lines, expected = await speak_all(options.chunk_ms)
    if not options.find:
        return not await run(options, options.sessions, lines, expected)
    sessions = options.sessions
    while await run(options, sessions, lines, expected):
        sessions += 100
    print(f"one core carries {sessions - 100}, not {sessions}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=44.0, help="12 for each turn and 6 more")
    parser.add_argument("--chunk-ms", type=int, default=100)
    parser.add_argument("--vad", choices=("energy", "silero"), default="energy")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--find", action="store_true", help="add 100 sessions until some are wrong")
    parser.add_argument("--profile", help="write a cProfile of the server to this file")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    sys.exit(asyncio.run(serve(given) if given.serve else main(given)))
