"""The process that holds espeak-ng: `python -m pipecat_voicelive.simulator.espeak_helper [--fork]`.

It loads espeak-ng once. With `--fork` it forks for each utterance, because espeak-ng's state drifts while it
speaks: only copies of one image give the same samples for the same text. Also a crash then costs one
utterance only. Else it speaks one text after the other, with samples that differ a little each time.

Talks as `espeak_wire` says, and ends when its stdin does.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from pipecat_voicelive.simulator.espeak_library import Espeak, EspeakError
from pipecat_voicelive.simulator.espeak_wire import (
    START_ID,
    Failed,
    SpeakRequest,
    decode_request,
    encode_reply,
)

WARM_UP = SpeakRequest(START_ID, "Warm up.", "gmw/en-US+f2", 175)
LONGEST_UTTERANCE_S = 20
_READ_BYTES = 1 << 16


def main() -> int:
    """Serve requests until stdin ends; 0, or 1 if espeak-ng did not start."""
    # Ctrl-C reaches the whole process group: the parent decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError), _take_stdout() as replies:
        try:
            espeak = Espeak()
            espeak.speak(WARM_UP)
        except (ImportError, OSError, RuntimeError) as error:
            replies.write(encode_reply(Failed(START_ID, f"{type(error).__name__}: {error}")))
            return 1
        replies.write(encode_reply(espeak.ready(START_ID)))
        replies.flush()
        serve = _serve_forking if "--fork" in sys.argv else _serve_in_turn
        serve(espeak, replies)
    return 0


def _take_stdout() -> BinaryIO:
    """Keep stdout for replies: what a library prints goes to stderr."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _answer(espeak: Espeak, request: SpeakRequest) -> bytes:
    try:
        return encode_reply(espeak.speak(request))
    except EspeakError as error:
        return encode_reply(Failed(request.id, str(error)))


def _serve_in_turn(espeak: Espeak, replies: BinaryIO) -> None:
    for line in sys.stdin.buffer:
        replies.write(_answer(espeak, decode_request(line)))
        replies.flush()


@dataclass(slots=True)
class _Requests:
    """Stdin, cut into lines."""

    rest: bytes = b""

    def take(self, received: bytes) -> list[SpeakRequest]:
        *lines, self.rest = (self.rest + received).split(b"\n")
        return [decode_request(line) for line in lines]


@dataclass(slots=True)
class _Child:
    """A fork that speaks one text, and what it has written so far."""

    request_id: int
    pid: int
    reply: bytearray = field(default_factory=bytearray)

    def finish(self) -> bytes:
        """Reap it; its reply, or that it failed."""
        _, status = os.waitpid(self.pid, 0)
        if status == 0:
            return bytes(self.reply)
        return encode_reply(Failed(self.request_id, f"espeak-ng crashed (wait status {status})"))


def _serve_forking(espeak: Espeak, replies: BinaryIO) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ, _Requests())
        while True:
            for key, _ in selector.select():
                received = os.read(key.fd, _READ_BYTES)
                match key.data:
                    case _Requests() as requests:
                        if not received:
                            return
                        for request in requests.take(received):
                            pipe, pid = _fork(lambda request=request: _answer(espeak, request), replies)
                            selector.register(pipe, selectors.EVENT_READ, _Child(request.id, pid))
                    case _Child() as child:
                        if received:
                            child.reply += received
                        else:
                            selector.unregister(key.fd)
                            os.close(key.fd)
                            replies.write(child.finish())
                            replies.flush()
                    case _:
                        raise AssertionError(key.data)


def _fork(answer: Callable[[], bytes], replies: BinaryIO) -> tuple[int, int]:
    """Run `answer` in a fork: the pipe its bytes come from, and its process id."""
    from_child, to_parent = os.pipe()
    pid = os.fork()
    if pid:
        os.close(to_parent)
        return from_child, pid
    status = 1
    try:
        signal.alarm(LONGEST_UTTERANCE_S)
        # Holding on to the parent's pipes would hide from both ends that this process has gone.
        os.close(from_child)
        os.close(replies.fileno())
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        with os.fdopen(to_parent, "wb") as pipe:
            pipe.write(answer())
        status = 0
    except BrokenPipeError:
        pass
    except BaseException:  # noqa: BLE001  # a fork must never get back into its parent's loop
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
