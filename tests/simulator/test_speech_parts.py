"""The parts of speech: words of a text, mouth shapes of a sound, voices, and the cache."""

from __future__ import annotations

import pytest

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.visemes import VISEME_SOUNDS
from pipecat_voicelive.simulator.espeak_voices import EspeakVoices
from pipecat_voicelive.simulator.ipa_visemes import visemes_of
from pipecat_voicelive.simulator.spoken_words import tokens_of
from pipecat_voicelive.simulator.utterance import Utterance
from pipecat_voicelive.simulator.utterance_cache import UtteranceCache


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, world!", ["Hello", "world"]),
        ('("It\'s" — he said…)', ["It's", "he", "said"]),
        ("50% of $5 & C++", ["50%", "of", "$5", "&", "C++"]),
        ("7:30pm 1,234.5 e.g.", ["7:30pm", "1,234.5", "e.g"]),
        ("我有3个苹果。", ["我", "有", "3", "个", "苹", "果"]),
        ("「ちょっと」ABC", ["ちょっ", "と", "ABC"]),
        ("안녕 하세요", ["안녕", "하세요"]),
        (" \t... — \u200b", []),
    ],
)
def test_words_are_whitespace_tokens_without_punctuation(text: str, words: list[str]) -> None:
    assert [token.text for token in tokens_of(text)] == words


def test_tokens_span_the_text_they_come_from() -> None:
    text = 'Say "hi", 你好。'
    assert [text[token.start : token.end] for token in tokens_of(text)] == ["Say", '"hi",', "你", "好"]


@pytest.mark.parametrize(
    ("viseme_id", "sound"),
    [(i, sound) for i, sounds in enumerate(VISEME_SOUNDS) if i for sound in sounds.split() if sound != "ɝ"],
)
def test_azures_own_sounds_have_azures_shapes(viseme_id: int, sound: str) -> None:
    assert visemes_of(sound) == (viseme_id,)


@pytest.mark.parametrize(
    ("ipa", "shapes"),
    [
        ("ˈoʊ", (8,)),
        ("ˈɔːɹ", (3, 13)),
        ("juː", (6, 7)),
        ("aɪɚ", (11, 13)),
        ("əl", (1, 14)),
        ("tɕh", (16,)),
        ("sʲ", (15,)),
        ("ˈɔ̃", (3,)),
        ("c\u0327", (16,)),
        ("(en)", ()),
        ("ˈ", ()),
        ("☃", ()),
    ],
)
def test_shapes_of_other_sounds(ipa: str, shapes: tuple[int, ...]) -> None:
    assert visemes_of(ipa) == shapes


LANGUAGES = (
    "gmw/en-US",
    "gmw/en",
    "gmw/de",
    "roa/es",
    "roa/es-419",
    "roa/pt-BR",
    "sit/cmn",
    "sit/yue",
    "poz/id",
    "ko",
)


@pytest.mark.parametrize(
    ("locale", "voice", "espeak_voice"),
    [
        ("en-US", None, "gmw/en-US+f2"),
        ("en-GB", None, "gmw/en+f2"),
        ("de-AT", None, "gmw/de+f2"),
        ("es-MX", None, "roa/es-419+f2"),
        ("zh-TW", None, "sit/cmn+f2"),
        ("ko-KR", None, "ko+f2"),
        ("tlh-XX", None, "gmw/en-US+f2"),
        ("en-US", "en-US-AndrewMultilingualNeural", "gmw/en-US+m3"),
        ("en-US", "en-US-Ava:DragonHDLatestNeural", "gmw/en-US+f2"),
        ("de-DE", "en-US-AndrewMultilingualNeural", "gmw/de+m3"),
        ("en-US", "de-DE-ConradNeural", "gmw/de+m3"),
        ("en-US", "zh-CN-liaoning-XiaobeiNeural", "sit/cmn+f2"),
        ("en-US", "pt-BR-FabioNeural", "roa/pt-BR+m3"),
        ("en-US", "es-CR-MariaNeural", "roa/es-419+f2"),
        ("es-ES", None, "roa/es+f2"),
        ("fil-PH", None, "poz/id+f2"),
        ("en-US", "ash", "gmw/en-US+m3"),
        ("en-US", "nobody", "gmw/en-US+f2"),
        ("en-US", "en-us+M3", "gmw/en-US+m3"),
        ("en-US", "gmw/de+m3", "gmw/de+m3"),
        ("en-US", "de", "gmw/de"),
    ],
)
def test_which_espeak_voice_speaks(locale: str, voice: str | None, espeak_voice: str) -> None:
    assert EspeakVoices(LANGUAGES, ("f2", "m3")).resolve(locale, voice) == espeak_voice


@pytest.mark.parametrize("voice", ["xx+f2", "en-us+f99", "+", "en-us+"])
def test_an_espeak_voice_that_does_not_exist_is_refused(voice: str) -> None:
    with pytest.raises(ConfigurationError, match="espeak-ng has no"):
        EspeakVoices(LANGUAGES, ("f2",)).resolve("en-US", voice)


def _utterance(size_bytes: int) -> Utterance:
    return Utterance(pcm=bytes(size_bytes), words=(), visemes=())


def test_the_cache_drops_what_was_used_longest_ago() -> None:
    cache = UtteranceCache(capacity_bytes=20)
    cache.put("a", _utterance(8))
    cache.put("b", _utterance(8))
    cache.get("a")
    cache.put("c", _utterance(8))
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]


def test_the_cache_does_not_keep_what_is_larger_than_itself() -> None:
    cache = UtteranceCache(capacity_bytes=20)
    cache.put("a", _utterance(22))
    assert cache.get("a") is None


def test_the_cache_counts_a_replaced_utterance_once() -> None:
    cache = UtteranceCache(capacity_bytes=20)
    for _ in range(3):
        cache.put("a", _utterance(8))
    cache.put("b", _utterance(8))
    assert cache.get("a") is not None
