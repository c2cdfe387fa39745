"""espeak-ng and the process it runs in."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.espeak import CONCURRENT_UTTERANCES, EspeakSpeaker
from pipecat_voicelive.simulator.speech import SpeechError

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("espeakng_loader") is None, reason="needs espeakng-loader"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

LONG_TEXT = "word " * 1500
"""Takes espeak-ng a second or two."""


@pytest.fixture
async def speaker() -> AsyncIterator[EspeakSpeaker]:
    opened = await EspeakSpeaker.start()
    yield opened
    await opened.aclose()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")


async def test_sixteen_at_once_sound_as_one_after_the_other(speaker: EspeakSpeaker) -> None:
    texts = [f"Sentence number {number}." for number in range(16)]
    at_once = await asyncio.gather(*(speaker.speak(text) for text in texts))
    another = await EspeakSpeaker.start()
    in_turn = [await another.speak(text) for text in texts]
    await another.aclose()
    assert at_once == in_turn


async def test_a_process_started_at_another_time_sounds_the_same(speaker: EspeakSpeaker) -> None:
    utterance = await speaker.speak("Hello there.")
    # espeak-ng on its own seeds itself by the second of the day.
    second = int(time.time())
    while int(time.time()) == second:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    another = await EspeakSpeaker.start()
    assert await another.speak("Hello there.") == utterance
    await another.aclose()


async def test_a_text_spoken_before_comes_from_the_cache(speaker: EspeakSpeaker) -> None:
    assert await speaker.speak("Hello.") is await speaker.speak("Hello.")


async def test_voices_differ(speaker: EspeakSpeaker) -> None:
    voices = [None, "en-us+m3", "en-US-AndrewNeural", "en-US-BrianMultilingualNeural", "de-DE-KatjaNeural"]
    utterances = [await speaker.speak("Hello.", voice=voice) for voice in voices]
    assert utterances[1] == utterances[2]
    assert len({utterance.pcm for utterance in utterances}) == len(voices) - 1


async def test_an_unknown_espeak_variant_is_refused(speaker: EspeakSpeaker) -> None:
    with pytest.raises(ConfigurationError, match="variant"):
        await speaker.speak("Hello.", voice="en-us+m33")


async def test_espeak_is_never_loaded_into_this_process(speaker: EspeakSpeaker) -> None:
    await speaker.speak("Hello.")
    assert "espeakng_loader" not in sys.modules


def test_importing_the_helper_loads_neither_espeak_nor_numpy() -> None:
    program = (
        "import sys, pipecat_voicelive.simulator.espeak_helper;"
        "print(sorted({'espeakng_loader', 'numpy', 'pipecat'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@linux
async def test_a_killed_process_is_replaced_and_no_text_is_lost(speaker: EspeakSpeaker) -> None:
    before, pid = await speaker.speak("Hello."), speaker.pid
    speaking = asyncio.gather(*(speaker.speak(f"{number} {LONG_TEXT[:500]}") for number in range(6)))
    while not _children(pid):  # noqa: ASYNC110  # the process tells nobody that it forks
        await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    assert all(len(utterance.words) == 101 for utterance in await speaking)
    assert speaker.pid != pid
    assert await speaker.speak("Hello.", rate=1.0) == before


@linux
async def test_a_process_killed_twice_over_one_text_is_an_error(speaker: EspeakSpeaker) -> None:
    pid = speaker.pid
    speaking = asyncio.create_task(speaker.speak(LONG_TEXT))
    for _ in range(2):
        while speaker.pid == pid and not _children(speaker.pid):  # noqa: ASYNC110
            await asyncio.sleep(0)
        pid = speaker.pid
        while not _children(pid):  # noqa: ASYNC110
            await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        while speaker.pid == pid and not speaking.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
    with pytest.raises(SpeechError, match="ended"):
        await speaking


@linux
async def test_a_crash_over_one_text_leaves_the_others_alone(speaker: EspeakSpeaker) -> None:
    pid = speaker.pid
    crashing = asyncio.create_task(speaker.speak(LONG_TEXT))
    while not (children := _children(pid)):  # noqa: ASYNC110
        await asyncio.sleep(0)
    other = asyncio.create_task(speaker.speak("Hello."))
    os.kill(children[0], signal.SIGKILL)
    with pytest.raises(SpeechError, match="crashed"):
        await crashing
    assert (await other).words
    assert speaker.pid == pid


@linux
async def test_no_more_than_the_bound_are_spoken_at_once(speaker: EspeakSpeaker) -> None:
    speaking = asyncio.gather(*(speaker.speak(f"{number} {LONG_TEXT[:500]}") for number in range(12)))
    most = 0
    while not speaking.done():
        most = max(most, len(_children(speaker.pid)))
        await asyncio.sleep(0)
    assert 1 < most <= CONCURRENT_UTTERANCES


@linux
async def test_many_utterances_leave_neither_zombies_nor_open_files(speaker: EspeakSpeaker) -> None:
    def open_files() -> int:
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in (speaker.pid, "self"))

    await asyncio.gather(*(speaker.speak(f"Warm up {number}.") for number in range(8)))
    before = open_files()
    await asyncio.gather(*(speaker.speak(str(number)) for number in range(60)))
    assert _children(speaker.pid) == []
    assert open_files() == before


@linux
async def test_a_cancelled_text_does_not_disturb_the_next(speaker: EspeakSpeaker) -> None:
    pid = speaker.pid
    cancelled = asyncio.create_task(speaker.speak(LONG_TEXT[:500]))
    while not _children(pid):  # noqa: ASYNC110
        await asyncio.sleep(0)
    cancelled.cancel()
    while _children(pid):  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert (await speaker.speak("Hello.")).words[0].text == "Hello"
    assert (await speaker.speak("Bye.")).words[0].text == "Bye"
    assert speaker.pid == pid


@linux
async def test_closing_ends_the_process_and_whoever_speaks_hears_of_it(speaker: EspeakSpeaker) -> None:
    pid = speaker.pid
    speaking = asyncio.create_task(speaker.speak(LONG_TEXT))
    while not _children(pid):  # noqa: ASYNC110
        await asyncio.sleep(0)
    await speaker.aclose()
    assert not _is_running(pid)
    with pytest.raises(SpeechError, match="closed"):
        await speaking


async def test_a_closed_speaker_does_not_speak(speaker: EspeakSpeaker) -> None:
    await speaker.aclose()
    with pytest.raises(SpeechError, match="closed"):
        await speaker.speak("Hello.")


@linux
async def test_the_process_ends_with_its_parent() -> None:
    program = (
        "import asyncio, os\n"
        "from pipecat_voicelive.simulator.espeak import EspeakSpeaker\n"
        "async def main():\n"
        "    speaker = await EspeakSpeaker.start()\n"
        "    print(speaker.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    output, _ = await parent.communicate()
    async with asyncio.timeout(5):
        while _is_running(int(output)):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_without_fork_a_pool_of_processes_speaks() -> None:
    speaker = await EspeakSpeaker.start(forks=False)
    utterances = await asyncio.gather(*(speaker.speak(f"Sentence number {number}.") for number in range(8)))
    assert [utterance.words[-1].text for utterance in utterances] == [str(number) for number in range(8)]
    assert await speaker.speak("Sentence number 3.") is utterances[3]
    await speaker.aclose()
    with pytest.raises(SpeechError, match="closed"):
        await speaker.speak("Hello.")


async def test_texts_of_a_pool_are_spoken_at_once() -> None:
    speaker = await EspeakSpeaker.start(forks=False)
    long = asyncio.create_task(speaker.speak(LONG_TEXT))
    await speaker.speak("Hello.")
    assert not long.done()
    await speaker.aclose()
    with pytest.raises(SpeechError, match="closed"):
        await long


@linux
async def test_a_process_of_a_pool_that_is_killed_is_replaced() -> None:
    speaker = await EspeakSpeaker.start(forks=False)
    before, pid = await speaker.speak("Hello."), speaker.pid
    os.kill(pid, signal.SIGKILL)
    after = await speaker.speak("Hello again.")
    assert len(after.words) == 2
    assert speaker.pid != pid
    assert abs(after.duration_ms - before.duration_ms) < 1000
    await speaker.aclose()


@linux
async def test_processes_of_a_pool_end_with_their_speaker() -> None:
    speaker = await EspeakSpeaker.start(forks=False)
    await asyncio.gather(*(speaker.speak(f"Number {number}.") for number in range(CONCURRENT_UTTERANCES)))
    pids = _children(os.getpid())
    assert speaker.pid in pids
    await speaker.aclose()
    assert not any(map(_is_running, pids))
