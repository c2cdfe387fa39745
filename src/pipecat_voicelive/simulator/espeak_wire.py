"""What the simulator and its espeak-ng process say to each other, over that process's stdin and stdout.

    request   a line of JSON: {"id", "text", "voice", "wpm", "pitch"}
    reply     two little-endian u32 (sizes of header and samples), the header in JSON, the samples

The first reply, `Ready` or `Failed`, answers the start of the process. Closing stdin ends the process.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass

SIZES = struct.Struct("<II")
START_ID = 0
"""Id of the reply that answers the start."""


@dataclass(frozen=True, slots=True)
class SpeakRequest:
    """Speak `text` with an espeak-ng voice, e.g. "gmw/en-US+f2", at `wpm` words a minute.

    `pitch` goes from 0 to 100, 50 being normal.
    """

    id: int
    text: str
    voice: str
    wpm: int
    pitch: int = 50


@dataclass(frozen=True, slots=True)
class Ready:
    """The process is up.

    Attributes:
        id: `START_ID`.
        languages: Voice files by path, e.g. "gmw/en-US".
        variants: What can follow a "+", e.g. "f2".
    """

    id: int
    languages: tuple[str, ...]
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawSpeech:
    """What espeak-ng made of a text.

    Attributes:
        id: The request's.
        rate_hz: espeak-ng's own sampling rate.
        words: (position in the text, sample) of each word that espeak-ng noticed.
        phonemes: (IPA, sample) of each phoneme; "" is a pause or a glide without a symbol.
        pcm: Signed 16 bit little-endian mono.
    """

    id: int
    rate_hz: int
    words: tuple[tuple[int, int], ...]
    phonemes: tuple[tuple[str, int], ...]
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The request with this id failed, for this reason."""

    id: int
    reason: str


Reply = Ready | RawSpeech | Failed


def encode_request(request: SpeakRequest) -> bytes:
    """One line, line break included."""
    return json.dumps(asdict(request)).encode() + b"\n"


def decode_request(line: bytes) -> SpeakRequest:
    """The inverse of `encode_request`."""
    return SpeakRequest(**json.loads(line))


def encode_reply(reply: Reply) -> bytes:
    """Sizes, header, samples."""
    match reply:
        case Ready():
            header, pcm = {"ready": [reply.id, reply.languages, reply.variants]}, b""
        case RawSpeech():
            header, pcm = {"speech": [reply.id, reply.rate_hz, reply.words, reply.phonemes]}, reply.pcm
        case Failed():
            header, pcm = {"failed": [reply.id, reply.reason]}, b""
    body = json.dumps(header).encode()
    return SIZES.pack(len(body), len(pcm)) + body + pcm


def decode_reply(header: bytes, pcm: bytes) -> Reply:
    """The inverse of `encode_reply`, the sizes having been read."""
    match json.loads(header):
        case {"ready": [id_, languages, variants]}:
            return Ready(id_, tuple(languages), tuple(variants))
        case {"speech": [id_, rate_hz, words, phonemes]}:
            word_marks = tuple((position, sample) for position, sample in words)
            return RawSpeech(id_, rate_hz, word_marks, tuple((ipa, sample) for ipa, sample in phonemes), pcm)
        case {"failed": [id_, reason]}:
            return Failed(id_, reason)
        case _:
            raise ValueError("not a reply of the espeak-ng process")
