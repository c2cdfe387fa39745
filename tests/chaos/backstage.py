"""The process with the simulators, as the callers see it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any, Self

from chaos.plan import Plan


class Backstage:
    """Starts the simulators' process and asks it. Use it in `async with`.

    Args:
        core: The core it runs on; None for any.
    """

    def __init__(self, core: int | None = None) -> None:
        self._core = core
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        """Start it."""
        core = [] if self._core is None else [str(self._core)]
        paths = [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "chaos.server",
            *core,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "LOGURU_LEVEL": "CRITICAL"},
            limit=2**26,
        )
        assert self._process.stdout is not None
        if not await self._process.stdout.readline():
            raise RuntimeError("the simulators did not start")
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(20):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    async def open(self, plan: Plan) -> str:
        """Open the simulator of a call; returns where it listens."""
        told = await self._ask(
            do="open",
            call=plan.number,
            scenario=plan.scenario,
            faults=plan.faults,
            restarts=plan.restarts,
            speed=plan.speed,
            seed=plan.seed * 1_000_003 + plan.number,
            lines=[turn.line for turn in plan.turns if turn.line],
        )
        return str(told["endpoint"])

    async def look(self, number: int) -> dict[str, Any]:
        """What happened in a call so far."""
        return await self._ask(do="look", call=number)

    async def close(self, number: int) -> dict[str, Any]:
        """The same; its simulator is closed."""
        return await self._ask(do="close", call=number)

    async def restart(self, down_s: float) -> None:
        """Cut all sessions of all calls at once, and listen to nobody for a while."""
        await self._ask(do="restart", down_s=down_s)

    async def _ask(self, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"id": number, **asked}).encode() + b"\n")
        told = await self._asked[number]
        if "error" in told:
            raise RuntimeError(f"the simulators' process: {told['error']}")
        return told

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            self._asked.pop(told["id"]).set_result(told)
        for waiting in self._asked.values():
            waiting.set_exception(RuntimeError("the simulators' process has ended"))
