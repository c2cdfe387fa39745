"""espeak-ng through ctypes, for the helper process only: its licence is GPL-3.0-or-later.

The library keeps everything in C globals, so that a process can hold one and speak one text at a time.
https://github.com/espeak-ng/espeak-ng/blob/1.52.0/src/include/espeak-ng/speak_lib.h
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

from pipecat_voicelive.simulator.espeak_wire import RawSpeech, Ready, SpeakRequest

_OUTPUT_SYNCHRONOUS = 2
_PHONEME_EVENTS_IN_IPA = 1 | 2
_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_POSITION_CHARACTER = 1
_PARAMETER_RATE = 1
_PARAMETER_PITCH = 3
_BUFFER_MS = 200
_SEED = 1

# Control characters start espeak-ng's own commands; a zero byte would end the text.
_CONTROL_TO_SPACE = dict.fromkeys([*range(0x20), 0x7F], " ")


class _EventType(IntEnum):
    LIST_TERMINATED = 0
    WORD = 1
    PHONEME = 7


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


# (samples or null, number of samples, events) -> 0 to go on
_SYNTH_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class EspeakError(RuntimeError):
    """espeak-ng refused."""


class Espeak:
    """The library, loaded and initialised.

    Raises:
        ImportError: The wheel `espeakng-loader` is not installed.
        OSError: Its library does not load here.
        RuntimeError: Its data is missing, or it does not start.
    """

    def __init__(self) -> None:
        import espeakng_loader  # pyright: ignore[reportMissingTypeStubs]

        self._data = Path(espeakng_loader.get_data_path())
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        self._rate_hz: int = self._library.espeak_Initialize(
            _OUTPUT_SYNCHRONOUS, _BUFFER_MS, os.fsencode(self._data), _PHONEME_EVENTS_IN_IPA | _DONT_EXIT
        )
        if self._rate_hz <= 0:
            raise EspeakError("espeak-ng did not start")
        self._pcm = bytearray()
        self._words: list[tuple[int, int]] = []
        self._phonemes: list[tuple[str, int]] = []
        self._callback = _SYNTH_CALLBACK(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def ready(self, start_id: int) -> Ready:
        """Name the voices there are."""
        return Ready(
            start_id,
            languages=tuple(sorted(_files_under(self._data / "lang"))),
            variants=tuple(sorted(_files_under(self._data / "voices" / "!v"))),
        )

    def speak(self, request: SpeakRequest) -> RawSpeech:
        """Speak a text; blocks for about a thousandth of its duration.

        Raises:
            EspeakError: The voice or the text was refused.
        """
        self._pcm.clear()
        self._words.clear()
        self._phonemes.clear()
        if self._library.espeak_SetVoiceByName(request.voice.encode()):
            raise EspeakError(f"espeak-ng has no voice {request.voice!r}")
        # It seeds itself by the clock; a voice's breath and tremble are random.
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        self._library.espeak_SetParameter(_PARAMETER_RATE, request.wpm, 0)
        self._library.espeak_SetParameter(_PARAMETER_PITCH, request.pitch, 0)
        text = request.text.translate(_CONTROL_TO_SPACE).encode("utf-8", "replace") + b"\0"
        if self._library.espeak_Synth(text, len(text), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None):
            raise EspeakError("espeak-ng could not speak the text")
        return RawSpeech(
            request.id, self._rate_hz, tuple(self._words), tuple(self._phonemes), bytes(self._pcm)
        )

    def _collect(self, samples: int | None, sample_count: int, events: int) -> int:
        for event in _until_terminated(events):
            match event.type:
                case _EventType.WORD:
                    self._words.append((event.text_position - 1, event.sample))
                case _EventType.PHONEME:
                    # Eight bytes are all there is: a longer symbol is cut, maybe within a character.
                    self._phonemes.append((event.id.string.decode("utf-8", "ignore"), event.sample))
                case _:
                    pass
        if samples and sample_count > 0:
            self._pcm += ctypes.string_at(samples, sample_count * 2)
        return 0


def _until_terminated(address: int) -> Iterator[_Event]:
    while (event := _Event.from_address(address)).type != _EventType.LIST_TERMINATED:
        yield event
        address += ctypes.sizeof(_Event)


def _files_under(folder: Path) -> Iterator[str]:
    return (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
