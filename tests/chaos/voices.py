"""The sound of the lines that callers say."""

from __future__ import annotations

from chaos.words import CALLER_RATE, LINES
from pipecat_voicelive.simulator import open_speaker
from pipecat_voicelive.testing.calls.voice import CALLER_VOICE, spoken

LINES_HZ = 16000


async def callers_voices() -> dict[str, bytes]:
    """Each line as int16 mono at `LINES_HZ`; the same wherever it is spoken."""
    speaker = await open_speaker()
    try:
        return {
            line: await spoken(speaker, line, LINES_HZ, voice=CALLER_VOICE, rate=CALLER_RATE)
            for line in LINES
        }
    finally:
        await speaker.aclose()
