"""One short call is recorded; each test looks at one side of the record."""

import asyncio

import pytest
from demo_fakes import Script, call, tone
from pipecat.frames.frames import (
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from demo.record import CallRecord, ToolCall
from demo.recorder import BotText, CallRecorder, Fact, Started
from pipecat_voicelive.service.frames import VoiceLiveVisemeFrame, VoiceLiveWordFrame
from pipecat_voicelive.testing.calls.transport import LocalCallTransport


def spoken(*words: str) -> list[Frame]:
    return [TTSTextFrame(word, text_type="word") for word in words]


async def tool_call(bot: Script, call_id: str, city: str, result: object) -> None:
    about = {"function_name": "get_weather", "tool_call_id": call_id}
    await bot.broadcast_frame(FunctionCallInProgressFrame, **about, arguments={"city": city})
    if result is None:
        await bot.broadcast_frame(FunctionCallCancelFrame, **about)
        return
    for final in (False, True):
        await bot.broadcast_frame(
            FunctionCallResultFrame,
            **about,
            arguments={"city": city},
            result=result if final else "wait",
            properties=FunctionCallResultProperties(is_final=final),
        )


async def record_call() -> tuple[CallRecord, list[Fact], LocalCallTransport]:
    transport = LocalCallTransport()
    facts: list[Fact] = []
    recorder = CallRecorder(transport, on_fact=facts.append)
    bot = Script()

    async def script(_worker) -> None:
        await transport.caller.say(tone(0.2, 16000), "How is Lisbon?")
        await bot.push_frame(TranscriptionFrame("How is Lisbon?", "caller", ""), FrameDirection.UPSTREAM)
        await bot.broadcast_interruption()  # one comes with every turn
        await tool_call(bot, "1", "Lisbon", {"sky": "sunny"})
        await tool_call(bot, "2", "Oslo", None)
        await asyncio.sleep(0.1)
        await bot.speak(
            0.4,
            with_audio=[
                TTSTextFrame("It", text_type="word"),
                VoiceLiveWordFrame("is", 100, 100, "r", "i"),
                VoiceLiveVisemeFrame(6, 200, "r", "i"),
                TTSTextFrame("is", text_type="word"),
            ],
        )
        await asyncio.sleep(0.6)
        await bot.speak(2.0, with_audio=spoken("This", "is", "a", "long", "story"))
        await asyncio.sleep(0.5)
        await transport.caller.say(tone(0.1, 16000), "Stop")
        await bot.broadcast_interruption()

    await call(transport, bot, script, [recorder])
    return recorder.finish(), facts, transport


@pytest.fixture(scope="module")
def recorded() -> tuple[CallRecord, list[Fact], LocalCallTransport]:
    return asyncio.run(record_call())


@pytest.fixture
def record(recorded) -> CallRecord:
    return recorded[0]


@pytest.fixture
def facts(recorded) -> list[Fact]:
    return recorded[1]


def test_who_said_what(record: CallRecord) -> None:
    assert [(u.who, u.text, u.cut) for u in record.utterances] == [
        ("caller", "How is Lisbon?", False),
        ("bot", "It is", False),
        ("bot", "This is", True),
        ("caller", "Stop", False),
    ]


def test_utterances_have_the_times_at_which_they_were_heard(record: CallRecord, recorded) -> None:
    bot = recorded[2].recording.bot
    first, second = record.spoken_by("bot")
    assert first.end_s - first.start_s == pytest.approx(0.4, abs=0.03)
    assert second.end_s == pytest.approx(bot.end_s, abs=0.05)
    assert record.duration_s == recorded[2].recording.duration_s


def test_only_speech_that_was_cut_off_counts_as_interrupted(record: CallRecord) -> None:
    [interruption] = record.interruptions
    [cut] = [u for u in record.utterances if u.cut]
    assert interruption.at_s == cut.end_s


def test_the_latency_runs_from_the_callers_last_sample_to_the_bots_first_audio(record: CallRecord) -> None:
    [latency] = record.latencies
    assert latency.caller_end_s == record.utterances[0].end_s
    assert latency.bot_start_s == record.utterances[1].start_s
    assert latency.ms == pytest.approx(110, abs=40)
    assert record.median_latency_ms == latency.ms


def test_a_transcript_is_noted_once(record: CallRecord) -> None:
    assert [t.text for t in record.transcripts] == ["How is Lisbon?"]


def test_words_and_visemes_are_noted_when_they_are_heard(record: CallRecord) -> None:
    [word], [viseme] = record.words, record.visemes
    start_s = record.utterances[1].start_s
    assert (word.text, word.duration_s, viseme.viseme_id) == ("is", 0.1, 6)
    assert word.at_s - start_s == pytest.approx(0.1, abs=0.045)
    assert viseme.at_s - start_s == pytest.approx(0.2, abs=0.045)


def test_a_tool_call_is_noted_once_with_its_final_result(record: CallRecord) -> None:
    done, cancelled = record.tool_calls
    assert done == ToolCall(
        "1", "get_weather", {"city": "Lisbon"}, done.start_s, done.end_s, {"sky": "sunny"}
    )
    assert done.end_s is not None
    assert done.end_s >= done.start_s
    assert cancelled.cancelled
    assert cancelled.result is None


def test_facts_are_told_in_order(facts: list[Fact]) -> None:
    told = [type(f).__name__ for f in facts]
    assert told[:3] == ["Started", "Utterance", "Transcript"]
    assert [f.text for f in facts if isinstance(f, BotText)] == ["It", " is", "This", " is"]
    assert [f.who for f in facts if isinstance(f, Started)] == ["caller", "bot", "bot", "caller"]
