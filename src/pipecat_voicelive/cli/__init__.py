"""The `voicelive` command: one module a command, each with `configure` for its options and what runs it."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import NoReturn

from pipecat_voicelive.cli import check, replay, run, scenario, simulator

# The modules of commands import the package's parts where they need them, so that `voicelive --help`
# answers at once.
_COMMANDS = (simulator, replay, run, scenario, check)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options, unknown = _parser().parse_known_args(arguments)
    if unknown:
        _refuse(unknown[0], options.parser)
    return options.run(options)


def _refuse(unknown: str, parser: argparse.ArgumentParser) -> NoReturn:
    """End with the options of the command that was meant, not those of `voicelive`."""
    known = re.findall(r"--[a-z-]+", parser.format_usage())
    close = difflib.get_close_matches(unknown.partition("=")[0], known, n=1)
    parser.error(f"{unknown!r} is unknown{f'; did you mean {close[0]!r}?' if close else ''}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="voicelive", description="Tools for Azure Voice Live with Pipecat.")
    commands = parser.add_subparsers(title="commands", required=True)
    for command in _COMMANDS:
        command.configure(
            commands.add_parser(command.NAME, help=command.HELP, description=command.DESCRIPTION)
        )
    return parser
