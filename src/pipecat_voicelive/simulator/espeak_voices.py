"""Which espeak-ng voice speaks for which Azure voice and locale."""

from __future__ import annotations

import re
from collections.abc import Iterable

from loguru import logger

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.azure_voice_names import MEN

DEFAULT_LOCALE = "en-US"
DEFAULT_VARIANT = "f2"
"""The one that a speech recogniser understood best."""
MANS_VARIANT = "m3"

# Where a locale's file is not called like the locale or its language.
# Files, because espeak-ng refuses some of its own names, "en-gb" among them.
_LOCALE_FILES = {
    "en-CA": "gmw/en-US",
    "en-PH": "gmw/en-US",
    # Spanish is that of America, but for these two.
    "es": "roa/es-419",
    "es-ES": "roa/es",
    "es-GQ": "roa/es",
    "zh": "sit/cmn",
    "wuu": "sit/cmn",
    "zh-HK": "sit/yue",
    # Neighbours: the letters are read much alike.
    "fil": "poz/id",
    "gl": "roa/pt",
    "jv": "poz/id",
    "su": "poz/id",
}

_NAME_VARIANTS = {
    # Azure's; other men speak like Andrew, other women like Ava
    "ava": "f2",
    "emma": "f5",
    "jenny": "f1",
    "aria": "f4",
    "sonia": "f3",
    "andrew": "m3",
    "brian": "m1",
    "guy": "m2",
    "davis": "m4",
    "ryan": "m7",
    "florian": "m1",
    "remy": "m1",
    "yunyang": "m1",
    # OpenAI's
    "alloy": "f2",
    "coral": "f5",
    "marin": "f2",
    "sage": "f4",
    "shimmer": "f1",
    "ash": "m3",
    "ballad": "m1",
    "cedar": "m3",
    "echo": "m2",
    "verse": "m4",
}

# As in en-US-AvaMultilingualNeural, en-US-Ava:DragonHDLatestNeural or zh-CN-liaoning-XiaobeiNeural.
_AZURE_VOICE = re.compile(
    r"(?P<locale>[a-z]{2,3}(?:-[A-Z][a-z]{3})?-[A-Z]{2})-(?:[a-z]+-)?"
    r"(?P<name>[A-Z][A-Za-z]*?)(?:Multilingual|Turbo|Neural|:|$)"
)


class EspeakVoices:
    """The voices of one espeak-ng.

    Args:
        languages: Its voice files by path, e.g. "gmw/en-US".
        variants: What can follow a "+", e.g. "f2".
    """

    def __init__(self, languages: Iterable[str], variants: Iterable[str]) -> None:
        # By last part first, so that a whole path, should it be equal, wins.
        files = list(languages)
        self._files = {file.rpartition("/")[2].lower(): file for file in files}
        self._files |= {file.lower(): file for file in files}
        self._variants = {variant.lower(): variant for variant in variants}
        self._unknown_locales: set[str] = set()
        wanted = {*_LOCALE_FILES.values(), DEFAULT_LOCALE}
        if missing := sorted(file for file in wanted if file.lower() not in self._files):
            logger.warning(
                f"This espeak-ng lacks the voices {', '.join(missing)}; English stands in for them"
            )

    def resolve(self, locale: str, voice: str | None) -> str:
        """The espeak-ng voice for a locale and a voice name.

        An espeak-ng voice ("en-us+m3", "de") is taken as it is. An Azure voice brings its own locale, unless
        `locale` says something else than the default. Voices nobody knows speak with the default variant.

        Raises:
            ConfigurationError: `voice` is written as an espeak-ng voice, but there is none such.
        """
        if voice is None:
            return f"{self._file_of(locale)}+{DEFAULT_VARIANT}"
        if "+" in voice or voice.lower() in self._files:
            return self._espeak_voice(voice)
        name = voice
        if azure := _AZURE_VOICE.match(voice):
            name = azure["name"]
            if locale == DEFAULT_LOCALE:
                locale = azure["locale"]
        usual = MANS_VARIANT if name.lower() in MEN else DEFAULT_VARIANT
        return f"{self._file_of(locale)}+{_NAME_VARIANTS.get(name.lower(), usual)}"

    def _espeak_voice(self, voice: str) -> str:
        language, plus, variant = voice.lower().partition("+")
        if language not in self._files:
            raise ConfigurationError(
                f"espeak-ng has no voice {language!r}; give a language such as 'en-us' or 'de'"
            )
        if not plus:
            return self._files[language]
        if variant not in self._variants:
            # espeak-ng itself would speak without a word about it, in another voice.
            raise ConfigurationError(
                f"espeak-ng has no variant {variant!r}; give one such as 'f2' or 'm3', as in 'en-us+m3'"
            )
        return f"{self._files[language]}+{self._variants[variant]}"

    def _file_of(self, locale: str) -> str:
        language = locale.partition("-")[0]
        for name in (_LOCALE_FILES.get(locale), locale, _LOCALE_FILES.get(language), language):
            if name is not None and (file := self._files.get(name.lower())):
                return file
        if locale not in self._unknown_locales:
            self._unknown_locales.add(locale)
            logger.warning(f"espeak-ng does not speak {locale!r}; its texts are read as English")
        return self._files.get(DEFAULT_LOCALE.lower(), DEFAULT_LOCALE)
