"""Pictures and sound of an avatar on their way into the pipeline."""

import asyncio
import io
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
from pipecat.frames.frames import OutputAudioRawFrame, OutputImageRawFrame, TTSAudioRawFrame

from pipecat_voicelive import ConfigurationError, VoiceLiveLLMService
from pipecat_voicelive.service.avatar_media import AvatarMedia
from pipecat_voicelive.service.avatar_movie import AvatarMovie

CONNECTION = {"endpoint": "ws://127.0.0.1:1", "api_key": "key"}


def sound(level, duration_ms=20, rate_hz=48000):
    samples = np.full((1, duration_ms * rate_hz // 1000 * 2), level, np.int16)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
    frame.sample_rate = rate_hz
    return frame


class Pushed(list):
    """Takes frames, and wakes whoever waits."""

    def __init__(self):
        self.changed = asyncio.Event()

    async def __call__(self, frame):
        self.append(frame)
        self.changed.set()

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


async def test_sound_is_speech_while_an_answer_is_given_and_silence_between_answers_is_left_out():
    pushed = Pushed()
    media = AvatarMedia(pushed, 16000)
    await media.sound(sound(0))
    await media.sound(sound(5000))
    media.speech(begins=True)
    await media.sound(sound(0))
    media.speech(begins=False)
    await media.sound(sound(0))
    assert [type(frame) for frame in pushed] == [OutputAudioRawFrame, TTSAudioRawFrame]
    assert {(frame.sample_rate, frame.num_channels) for frame in pushed} == {(16000, 1)}


async def test_after_an_interruption_nothing_is_heard_until_the_next_answer():
    pushed = Pushed()
    media = AvatarMedia(pushed, 48000)
    media.speech(begins=True)
    media.void()
    await media.sound(sound(5000))
    media.speech(begins=False)
    await media.sound(sound(5000))
    assert not pushed
    media.speech(begins=True)
    await media.sound(sound(5000))
    assert len(pushed) == 1


async def test_a_picture_that_waits_gives_way_to_a_newer_one():
    pushed = Pushed()
    media = AvatarMedia(pushed, 48000)
    for grey in (0, 100, 200):
        media.picture(av.VideoFrame.from_ndarray(np.full((4, 6, 3), grey, np.uint8), format="rgb24"))
    pushing = asyncio.create_task(media.push_pictures())
    await pushed.until(lambda: pushed)
    pushing.cancel()
    (image,) = pushed
    assert isinstance(image, OutputImageRawFrame)
    assert (image.size, image.format, set(image.image)) == ((6, 4), "RGB", {200})
    assert image.sync_with_audio


def film(seconds, *, silent=False):
    """A fragmented MP4 of grey pictures, and a tone unless silent."""
    file = io.BytesIO()
    options = {"movflags": "empty_moov+default_base_moof+frag_keyframe"}
    with av.open(file, "w", format="mp4", options=options) as movie:
        video = movie.add_stream("libx264", rate=25)
        audio = None if silent else movie.add_stream("aac", rate=48000)
        video.width, video.height, video.pix_fmt, video.gop_size = 64, 48, "yuv420p", 5
        for number in range(int(seconds * 25)):
            grey = np.full((48, 64, 3), number * 3 % 255, np.uint8)
            movie.mux(video.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
            if audio is not None:
                movie.mux(audio.encode(sound(3000 * (-1) ** number, duration_ms=40)))
        movie.mux(video.encode(None))
        if audio is not None:
            movie.mux(audio.encode(None))
    return file.getvalue()


async def test_a_film_that_comes_in_pieces_becomes_pictures_and_sound_at_its_own_pace():
    pushed = Pushed()
    media = AvatarMedia(pushed, 24000)
    media.speech(begins=True)
    movie, data = AvatarMovie(media), film(2)
    began_s = asyncio.get_running_loop().time()
    for start in range(0, len(data), 1000):
        movie.feed(data[start : start + 1000])
    await pushed.until(
        lambda: sum(len(f.audio) for f in pushed if isinstance(f, TTSAudioRawFrame)) > 24000 * 2
    )
    assert 0.5 < asyncio.get_running_loop().time() - began_s < 5
    await movie.aclose()
    pictures = [frame for frame in pushed if isinstance(frame, OutputImageRawFrame)]
    assert len(pictures) > 5
    assert {picture.size for picture in pictures} == {(64, 48)}


async def test_a_film_without_sound_becomes_pictures():
    pushed = Pushed()
    movie = AvatarMovie(AvatarMedia(pushed, 24000))
    movie.feed(film(1, silent=True))
    await pushed.until(lambda: len(pushed) > 5)
    await movie.aclose()


async def test_a_film_that_lasts_leaves_the_threads_of_others_alone():
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=1))
    movie = AvatarMovie(AvatarMedia(Pushed(), 24000))
    await asyncio.sleep(0)  # its tasks have begun
    async with asyncio.timeout(5):
        await asyncio.to_thread(int)
        await movie.aclose()


@pytest.mark.parametrize("data", [b"", b"this is no film at all" * 100], ids=["nothing", "nonsense"])
async def test_what_is_no_film_does_no_harm(data):
    pushed = Pushed()
    movie = AvatarMovie(AvatarMedia(pushed, 24000))
    movie.feed(data)
    async with asyncio.timeout(5):
        await movie.aclose()
    assert not pushed


async def test_what_comes_after_the_end_is_not_kept():
    movie = AvatarMovie(AvatarMedia(Pushed(), 24000))
    await movie.aclose()
    tracemalloc.start()
    for _ in range(20):
        movie.feed(bytes(1 << 20))
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept_bytes < 4 << 20


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiortc", None)
    with pytest.raises(ConfigurationError, match=r'pip install "pipecat-voicelive\[avatar\]"'):
        VoiceLiveLLMService(**CONNECTION, avatar_media="pipeline")
    VoiceLiveLLMService(**CONNECTION)


def test_a_way_that_there_is_not_is_refused():
    with pytest.raises(ConfigurationError, match='"client"'):
        VoiceLiveLLMService(**CONNECTION, avatar_media="browser")
