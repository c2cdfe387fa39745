"""From the sounds of speech, in the International Phonetic Alphabet, to Azure's mouth shapes.

English sounds follow Microsoft's page (see `protocol/visemes.py`). Sounds that English lacks take the shape
of the English sound made in the same place.
"""

from __future__ import annotations

import re
import unicodedata

from pipecat_voicelive.protocol.visemes import VISEME_SOUNDS

_OTHER_SOUNDS: dict[int, str] = {
    1: "ɐ a ä ã ɘ",
    2: "ɒ",
    4: "e eɪ ɛɪ ẽ ø œ ɤ",
    5: "ɜ",
    6: "y ᵻ ɨ ʏ ʎ ɥ ʝ",
    7: "ʍ ɯ ʉ",
    8: "oʊ əʊ ɵ õ",
    9: "ɑu",
    10: "oɪ",
    12: "ɦ ħ ʕ",
    13: "r ɻ ʁ ʀ ɽ",
    14: "ɫ ɭ ɬ",
    15: "ts dz tsh",
    16: "ɕ ʑ ʂ ʐ ç tɕ dʑ tʂ tɕh tʂh",
    18: "ʋ ɱ",
    19: "ɾ ʔ ɲ ʈ ɖ ɳ ɟ th",
    20: "g x ɣ q c χ ɢ kh",
    21: "β ɸ ph",
}
_PAIRS: dict[str, tuple[int, int]] = {
    "ju": (6, 7),
    "ɪɹ": (6, 13),
    "iɹ": (6, 13),
    "ɛɹ": (4, 13),
    "ʊɹ": (4, 13),
    "ɔɹ": (3, 13),
    "oɹ": (3, 13),
    "ɑɹ": (2, 13),
    "ɜɹ": (5, 13),
    "ɝ": (5, 13),
    "ɚ": (1, 13),
    "aɪɚ": (11, 13),
    "aʊɚ": (9, 13),
    "aɪə": (11, 1),
    "aʊə": (9, 1),
    "pf": (21, 18),
}

_VISEMES: dict[str, tuple[int, ...]] = {
    **{sound: (i,) for i, sounds in enumerate(VISEME_SOUNDS) if i for sound in sounds.split()},
    **{sound: (i,) for i, sounds in _OTHER_SOUNDS.items() for sound in sounds.split()},
    **_PAIRS,
}
_LONGEST = max(map(len, _VISEMES))
# espeak-ng marks a change of language as "(en)" within the sounds.
_REMARK = re.compile(r"\([^)]*\)")
_LETTERS = frozenset({"Ll", "Lo"})  # not the marks of stress, length, tone and secondary articulation


def visemes_of(ipa: str) -> tuple[int, ...]:
    """The mouth shapes of a phoneme, in order; stress, length and unknown symbols have none."""
    letters = unicodedata.normalize("NFC", _REMARK.sub("", ipa))
    sounds = "".join(letter for letter in letters if unicodedata.category(letter) in _LETTERS)
    shapes: list[int] = []
    position = 0
    while position < len(sounds):
        for length in range(_LONGEST, 0, -1):
            if found := _VISEMES.get(sounds[position : position + length]):
                shapes.extend(found)
                position += length - 1
                break
        position += 1
    return tuple(shapes)
