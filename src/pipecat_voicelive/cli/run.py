"""`voicelive run`: a command, and a Voice Live for as long as it runs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys

from pipecat_voicelive.cli.values import speed

NAME = "run"
HELP = "run a command against a Voice Live here"
DESCRIPTION = (
    "Run a command with AZURE_VOICE_LIVE_ENDPOINT and AZURE_VOICE_LIVE_API_KEY set to a Voice Live that is "
    "simulated here for as long as the command runs, e.g.: voicelive run --scenario weather.yaml -- pytest. "
    "The exit status is the command's."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--scenario", metavar="FILE", help="YAML file with what is said")
    parser.add_argument(
        "--speed",
        type=speed,
        default=8.0,
        metavar="X",
        help="make audio at X times real time, 'inf' for all at once; default %(default)g",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="make all random choices the same each time")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="the command; put -- before it")
    parser.set_defaults(run=_run, parser=parser)


def _run(options: argparse.Namespace) -> int:
    from pipecat_voicelive.errors import ConfigurationError

    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        return asyncio.run(_serve(options))
    except ConfigurationError as error:
        print(f"voicelive run: {error}", file=sys.stderr)
    except FileNotFoundError:
        print(f"voicelive run: there is no command {options.command[0]!r}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


async def _serve(options: argparse.Namespace) -> int:
    from pipecat_voicelive.simulator import VoiceLiveSimulator

    async with VoiceLiveSimulator(options.scenario, speed=options.speed, seed=options.seed) as simulator:
        names = ("AZURE_VOICE_LIVE", "AZURE_VOICELIVE")
        found = {f"{name}_ENDPOINT": simulator.endpoint for name in names}
        found |= {f"{name}_API_KEY": "simulated" for name in names}
        process = await asyncio.create_subprocess_exec(*options.command, env=os.environ | found)
        try:
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
    return status if status >= 0 else 128 - status  # ended by a signal: as shells tell it
