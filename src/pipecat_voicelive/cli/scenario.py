"""`voicelive scenario`: checks scenario files, and prints their schema for editors."""

from __future__ import annotations

import argparse
import sys

from pipecat_voicelive.cli.console import counted

NAME = "scenario"
HELP = "check scenario files of the simulator"
DESCRIPTION = "Check scenario files of the simulator, or print their schema for editors."


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the command its options."""
    commands = parser.add_subparsers(title="commands", required=True)
    check = commands.add_parser("check", help="tell every mistake in scenario files, with its place")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.set_defaults(run=_check, parser=check)
    schema = commands.add_parser("schema", help="print the JSON schema of scenario files, for editors")
    schema.set_defaults(run=_print_schema, parser=schema)


def _check(options: argparse.Namespace) -> int:
    from pipecat_voicelive.errors import ConfigurationError
    from pipecat_voicelive.simulator import Scenario

    status = 0
    for file in options.files:
        try:
            scenario = Scenario.load(file)
        except ConfigurationError as error:
            print(error, file=sys.stderr)
            status = 1
        else:
            print(f"{file}: {scenario.name}, {counted(len(scenario.turns), 'turn')}, no mistakes")
    return status


def _print_schema(_options: argparse.Namespace) -> int:
    from pipecat_voicelive.simulator.scenario_schema import schema_file

    print(schema_file(), end="")
    return 0
