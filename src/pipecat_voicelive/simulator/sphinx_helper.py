"""The process that recognises lines: `python -m pipecat_voicelive.simulator.sphinx_helper`.

It holds PocketSphinx, which keeps the interpreter to itself while it works, with two searches over the same
audio: one that can only hear the given lines, and one that can hear anything, badly. The first always hears
some line; that the second heard much the same is what makes it credible. See `sphinx` for how the two are
compared.

Each message, in and out, is a line of JSON. Samples follow their request: 16 bit little-endian mono at 16
kHz.

    in   {"lines": ["how is the weather", ...]}     out  {"unknown_words": [[...], ...]}, one list a line
    in   {"bytes": 64000}, samples                  out  {"line": "how is the ...", "free": "how is a ..."}
"""

from __future__ import annotations

import json
import signal
import sys
from typing import Any, BinaryIO, cast

RATE_HZ = 16000
_FREE = "_default"


def main() -> int:
    """Serve requests until stdin ends."""
    # Ctrl-C reaches the whole process group: the parent decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import pocketsphinx  # pyright: ignore[reportMissingTypeStubs]

    decoder = cast("Any", pocketsphinx).Decoder(samprate=RATE_HZ, loglevel="FATAL")
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    while line := requests.readline():
        request = json.loads(line)
        if "lines" in request:
            _reply(replies, {"unknown_words": _learn(decoder, request["lines"])})
        else:
            samples = requests.read(request["bytes"])
            _reply(
                replies, {"line": _heard(decoder, "lines", samples), "free": _heard(decoder, _FREE, samples)}
            )
    return 0


def _reply(replies: BinaryIO, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


def _learn(decoder: Any, lines: list[str]) -> list[list[str]]:
    unknown = [[word for word in line.split() if decoder.lookup_word(word) is None] for line in lines]
    known = [line for line, words in zip(lines, unknown, strict=True) if line and not words]
    if known:
        grammar = f"#JSGF V1.0; grammar lines; public <line> = {' | '.join(known)};"
        decoder.add_jsgf_string("lines", grammar)
    return unknown


def _heard(decoder: Any, search: str, samples: bytes) -> str:
    decoder.activate_search(search)
    decoder.start_utt()
    decoder.process_raw(samples, full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis else ""


if __name__ == "__main__":
    sys.exit(main())
