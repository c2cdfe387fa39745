"""Records sessions to tapes, a file a session, beside the event loop.

The loop only hands messages over; a thread reads, cleans and writes them. A disk that cannot keep up ends
the recording, not the conversation.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.patience import PatientConnection
from pipecat_voicelive.simulator.tapes.tape import Source, line_of

_logger = logging.getLogger(__name__)

_MAX_WAITING_BYTES = 256 * 1024 * 1024


class TapeRecorder:
    """Writes tapes while it is open.

    Args:
        path: The first session's file. Those of further sessions, and those of sessions whose file is there
            already, have a number before the suffix: call.jsonl, call-2.jsonl, call-3.jsonl. Nothing is
            overwritten.
        keep_media: Whether sound and pictures are kept.

    Raises:
        ConfigurationError: There is no such folder.
    """

    def __init__(self, path: str | Path, *, keep_media: bool) -> None:
        self._path = Path(path)
        self._keep_media = keep_media
        self._waiting: queue.SimpleQueue[tuple[_Writer, float, Source, str | bytes] | _Writer | None]
        self._waiting = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        # Each is counted by one thread only.
        self._put_bytes = self._taken_bytes = 0
        self.tapes: list[Path] = []
        """The files written so far."""
        if not self._path.parent.is_dir():
            raise ConfigurationError(f"record: there is no folder {str(self._path.parent)!r}")
        if self._path.is_dir():
            raise ConfigurationError(f"record: {str(self._path)!r} is a folder; give a file in it")

    def open_tape(self) -> Recording | None:
        """Begin a tape; None, and an error in the log, if the file cannot be made."""
        try:
            path, file = self._new_file()
        except OSError as error:
            _logger.error("A session is not recorded: %s", error)  # noqa: TRY400
            return None
        self.tapes.append(path)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="simulator-tapes", daemon=True)
            self._thread.start()
        return Recording(self, _Writer(path, file))

    async def aclose(self) -> None:
        """Write what waits, and end."""
        if self._thread is not None:
            self._waiting.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def put(self, writer: _Writer, at_s: float, source: Source, message: str | bytes) -> None:
        """Hand a message over."""
        if self._put_bytes - self._taken_bytes < _MAX_WAITING_BYTES:
            self._put_bytes += len(message)
            self._waiting.put((writer, at_s, source, message))
        elif not writer.is_cut:
            writer.is_cut = True
            _logger.error("The tape %s is not complete: it could not be written fast enough.", writer.path)

    def end(self, writer: _Writer) -> None:
        """A tape is complete."""
        self._waiting.put(writer)

    def _new_file(self) -> tuple[Path, BinaryIO]:
        number = 1
        while True:
            suffix = "" if number == 1 else f"-{number}"
            path = self._path.with_name(f"{self._path.stem}{suffix}{self._path.suffix}")
            try:
                return path, open(path, "xb", opener=_privately)
            except FileExistsError:
                number += 1

    def _write(self) -> None:
        while (work := self._waiting.get()) is not None:
            if isinstance(work, _Writer):
                work.close()
                continue
            writer, at_s, source, message = work
            self._taken_bytes += len(message)
            try:
                writer.write(line_of(at_s, source, message, keep_media=self._keep_media))
            except Exception as error:  # noqa: BLE001 - one tape ends with it, not those of all sessions
                writer.fail(error)


def _privately(path: str, flags: int) -> int:
    """Open a file that only its owner can read: it holds what was said."""
    return os.open(path, flags, 0o600)


class _Writer:
    """A file, used by the thread only."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.is_cut = False
        self._file = file
        self._failed = False

    def write(self, line: bytes) -> None:
        """Write a line. Raises OSError."""
        if self._failed or self.is_cut:
            return
        self._file.write(line)

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        self._failed = True
        # What other errors say may quote what was said.
        problem = error if isinstance(error, OSError) else type(error).__name__
        _logger.error("The tape %s is not complete: %s", self.path, problem)


class Recording:
    """The tape of one session while it runs."""

    def __init__(self, recorder: TapeRecorder, writer: _Writer) -> None:
        self._recorder = recorder
        self._writer = writer
        self._began_s = time.monotonic()

    @property
    def path(self) -> Path:
        """The file."""
        return self._writer.path

    def add(self, source: Source, message: str | bytes) -> None:
        """Take a message down."""
        self._recorder.put(self._writer, time.monotonic() - self._began_s, source, message)

    def end(self) -> None:
        """The session is over."""
        self._recorder.end(self._writer)


class RecordedConnection(PatientConnection):
    """A connection that can be listened to: what goes over it is taken down, as it is on the wire."""

    recording: Recording | None = None

    async def recv(self, decode: bool | None = None) -> Any:
        """Receive a message."""
        message = await super().recv(decode)
        if self.recording is not None:
            self.recording.add("client", message)
        return message

    async def send(self, message: Any, *args: Any, **options: Any) -> None:
        """Send a message."""
        if self.recording is not None and self.close_code is None:
            self.recording.add("server", message)
        await super().send(message, *args, **options)
