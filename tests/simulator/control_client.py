"""A program on the control channel."""

import asyncio
import json
from contextlib import asynccontextmanager

from websockets.asyncio.client import connect


class Control:
    """Asks, and keeps what it is told meanwhile."""

    def __init__(self, socket):
        self.socket = socket
        self.told = []
        self._asked = 0

    async def ask(self, command, **members):
        self._asked += 1
        await self.socket.send(json.dumps({"command": command, "id": self._asked, **members}))
        while True:
            message = await self._next()
            if message.get("reply") == self._asked:
                return message
            self.told.append(message)

    async def entries_until(self, wanted):
        """The entries told of, by number, once `wanted` is true of one of them."""
        entries = {}
        while True:
            for message in self.told:
                entries |= {entry["number"]: entry for entry in message.get("entries", [])}
            self.told.clear()
            if any(wanted(entry) for entry in entries.values()):
                return list(entries.values())
            self.told.append(await self._next())

    async def event(self, name):
        while True:
            for message in self.told:
                if message.get("event") == name:
                    self.told.remove(message)
                    return message
            self.told.append(await self._next())

    async def _next(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), 5))


def control_url(simulator):
    return f"{simulator.endpoint}/simulator/control"


@asynccontextmanager
async def control_of(simulator, **headers):
    async with connect(control_url(simulator), additional_headers=headers, max_size=None) as socket:
        yield Control(socket)
