"""`voicelive simulator`: a Voice Live that runs here until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipecat_voicelive.cli.values import port, speed

if TYPE_CHECKING:
    from pipecat_voicelive.simulator import (
        Exchanged,
        Scenario,
        SimulatedSession,
        TlsFiles,
        VoiceLiveSimulator,
    )

NAME = "simulator"
HELP = "run a Voice Live here, without Azure"
DESCRIPTION = "Run a Voice Live here, without Azure, and show what is said. Ctrl-C ends it."

_MODELS = "gpt-realtime, gpt-4o-realtime, azure-realtime, phi4-mm-realtime (native); any other is cascaded"
_KEEP_EVENTS = 200
_DEFAULT_PORT = 8899


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--port", type=port, default=_DEFAULT_PORT, help="default %(default)s; 0 for any free port"
    )
    parser.add_argument("--host", default="127.0.0.1", help="default %(default)s: this machine only")
    parser.add_argument("--scenario", metavar="FILE", help="YAML file with what is said")
    parser.add_argument(
        "--caller", action="store_true", help="let a simulated caller speak the lines of the scenario"
    )
    parser.add_argument(
        "--speed",
        type=speed,
        default=8.0,
        metavar="X",
        help="make audio at X times real time, 'inf' for all at once; default %(default)g",
    )
    parser.add_argument("--api-key", metavar="K", help="take this api-key only; else any is taken")
    parser.add_argument(
        "--tls",
        action="store_true",
        help="talk TLS, with a certificate for this machine that is made here and kept",
    )
    parser.add_argument("--tls-cert", metavar="FILE", help="talk TLS with this certificate (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="and its private key (PEM)")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="TEXT",
        help="let something go wrong, e.g. 'drop at response.audio.delta 3'; may be given several times",
    )
    parser.add_argument("--list-faults", action="store_true", help="show what can go wrong, and end")
    parser.add_argument(
        "--vad",
        choices=("energy", "silero"),
        default="energy",
        help="what finds the caller's turns: loudness, or a model of voices too; default %(default)s",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="make all random choices the same each time")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from pipecat_voicelive.errors import ConfigurationError
    from pipecat_voicelive.simulator import VoiceLiveSimulator

    if options.list_faults:
        from pipecat_voicelive.simulator.faults.catalogue import listed

        print(listed())
        return 0
    try:
        simulator = VoiceLiveSimulator(
            _scenario(options),
            host=options.host,
            port=options.port,
            tls=_tls(options),
            api_key=options.api_key,
            speed=options.speed,
            keep_events=_KEEP_EVENTS,
            listener=_show,
            faults=options.fault,
            seed=options.seed,
            turn_detector=options.vad,
        )
        asyncio.run(_serve(simulator, api_key=options.api_key))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            advice = "give another --port, or 0 for a free one"
        else:
            advice = f"is --host {options.host!r} an address of this machine? 127.0.0.1 always is"
        print(f"voicelive simulator: {error}; {advice}", file=sys.stderr)
        return 1
    except ConfigurationError as error:
        print(f"voicelive simulator: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # Where signal handlers cannot be installed, Ctrl-C comes this way.
        pass
    return 0


def _scenario(options: argparse.Namespace) -> Scenario | None:
    from pipecat_voicelive.simulator import Scenario
    from pipecat_voicelive.simulator.scenario_checks import with_simulated_caller

    scenario = Scenario.load(options.scenario) if options.scenario else None
    return with_simulated_caller(scenario or Scenario()) if options.caller else scenario


def _tls(options: argparse.Namespace) -> TlsFiles | bool:
    from pipecat_voicelive.errors import ConfigurationError
    from pipecat_voicelive.simulator.certificate import TlsFiles, kept_here, self_signed

    if bool(options.tls_cert) != bool(options.tls_key):
        raise ConfigurationError("--tls-cert and --tls-key go together; --tls alone needs neither")
    if options.tls_cert:
        return TlsFiles(Path(options.tls_cert), Path(options.tls_key))
    return self_signed(kept_here(), options.host) if options.tls else False


async def _serve(simulator: VoiceLiveSimulator, *, api_key: str | None) -> None:
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            break
    async with simulator:
        print(f"Voice Live is simulated at {simulator.endpoint}")
        print(f"  scenario: {simulator.scenario.name} ({len(simulator.scenario.turns)} turns)")
        print(f"  models:   {_MODELS}")
        for fault in simulator.faults:
            print(f"  fault:    {fault}")
        print()
        _print_variables(simulator, key="'<the key you gave>'" if api_key else "anything")
        print(flush=True)
        await stop.wait()
    print("\nEnded.")


def _print_variables(simulator: VoiceLiveSimulator, *, key: str) -> None:
    """Print what to copy: for this package and Pipecat's built-in service, and for Microsoft's samples."""
    print(f"  export AZURE_VOICE_LIVE_ENDPOINT={simulator.endpoint}")
    print(f"  export AZURE_VOICE_LIVE_API_KEY={key}")
    print(f"  export AZURE_VOICELIVE_ENDPOINT={simulator.endpoint}")
    print(f"  export AZURE_VOICELIVE_API_KEY={key} AZURE_VOICELIVE_USE_API_KEY=true")
    if simulator.certificate:
        print(f"  export SSL_CERT_FILE={shlex.quote(str(simulator.certificate))}")


def _show(session: SimulatedSession, exchanged: Exchanged) -> None:
    """Show an event in words, if it says anything to people."""
    from pipecat_voicelive.simulator.narration import narrated

    line = narrated(exchanged)
    if line:
        number = session.number
        print(f"[{number}] {exchanged.at_s:8.2f} s  {line}", flush=True)
