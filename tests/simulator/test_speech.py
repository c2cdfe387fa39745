"""What every speaker promises."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import AsyncIterator
from itertools import pairwise

import numpy as np
import pytest
import pytest_asyncio
from loguru import logger

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.espeak import EspeakSpeaker
from pipecat_voicelive.simulator.speech import Speaker, Utterance, open_speaker
from pipecat_voicelive.simulator.tone import ToneSpeaker

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXTS = [
    ("en-US", "Hello there, the weather in Seattle is 54 degrees."),
    ("en-US", "Dr. Smith's table for 2 is booked at 7:30pm!"),
    ("en-US", "It costs $5 - okay? A1B2, 1,234,567 — or 50% & more…"),
    ("en-US", '("Look", he said) **bold** e.g. www.example.com 😀 place'),
    ("en-US", "a\tb\nc\x00d\x01e \ud800 \u200b"),
    ("en-GB", "Cheers."),
    ("de-DE", "Guten Tag! Der 3. Oktober ist ein Feiertag."),
    ("fr-FR", "Comment allez-vous aujourd'hui ? Très bien."),
    ("es-MX", "Hola, ¿cómo está usted?"),
    ("zh-CN", "你好，今天天气怎么样？我有3个苹果。"),
    ("ja-JP", "こんにちは、今日はいい天気ですね。"),
    ("ko-KR", "안녕하세요, 오늘 날씨가 어떻습니까?"),
    ("hi-IN", "नमस्ते, आज मौसम कैसा है?"),
    ("ar-EG", "مرحبا، كيف حالك؟"),
    ("km-KH", "សួស្តី ពិភពលោក"),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["espeak", "tone"])
async def speaker(request: pytest.FixtureRequest) -> AsyncIterator[Speaker]:
    if request.param == "tone":
        opened: Speaker = ToneSpeaker()
    elif importlib.util.find_spec("espeakng_loader") is None:
        pytest.skip("espeakng-loader is not installed")
    else:
        opened = await EspeakSpeaker.start()
    yield opened
    await opened.aclose()


def _samples(utterance: Utterance) -> np.ndarray:
    return np.abs(np.frombuffer(utterance.pcm, "<i2").astype(int))


@pytest.mark.parametrize(("locale", "text"), TEXTS)
async def test_words_follow_each_other_within_the_audio(speaker: Speaker, locale: str, text: str) -> None:
    utterance = await speaker.speak(text, locale=locale)
    assert utterance.words[0].offset_ms >= 100.0
    assert all(word.duration_ms >= 0.0 for word in utterance.words)
    for word, following in pairwise(utterance.words):
        assert word.offset_ms + word.duration_ms <= following.offset_ms + 0.01
    assert utterance.words[-1].offset_ms + utterance.words[-1].duration_ms < utterance.duration_ms


@pytest.mark.parametrize(("locale", "text"), TEXTS)
async def test_visemes_rise_in_time_change_and_begin_and_end_in_silence(
    speaker: Speaker, locale: str, text: str
) -> None:
    utterance = await speaker.speak(text, locale=locale)
    visemes = utterance.visemes
    assert (visemes[0].viseme_id, visemes[-1].viseme_id) == (0, 0)
    assert visemes[0].offset_ms >= 0.0
    for viseme, following in pairwise(visemes):
        assert viseme.offset_ms < following.offset_ms
        assert viseme.viseme_id != following.viseme_id
    assert all(viseme.offset_ms == int(viseme.offset_ms) for viseme in visemes)
    assert all(0 <= viseme.viseme_id <= 21 for viseme in visemes)
    assert visemes[-1].offset_ms < utterance.duration_ms


@pytest.mark.parametrize(("locale", "text"), TEXTS[:3])
async def test_words_are_the_texts_own(speaker: Speaker, locale: str, text: str) -> None:
    utterance = await speaker.speak(text, locale=locale)
    expected = [token.strip("-—.,!?…") for token in text.split()]
    assert [word.text for word in utterance.words] == [word for word in expected if word]


@pytest.mark.parametrize("text", ["", "   \n", "...", "— ?! (…)", "。、"])
async def test_a_text_without_words_is_a_short_silence(speaker: Speaker, text: str) -> None:
    utterance = await speaker.speak(text)
    assert utterance.words == ()
    assert [viseme.viseme_id for viseme in utterance.visemes] == [0]
    assert 0.0 < utterance.duration_ms < 500.0
    assert not _samples(utterance).any()


async def test_sound_is_where_the_words_are_and_silence_around_them(speaker: Speaker) -> None:
    utterance = await speaker.speak("Hello there. It is late.")
    level = _samples(utterance)
    for word in utterance.words:
        start, end = (round(ms * 24) for ms in (word.offset_ms, word.offset_ms + word.duration_ms))
        assert level[start:end].max() > 3000
    assert not level[: 95 * 24].any()
    assert not level[-140 * 24 :].any()
    there, it = utterance.words[1:3]
    pause = level[round((there.offset_ms + there.duration_ms) * 24) + 480 : round(it.offset_ms * 24) - 480]
    assert len(pause) > 100 * 24
    assert pause.mean() < level.mean() / 20


async def test_the_mouth_rests_in_a_pause(speaker: Speaker) -> None:
    utterance = await speaker.speak("Hello there. It is late.")
    there, it = utterance.words[1:3]
    before_it = [viseme for viseme in utterance.visemes if viseme.offset_ms < it.offset_ms - 50.0]
    assert before_it[-1].viseme_id == 0
    assert before_it[-1].offset_ms == pytest.approx(there.offset_ms + there.duration_ms, abs=2.0)


async def test_a_higher_rate_is_faster(speaker: Speaker) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    slow, fast = await speaker.speak(text, rate=0.8), await speaker.speak(text, rate=1.5)
    assert fast.duration_ms < 0.75 * slow.duration_ms


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
async def test_a_rate_that_is_no_positive_number_is_refused(speaker: Speaker, rate: float) -> None:
    with pytest.raises(ConfigurationError, match="rate"):
        await speaker.speak("Hello.", rate=rate)


async def test_the_same_text_gives_the_same_utterance_from_another_speaker(speaker: Speaker) -> None:
    another: Speaker = ToneSpeaker() if isinstance(speaker, ToneSpeaker) else await EspeakSpeaker.start()
    await another.speak("Something else first.")
    assert await another.speak("Hello there.") == await speaker.speak("Hello there.")
    await another.aclose()


async def test_closing_twice_is_fine() -> None:
    opened = await open_speaker()
    await opened.aclose()
    await opened.aclose()


async def test_without_espeak_the_speaker_is_tones_and_one_warning_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    warnings: list[str] = []
    sink = logger.add(warnings.append, level="WARNING", format="{message}")
    opened = await open_speaker()
    logger.remove(sink)
    assert isinstance(opened, ToneSpeaker)
    assert len(warnings) == 1
    assert 'pip install "pipecat-voicelive[simulator]"' in warnings[0]


@pytest.mark.skipif(importlib.util.find_spec("espeakng_loader") is None, reason="needs espeakng-loader")
@pytest.mark.parametrize("executable", ["/nonexistent/python", "/bin/false"])
async def test_a_process_that_does_not_start_leaves_tones(
    monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert isinstance(await open_speaker(), ToneSpeaker)
