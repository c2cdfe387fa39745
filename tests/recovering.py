"""A client whose connection is lost and opened again, and what it was told."""

import asyncio
import contextlib
import dataclasses

from pipecat_voicelive import RecoveryOptions, VoiceLiveClient
from pipecat_voicelive.client import ConnectionInterrupted, ConnectionLost, Reconnected, SessionExpiring
from pipecat_voicelive.session.effects import SessionReady

FAST = RecoveryOptions(
    budget_s=5.0, connect_budget_s=5.0, first_delay_s=0.02, longest_delay_s=0.1, answer_timeout_s=2.0
)
ABOUT_THE_LINE = (SessionReady, ConnectionInterrupted, Reconnected, SessionExpiring, ConnectionLost)


def fast(**options):
    return dataclasses.replace(FAST, **options)


class Talk:
    """A client, and all that it was told so far."""

    def __init__(self, client):
        self.client = client
        self.signals = []
        self.over = False
        self._news = asyncio.Condition()

    async def listen(self):
        async for signal in self.client:
            async with self._news:
                self.signals.append(signal)
                self._news.notify_all()
        async with self._news:
            self.over = True
            self._news.notify_all()

    def told(self, *kinds):
        return [signal for signal in self.signals if isinstance(signal, kinds)]

    @property
    def line(self):
        """The names of what was told about the connection, in order."""
        return [type(signal).__name__ for signal in self.told(*ABOUT_THE_LINE)]

    async def until(self, kind, count=1, timeout_s=5.0):
        """Wait until it was told for the `count`th time."""
        await self.meet(lambda: len(self.told(kind)) >= count, timeout_s)
        return self.told(kind)[count - 1]

    async def end(self, timeout_s=5.0):
        """Wait until the signals end, and return the last."""
        await self.meet(lambda: self.over, timeout_s)
        return self.signals[-1]

    async def meet(self, condition, timeout_s=5.0):
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(condition)


@contextlib.asynccontextmanager
async def talking(simulator, *, recovery=FAST, ready=True, **options):
    """A client that is connected to the simulator (or its endpoint), and listened to."""
    endpoint = simulator if isinstance(simulator, str) else simulator.endpoint
    given = {"api_key": "key", "model": "gpt-realtime"} | options
    client = VoiceLiveClient(endpoint=endpoint, recovery=recovery, **given)
    talk = Talk(client)
    async with client:
        listening = asyncio.create_task(talk.listen())
        try:
            if ready:
                await talk.until(SessionReady)
            yield talk
        finally:
            await client.close()
            await listening


def open_sessions(simulator):
    return [session for session in simulator.sessions if session.close_code is None]
