"""The `voicelive` command: one module a command, each with `configure` for its options and what runs it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pipecat_voicelive.cli import replay, run, scenario, simulator

# The modules of commands import the package's parts where they need them, so that `voicelive --help`
# answers at once.
_COMMANDS = (simulator, replay, run, scenario)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    return options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="voicelive", description="Tools for Azure Voice Live with Pipecat.")
    commands = parser.add_subparsers(title="commands", required=True)
    for command in _COMMANDS:
        command.configure(
            commands.add_parser(command.NAME, help=command.HELP, description=command.DESCRIPTION)
        )
    return parser
