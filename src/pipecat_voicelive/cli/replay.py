"""`voicelive replay`: a recorded session, played as a server until Ctrl-C."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pipecat_voicelive.cli.console import Console, counted, say
from pipecat_voicelive.cli.serving import (
    add_options,
    detail_of,
    say_variables,
    served,
    tls_files,
    until_stopped,
)

if TYPE_CHECKING:
    from pipecat_voicelive.simulator.exchange import Exchanged
    from pipecat_voicelive.simulator.tapes.playback import Departure
    from pipecat_voicelive.simulator.tapes.replay import ReplayedSession, TapeReplay

NAME = "replay"
HELP = "play a recorded session as a server"
DESCRIPTION = (
    "Play a tape, which `voicelive simulator --record` writes, to every client that connects, and tell where "
    "the client departs from it. Ctrl-C ends it."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("tape", metavar="FILE", help="the tape, .jsonl")
    parser.add_argument(
        "--real-time", action="store_true", help="send by the recorded times, whatever the client does"
    )
    add_options(parser)
    parser.set_defaults(run=_run, parser=parser)


def _run(options: argparse.Namespace) -> int:
    return served(options, NAME, lambda: _serve(options))


async def _serve(options: argparse.Namespace) -> None:
    from pipecat_voicelive.simulator import VoiceLiveSimulator
    from pipecat_voicelive.simulator.tapes.playback import Departure

    console = Console(detail_of(options))

    def show(session: ReplayedSession, what: Exchanged | Departure) -> None:
        if isinstance(what, Departure):
            console.show_departure(session, what)
        else:
            console.show(session, what)

    replay = VoiceLiveSimulator.replaying(
        options.tape,
        host=options.host,
        port=options.port,
        api_key=options.api_key,
        tls=tls_files(options),
        real_time=options.real_time,
        listener=show,
    )
    async with replay:
        say(f"The tape {replay.tape.name!r} is played at {replay.endpoint}")
        say()
        say_variables(replay.endpoint, api_key=options.api_key, certificate=replay.certificate)
        await until_stopped()
    say()
    _report(replay)


def _report(replay: TapeReplay) -> None:
    """Sum up how each client followed the tape."""
    for session in replay.sessions:
        heard = "to its end" if session.is_over else f"but for {counted(session.left, 'message')}"
        departed = counted(len(session.departures), "departure")
        say(f"Session {session.number}: the tape was played {heard}; {departed}.")
    say("Ended.")
