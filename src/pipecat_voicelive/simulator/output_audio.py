"""An utterance as audio of the session's output format."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]

from pipecat_voicelive.protocol.audio import output_format
from pipecat_voicelive.simulator import g711
from pipecat_voicelive.simulator.utterance import Utterance


def encoded(utterance: Utterance, format_name: str | None, *, chunk_ms: int) -> Iterator[bytes]:
    """The audio of an utterance in an `output_audio_format`, in chunks of `chunk_ms`."""
    audio = output_format(format_name)
    samples = np.frombuffer(utterance.pcm, dtype="<i2").astype(np.int16)
    if audio.rate_hz != utterance.rate_hz:
        samples = np.asarray(soxr.resample(samples, utterance.rate_hz, audio.rate_hz), dtype=np.int16)
    if audio.encoding == "pcm16":
        data = samples.astype("<i2").tobytes()
    else:
        data = g711.encode(samples, audio.encoding)
    size = audio.size_bytes(chunk_ms)
    return (data[start : start + size] for start in range(0, len(data), size))
