"""Option values, checked with advice."""

from __future__ import annotations

import argparse
import math


def port(text: str) -> int:
    """A port to listen on, 0 for a free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 1 to 65535, or 0 for a free one")
    return int(text)


def speed(text: str) -> float:
    """Seconds of audio made in a second."""
    try:
        given = float(text)
    except ValueError:
        given = math.nan
    if math.isnan(given) or given <= 0:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no speed: give a number above 0, 1 being real time, or inf for all at once"
        )
    return given


def api_key(text: str) -> str:
    """The only api-key that is taken."""
    if not text:
        raise argparse.ArgumentTypeError("it must not be empty; leave it out to take any key")
    return text
