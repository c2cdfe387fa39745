"""A client that says exactly what it is told, and the sounds it makes."""

import asyncio

import numpy as np

from pipecat_voicelive.protocol.codec import RawEvent, decode_plain, decode_server_event, encode

QUERY = "/voice-live/realtime?api-version=2026-07-15&model="


def tone(duration_ms, *, rate_hz=24000, amplitude=8000):
    """A tone that counts as speech, as 16 bit samples."""
    times = np.arange(round(duration_ms * rate_hz / 1000)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * 220 * times)).astype("<i2").tobytes()


def silence(duration_ms, *, rate_hz=24000):
    return bytes(2 * round(duration_ms * rate_hz / 1000))


SPOKEN = tone(800) + silence(700)
"""A voice turn, long enough to be found and ended by the defaults."""


class Client:
    """Sends events and looks through what comes back, each event once and in order."""

    def __init__(self, socket):
        self.socket = socket
        self.raw = []
        self._looked_at = 0

    async def send(self, event_type, **members):
        await self.socket.send(encode(RawEvent(members={"type": event_type, **members})).decode())

    async def until(self, event_type, **wanted):
        """The next event of a type with these members; what comes before it is passed over."""
        while True:
            while self._looked_at < len(self.raw):
                members = self.raw[self._looked_at]
                self._looked_at += 1
                if members["type"] == event_type and wanted.items() <= members.items():
                    return members
            self.raw.append(decode_plain(await asyncio.wait_for(self.socket.recv(), 5)))

    async def next(self):
        """The next event, whatever it is."""
        while self._looked_at == len(self.raw):
            self.raw.append(decode_plain(await asyncio.wait_for(self.socket.recv(), 5)))
        self._looked_at += 1
        return self.raw[self._looked_at - 1]

    async def refused(self):
        """The next error, as the codec reads it."""
        return decode_server_event(encode(RawEvent(members=await self.until("error")))).error

    async def configure(self, **session):
        await self.send("session.update", session=session)
        return (await self.until("session.updated"))["session"]

    async def type(self, text, **members):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self.send("conversation.item.create", item={**item, **members})

    async def ask(self, text):
        """Type a turn, ask for the answer and return its `response.done`."""
        await self.type(text)
        await self.send("response.create")
        return (await self.until("response.done"))["response"]

    async def append(self, audio, *, piece_bytes=None):
        size = piece_bytes or len(audio)
        for start in range(0, len(audio), size):
            await self.send("input_audio_buffer.append", audio=audio[start : start + size])

    def types(self):
        return [members["type"] for members in self.raw]

    def of_type(self, event_type):
        return [members for members in self.raw if members["type"] == event_type]


def spoken_text(response):
    """The words of all messages of a response."""
    parts = [part for item in response["output"] for part in item.get("content", [])]
    return " ".join(part.get("transcript") or part.get("text") or "" for part in parts)
