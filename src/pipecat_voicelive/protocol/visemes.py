"""The 22 visemes of Azure speech: shapes of the mouth, each held until the next.

https://learn.microsoft.com/azure/ai-services/speech-service/how-to-speech-synthesis-viseme
"""

from __future__ import annotations

SILENCE = 0
"""The viseme of a closed mouth at rest."""

VISEME_SOUNDS: tuple[str, ...] = (
    "silence",
    "æ ə ʌ",
    "ɑ",
    "ɔ",
    "ɛ ʊ",
    "ɝ",
    "j i ɪ",
    "w u",
    "o",
    "aʊ",
    "ɔɪ",
    "aɪ",
    "h",
    "ɹ",
    "l",
    "s z",
    "ʃ tʃ dʒ ʒ",
    "ð",
    "f v",
    "d t n θ",
    "k ɡ ŋ",
    "p b m",
)
"""The sounds (IPA) of each viseme, by its id."""
