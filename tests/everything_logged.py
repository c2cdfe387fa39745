"""Everything that a program can log or print, at every level, of every library, with all variables."""

import asyncio
import contextlib
import gc
import logging
import sys
import traceback
import warnings
from dataclasses import dataclass, field

from loguru import logger

OURS = "pipecat_voicelive"


@dataclass
class Line:
    source: str
    text: str


@dataclass
class Logged:
    """What was logged, warned of and shown so far."""

    lines: list = field(default_factory=list)

    def add(self, source, text):
        self.lines.append(Line(source, text))

    def with_any(self, words, *, among=lambda source: True):
        """The lines that hold one of the words, cut to what is around it."""
        return [
            (line.source, word, line.text[max(line.text.find(word) - 300, 0) :][:700])
            for line in self.lines
            if among(line.source)
            for word in words
            if word in line.text
        ]

    def show_objects(self):
        """Add the repr of everything of this package that lives, but for the simulator's and the tests'."""
        for thing in gc.get_objects():
            kind = type(thing)
            module = str(kind.__dict__.get("__module__", ""))
            if module.startswith(OURS) and not module.startswith((f"{OURS}.simulator", f"{OURS}.testing")):
                with contextlib.suppress(ReferenceError):
                    self.add(f"repr of {module}.{kind.__qualname__}", repr(thing))

    def show_error(self, error):
        """Add an error with its traceback and the values of all variables in our own frames."""
        self.add("error", f"{error!r} {error} {vars(error)}")
        logger.opt(exception=error).error("An error")
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if OURS in frame.f_globals.get("__name__", ""):
                self.add(f"locals of {frame.f_code.co_qualname}", repr(frame.f_locals))


class _Handler(logging.Handler):
    def __init__(self, logged):
        super().__init__(logging.NOTSET)
        self._logged = logged
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record):
        self._logged.add(record.name, self.format(record))


@contextlib.contextmanager
def everything_logged(*, callers=True):
    """Log everything: every logger at its lowest level, asyncio in debug mode, warnings too.

    Args:
        callers: Whether tracebacks begin with those who called, the test among them.
    """
    logged = Logged()
    names = [
        "",
        "asyncio",
        "websockets",
        "websockets.client",
        "websockets.server",
        "azure",
        "pipecat_voicelive",
    ]
    loggers = [logging.getLogger(name) for name in {*names, *logging.root.manager.loggerDict}]
    levels = [(each, each.level, each.disabled) for each in loggers]
    handler = _Handler(logged)
    for each in loggers:
        each.setLevel(logging.NOTSET + 1)
        each.disabled = False
    logging.root.addHandler(handler)
    sink = logger.add(
        lambda message: logged.add(message.record["name"] or "", str(message)),
        level=0,
        backtrace=callers,
        diagnose=True,
        format="{level} {name} {message} {extra}",
    )
    loop = asyncio.get_running_loop()
    before = loop.get_debug(), loop.slow_callback_duration
    loop.set_debug(True)
    loop.slow_callback_duration = 0.002
    hook = sys.unraisablehook
    sys.unraisablehook = lambda found: logged.add("unraisable", f"{found.exc_value!r} {found.object!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, *rest, **named: logged.add(
                "warnings", f"{message!r} {rest}"
            )
            yield logged
    finally:
        sys.unraisablehook = hook
        loop.set_debug(before[0])
        loop.slow_callback_duration = before[1]
        logger.remove(sink)
        logging.root.removeHandler(handler)
        for each, level, disabled in levels:
            each.setLevel(level)
            each.disabled = disabled
