"""The simulators of a run, one for each call, in a process of their own. Talks in lines of JSON.

    {"do": "open", "call": 17, "scenario": ..., "faults": ..., ...}  →  where its simulator listens
    {"do": "look", "call": 17}          →  what happened in each of its sessions so far
    {"do": "close", "call": 17}         →  the same, and its simulator is shut down
    {"do": "restart", "down_s": 1.5}    →  all are shut down, and come back

The end of standard input is the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from typing import Any

from msgspec import UNSET

from chaos.resources import LOOK_EVERY_S, tidy
from chaos.voices import LINES_HZ, callers_voices
from chaos.words import CodedSpeaker
from pipecat_voicelive.protocol.client_events import ConversationItemCreateEvent
from pipecat_voicelive.protocol.server_events import MalformedEvent
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.exchange import ClientSent, FaultFired, ServiceSent
from pipecat_voicelive.simulator.simulated_session import SimulatedSession


class Stage:
    """The simulators of one call: one after the other, where it restarts."""

    def __init__(self, given: dict[str, Any], voices: dict[str, bytes]) -> None:
        self._given = given
        self._voices = voices
        self._simulators: list[VoiceLiveSimulator] = []
        self._port = 0
        self._restarting: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._opened_s = 0.0
        self._restarts = 0
        self._closed = False
        self._fleet: list[float] = []

    async def open(self) -> str:
        """Open the first; returns its endpoint."""
        simulator = await self._open()
        self._port = int(simulator.endpoint.rsplit(":", 1)[1])
        self._opened_s = time.monotonic()
        self._restarting = asyncio.create_task(self._restart_as_planned())
        return simulator.endpoint

    async def _open(self) -> VoiceLiveSimulator:
        given = self._given
        simulator = VoiceLiveSimulator(
            given["scenario"],
            port=self._port,
            speech=CodedSpeaker(),
            speed=given["speed"],
            seed=given["seed"] + len(self._simulators),
            # Faults name sessions and attempts by their number, which begins anew when a simulator does.
            faults=() if self._simulators else given["faults"],
        )
        for line in given["lines"]:
            simulator.register_recording(self._voices[line], line, rate_hz=LINES_HZ)
        await simulator.__aenter__()
        self._simulators.append(simulator)
        return simulator

    async def restart_with_all(self, down_s: float) -> None:
        """Restart, as all others do at this time."""
        self._fleet.append(time.monotonic() - self._opened_s)
        await self.restart(down_s)

    async def restart(self, down_s: float) -> None:
        """Cut all connections and listen to nobody for a while."""
        async with self._changing:
            if self._closed:
                return
            self._restarts += 1
            await self._shut()
            await asyncio.sleep(down_s)
            await self._open()

    async def _shut(self) -> None:
        simulator = self._simulators[-1]
        for session in simulator.sessions:
            if session.close_code is None:
                session.lift_faults()
                await session.drop()
        await simulator.aclose()

    async def _restart_as_planned(self) -> None:
        passed_s = 0.0
        for at_s, down_s in self._given["restarts"]:
            await asyncio.sleep(max(0.0, at_s - passed_s))
            passed_s = at_s + down_s
            await self.restart(down_s)

    def look(self) -> dict[str, Any]:
        """What happened."""
        sessions = [session for simulator in self._simulators for session in simulator.sessions]
        fired = [str(fault) for simulator in self._simulators for fault in simulator.faults.fired]
        return {
            "sessions": [_session(session) for session in sessions],
            "fired": fired,
            "restarts": self._restarts,
            "fleet": self._fleet,
        }

    async def close(self) -> None:
        """Shut down."""
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)
        async with self._changing:
            self._closed = True
            await self._shut()


def _session(session: SimulatedSession) -> dict[str, Any]:
    known = {turn.item_id: turn for turn in session.voice_turns}
    items: list[dict[str, Any]] = []
    for item in session.conversation:
        turn = known.get(str(item.id))
        words = item.words
        if turn is not None:
            words = turn.text or ""
        elif item.type == "message" and item.role == "assistant":
            words = session.heard_text(str(item.id))
        items.append(
            {
                "id": item.id,
                "type": item.type,
                "role": item.role,
                "words": words,
                "spoken": turn.source if turn else "",
                "tried": turn.tried if turn else "",
                "call_id": item.call_id,
                "name": item.name,
                "output": item.output,
            }
        )
    created = [
        {
            "type": item.type,
            "role": item.role,
            "call_id": item.call_id,
            "output": item.output,
            "words": item.words,
        }
        for entry in session.events
        if isinstance(entry, ClientSent) and isinstance(entry.event, ConversationItemCreateEvent)
        for item in [entry.event.item]
    ]
    errors, responses, faults, log = [], [], [], []
    for entry in session.events:
        event: Any = entry.event
        if isinstance(entry, FaultFired):
            faults.append(str(entry.fault))
        elif isinstance(event, MalformedEvent):
            pass  # a fault sent it
        elif event.type == "error":
            errors.append({"code": event.error.code, "message": event.error.message})
        elif isinstance(entry, ServiceSent) and event.type == "response.done":
            responses.append(_response(event.response))
        if not event.type.endswith((".delta", ".append")):
            log.append(f"{entry.at_s:7.3f} {_arrow(entry)} {_brief(event)}")
    return {
        "number": session.number,
        "age_s": session.age_s,
        "closed": session.close_code,
        "ready": bool(session.sent("session.updated")),
        "items": items,
        "created": created,
        "errors": errors,
        "responses": responses,
        "faults": faults,
        "log": log,
    }


def _arrow(entry: Any) -> str:
    return ">" if isinstance(entry, ClientSent) else "<" if isinstance(entry, ServiceSent) else "!"


def _brief(event: Any) -> str:
    told = event.type
    if (item := getattr(event, "item", None)) is not None and not isinstance(item, dict):
        told += f" {item.type} {item.role or item.call_id} {(item.words or item.output or '')!s:.60}"
    elif (response := getattr(event, "response", None)) is not None and hasattr(response, "status"):
        told += f" {response.id} {response.status}"
    elif (error := getattr(event, "error", None)) is not None:
        told += f" {error.code}: {error.message}"
    elif (members := getattr(event, "members", None)) is not None:
        told += f" {members.get('fault') or members.get('text') or ''!s:.90}"
    for name in ("audio_end_ms", "transcript", "name", "response_id", "item_id"):
        if isinstance(value := getattr(event, name, None), str | int):
            told += f" {value!s:.60}"
    return told


def _response(response: Any) -> dict[str, Any]:
    output = response.output or []
    return {
        "id": response.id,
        "status": response.status,
        "text": " ".join(
            str(part.transcript or part.text or "") for item in output for part in (item.content or [])
        ),
        "calls": [[item.call_id, item.name] for item in output if item.type == "function_call"],
    }


async def serve() -> None:
    """Serve until standard input ends."""
    voices = await callers_voices()
    stages: dict[int, Stage] = {}
    reader = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say({"ready": True})
    working: set[asyncio.Task[None]] = set()

    async def obey(asked: dict[str, Any]) -> None:
        try:
            _say({"id": asked["id"], **await _obey(asked, stages, voices)})
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            _say({"id": asked["id"], "error": f"{type(error).__name__}: {error}"})

    collecting = asyncio.create_task(_collect())
    while line := await reader.readline():
        task = asyncio.create_task(obey(json.loads(line)))
        working.add(task)
        task.add_done_callback(working.discard)
    collecting.cancel()
    for stage in stages.values():
        with contextlib.suppress(Exception):
            await stage.close()


async def _collect() -> None:
    """Tidy as often as memory is looked at."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        tidy()


async def _obey(asked: dict[str, Any], stages: dict[int, Stage], voices: dict[str, bytes]) -> dict[str, Any]:
    match asked["do"]:
        case "open":
            stage = stages[asked["call"]] = Stage(asked, voices)
            return {"endpoint": await stage.open()}
        case "look":
            return stages[asked["call"]].look()
        case "close":
            stage = stages.pop(asked["call"])
            seen = stage.look()
            await stage.close()
            return seen
        case "restart":
            await asyncio.gather(
                *(stage.restart_with_all(asked["down_s"]) for stage in list(stages.values()))
            )
            return {}
        case unknown:
            raise ValueError(unknown)


def _say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told, default=_unset) + "\n")
    sys.stdout.flush()


def _unset(value: object) -> None:
    """A member that was left out."""
    assert value is UNSET, value


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(serve())
