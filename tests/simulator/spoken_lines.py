"""Real speech whose place is known: lines by espeak-ng, laid into silence or noise, in every input format."""

import asyncio
from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr

from pipecat_voicelive.simulator import g711
from pipecat_voicelive.simulator.espeak import EspeakSpeaker

LINES = [
    ("en-US", None, "How is the weather in Lisbon?"),
    ("en-US", "en-US-AndrewNeural", "Hello there, four flights for Friday, please."),
    ("en-US", "en-US-AvaNeural", "Stop. That is it."),
    ("en-US", None, "I would like to... hm, wait. Book it, at eight."),
    ("en-US", None, "Fish soup. Half past six. That's what I thought."),
    ("en-US", None, "Yes."),
    ("en-US", None, "Find me a quiet hotel in Quito for the weekend."),
    ("en-US", "en-US-AndrewNeural", "Is it hot?"),
    ("en-US", "en-US-AvaNeural", "Half past."),
    ("en-US", None, "Don't stop."),
    ("en-GB", None, "She sells soft hats; half of them stop the shop."),
    ("de-DE", None, "Ich hätte gern, wenn es geht, einen Tisch für sechs."),
    ("fr-FR", None, "Est-ce que vous fermez à huit heures ?"),
    ("it-IT", None, "Vorrei prenotare un tavolo."),
    ("pt-BR", None, "Quanto custa isso?"),
    ("es-ES", None, "Hola, quiero cambiar mi reserva."),
    ("ja-JP", None, "こんにちは、元気ですか。"),
]
"""Locale, voice and text: soft onsets (h, f, s, sh), final stops (t, p), pauses inside sentences."""

FORMATS = [
    (8000, None),
    (16000, None),
    (24000, None),
    (44100, None),
    (8000, "g711_ulaw"),
    (8000, "g711_alaw"),
]
"""Sampling rate and G.711 law."""


def loudnesses_db(law):
    """Peaks of a line, full scale being 0. What decays softly at -24 is below A-law's smallest step."""
    return [-3, -12, -18 if law == "g711_alaw" else -24]


SPEAKER_RATE_HZ = 24000
AUDIBLE_SHARE = 0.01
"""Of a line's loudest 5 ms: what is softer is not audible. -40 dB."""


@dataclass(frozen=True)
class Laid:
    """A line in its surroundings: 16 bit samples, and where its first and last audible samples stand."""

    samples: np.ndarray
    begins_ms: float
    ends_ms: float


@cache
def spoken_lines():
    """Every line as samples at 24 kHz, its peak being 1."""

    async def speak():
        speaker = await EspeakSpeaker.start()
        try:
            return [await speaker.speak(text, locale=locale, voice=voice) for locale, voice, text in LINES]
        finally:
            await speaker.aclose()

    lines = [np.frombuffer(spoken.pcm, "<i2").astype(np.float64) for spoken in asyncio.run(speak())]
    return [line / np.abs(line).max() for line in lines]


def audible(line, *, above=0.0):
    """The first and the last audible moment of a line, in ms; what is softer than `above` is not audible."""
    window = SPEAKER_RATE_HZ * 5 // 1000
    level = np.sqrt(np.convolve(line**2, np.ones(window) / window, "same"))
    heard = np.flatnonzero(level > max(level.max() * AUDIBLE_SHARE, above))
    return heard[0] * 1000 / SPEAKER_RATE_HZ, (heard[-1] + 1) * 1000 / SPEAKER_RATE_HZ


def laid(line, *, rate_hz, law=None, loudness_db=-3, noise_db=None, lead_ms=900, tail_ms=1500, seed=1):
    """A line with silence around it; noise of `noise_db` (dBFS) hides what is less than 6 dB above it."""
    gained = line * 10 ** (loudness_db / 20)
    begins_ms, ends_ms = audible(gained, above=2 * 10 ** (noise_db / 20) if noise_db is not None else 0.0)
    lead = lead_ms * rate_hz // 1000
    samples = np.concatenate(
        [
            np.zeros(lead),
            gained if rate_hz == SPEAKER_RATE_HZ else soxr.resample(gained, SPEAKER_RATE_HZ, rate_hz),
            np.zeros(tail_ms * rate_hz // 1000),
        ]
    )
    if noise_db is not None:
        samples = samples + np.random.default_rng(seed).normal(0, 10 ** (noise_db / 20), len(samples))
    pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
    if law is not None:
        pcm = g711.decode(g711.encode(pcm, law), law)
    offset_ms = lead * 1000 / rate_hz
    return Laid(pcm, offset_ms + begins_ms, offset_ms + ends_ms)
