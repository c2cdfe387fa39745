"""Stands in for PyAudio on a machine without sound: the part of it that the samples use, in real time.

The microphone plays a recording, from the moment it is opened, and silence behind it. What the loudspeaker is
given is written to a file. `STAND_IN_MICROPHONE` and `STAND_IN_LOUDSPEAKER` name the files, both of 16 bit
samples at 24 kHz without a header.
"""

import os
import threading
import time
from pathlib import Path

paInt16 = 8  # noqa: N816 - PyAudio's name
paContinue = 0  # noqa: N816
paComplete = 1  # noqa: N816
_RATE_HZ = 24000
_SAMPLE_BYTES = 2


def get_sample_size(sample_format):
    assert sample_format == paInt16, "only 16 bit samples are stood in for"
    return _SAMPLE_BYTES


class PyAudio:
    def get_device_count(self):
        return 1

    def get_device_info_by_index(self, index):
        return {"index": index, "name": "stand-in", "maxInputChannels": 1, "maxOutputChannels": 1}

    def open(self, *, format, channels, rate, input=False, output=False, **options):  # noqa: A002
        assert (format, channels, rate) == (paInt16, 1, _RATE_HZ), "only this is stood in for"
        assert input != output, "a stream goes one way"
        return (Microphone if input else Loudspeaker)(**options)

    def terminate(self):
        pass


class Stream:
    """A stream with a clock: a period of audio takes as long as it lasts."""

    def __init__(self, *, frames_per_buffer, stream_callback=None):
        self._callback = stream_callback
        self._period_frames = frames_per_buffer
        self._began_s = time.monotonic()
        self._passed_frames = 0
        self._stopped = threading.Event()
        self._thread = None
        if stream_callback is not None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def start_stream(self):
        pass

    def stop_stream(self):
        self._stopped.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def close(self):
        self.stop_stream()

    def _pass(self, frames):
        """Wait until so much more audio has had its time; false if the stream was stopped."""
        self._passed_frames += frames
        due_s = self._began_s + self._passed_frames / _RATE_HZ
        return not self._stopped.wait(max(0.0, due_s - time.monotonic()))

    def _run(self):
        raise NotImplementedError


class Microphone(Stream):
    def __init__(self, **options):
        self._recording = Path(os.environ["STAND_IN_MICROPHONE"]).read_bytes()
        self._place = 0
        super().__init__(**options)

    def read(self, frames, exception_on_overflow=True):
        self._pass(frames)
        start, self._place = self._place, self._place + frames * _SAMPLE_BYTES
        return self._recording[start : self._place].ljust(frames * _SAMPLE_BYTES, b"\0")

    def _run(self):
        going_on = paContinue
        while going_on == paContinue and not self._stopped.is_set():
            heard = self.read(self._period_frames)
            _, going_on = self._callback(heard, self._period_frames, {}, 0)


class Loudspeaker(Stream):
    def write(self, audio):
        with open(os.environ["STAND_IN_LOUDSPEAKER"], "ab") as file:  # noqa: PTH123 - as short as can be
            file.write(audio)
        self._began_s = max(self._began_s, time.monotonic() - self._passed_frames / _RATE_HZ)
        self._pass(len(audio) // _SAMPLE_BYTES)

    def _run(self):
        going_on = paContinue
        while going_on == paContinue and not self._stopped.is_set():
            audio, going_on = self._callback(None, self._period_frames, {}, 0)
            self.write(audio)
