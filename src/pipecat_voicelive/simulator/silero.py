"""How likely each 32 ms of audio holds a voice, by Silero's model; many sessions in one inference.

    session ── samples ──▶ ┐                  ┌──▶ probabilities ── session
    session ── samples ──▶ ├─ one inference ──┤
    session ── samples ──▶ ┘   (own thread)   └──▶ probabilities ── session

While an inference runs, what further sessions hear gathers for the next one; before that it waits a moment
for those that have not asked yet. A session's probabilities depend on its own audio alone: the model's memory
of it goes along from window to window, whoever else is in the batch.

The model (MIT licence) is a file of the pipecat package; Pipecat itself is not imported.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from pipecat_voicelive.errors import ConfigurationError

WINDOW_MS = 32
_RATE_HZ = 16_000
_WINDOW = WINDOW_MS * _RATE_HZ // 1000
_CONTEXT = 64
"""Samples of the window before that the model sees again."""
_GATHER_S = 0.03
_MODEL = Path("audio", "vad", "data", "silero_vad.onnx")

Floats = NDArray[np.float32]


class SileroStream:
    """One stream of audio, and what the model remembers of it.

    Args:
        rate_hz: Samples per second of what is judged.
    """

    def __init__(self, rate_hz: int) -> None:
        self._resampler = None if rate_hz == _RATE_HZ else soxr.ResampleStream(rate_hz, _RATE_HZ, 1, "int16")
        self._rest: Floats = np.zeros(0, dtype=np.float32)
        self.context: Floats = np.zeros(_CONTEXT, dtype=np.float32)
        self.memory: Floats = np.zeros((2, 128), dtype=np.float32)

    def windows(self, samples: NDArray[np.int16]) -> list[Floats]:
        """The windows that further samples complete; resampling holds some back."""
        if self._resampler is not None:
            samples = np.asarray(self._resampler.resample_chunk(samples))
        values = np.concatenate([self._rest, samples.astype(np.float32) / 32768.0])
        count = len(values) // _WINDOW
        self._rest = values[count * _WINDOW :]
        return [values[index * _WINDOW : (index + 1) * _WINDOW] for index in range(count)]


@dataclass(slots=True, eq=False)
class _Question:
    stream: SileroStream
    samples: NDArray[np.int16]
    answer: asyncio.Future[list[float]]
    probabilities: list[float] = field(default_factory=list[float])


class Silero:
    """The model and its thread; make one with `open`."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="simulator-silero")
        self._listeners = 0
        self._waiting: list[_Question] = []
        self._work: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls) -> Silero:
        """Load the model.

        Raises:
            ConfigurationError: It is not there.
        """
        return cls(await asyncio.to_thread(_load))

    def listen(self) -> None:
        """A session begins; it ends with `leave`."""
        self._listeners += 1

    def leave(self) -> None:
        """A session is over."""
        self._listeners -= 1

    async def judge(self, stream: SileroStream, samples: NDArray[np.int16]) -> list[float]:
        """The probability of a voice, 0 to 1, in each window that further samples of a stream complete.

        Answers come in the order in which they are asked for.
        """
        question = _Question(stream, samples, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._work is None:
            self._work = asyncio.create_task(self._answer(), name="simulator-silero")
        return await question.answer

    async def aclose(self) -> None:
        """Let go of the thread; safe to call twice."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        self._thread.shutdown(wait=False)

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        questions: list[_Question] = []
        try:
            while self._waiting:
                if len(self._waiting) < self._listeners:
                    await asyncio.sleep(_GATHER_S)
                questions, self._waiting = self._waiting, []
                await loop.run_in_executor(self._thread, self._judge, questions)
                for question in questions:
                    if not question.answer.done():
                        question.answer.set_result(question.probabilities)
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            for question in [*questions, *self._waiting]:
                if not question.answer.done():
                    question.answer.set_exception(error)
            self._waiting = []
        finally:
            self._work = None

    def _judge(self, questions: Sequence[_Question]) -> None:
        """Answer all questions. Runs in the thread."""
        queues: dict[SileroStream, deque[tuple[_Question, Floats]]] = {}
        for question in questions:
            windows = question.stream.windows(question.samples)
            queues.setdefault(question.stream, deque()).extend((question, window) for window in windows)
        while batch := [(stream, *queue.popleft()) for stream, queue in queues.items() if queue]:
            # The newest window of every stream in one go: one that has several waits with the rest.
            seen = np.stack([np.concatenate([stream.context, window]) for stream, _, window in batch])
            memory = np.stack([stream.memory for stream, _, _ in batch], axis=1)
            inputs = {"input": seen, "state": memory, "sr": np.array(_RATE_HZ, dtype=np.int64)}
            likely, after = self._session.run(None, inputs)
            for index, (stream, question, window) in enumerate(batch):
                question.probabilities.append(float(likely[index, 0]))
                stream.context, stream.memory = window[-_CONTEXT:], after[:, index]


def _load() -> Any:
    # find_spec of a package itself looks it up without running it.
    spec = find_spec("pipecat")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = next((path for folder in folders if (path := Path(folder) / _MODEL).is_file()), None)
    if found is None:
        raise ConfigurationError(
            "Silero's model is not there: it comes with pipecat-ai. Give turn_detector='energy'"
        )
    try:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise ConfigurationError(
            "turn_detector='silero' needs onnxruntime, which pipecat-ai brings. Install it, or give 'energy'"
        ) from error
    runtime: Any = onnxruntime  # it has no types
    options = runtime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    return runtime.InferenceSession(str(found), options, providers=["CPUExecutionProvider"])
