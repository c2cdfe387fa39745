"""The simulator's mouth: text in, sound with words and mouth shapes out."""

from __future__ import annotations

import importlib.util

from loguru import logger

from pipecat_voicelive.simulator.espeak import EspeakSpeaker
from pipecat_voicelive.simulator.tone import ToneSpeaker
from pipecat_voicelive.simulator.utterance import (
    Speaker,
    SpeechError,
    SpokenViseme,
    SpokenWord,
    Utterance,
)

__all__ = ["Speaker", "SpeechError", "SpokenViseme", "SpokenWord", "Utterance", "open_speaker"]


async def open_speaker() -> Speaker:
    """Open the best speaker there is: espeak-ng if it is installed and starts, else tones and a warning."""
    # Looked for, not imported: espeak-ng is GPL and has a process of its own.
    if importlib.util.find_spec("espeakng_loader") is None:
        reason = "espeak-ng is not installed"
    else:
        try:
            return await EspeakSpeaker.start()
        except SpeechError as error:
            reason = str(error)
    logger.warning(
        f"The simulator speaks in tones, because {reason}. "
        'To get speech: pip install "pipecat-voicelive[simulator]"'
    )
    return ToneSpeaker()
