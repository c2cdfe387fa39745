"""`voicelive simulator`: a Voice Live that runs here until Ctrl-C."""

from __future__ import annotations

import argparse
from pathlib import Path
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
from pipecat_voicelive.cli.values import speed

if TYPE_CHECKING:
    from pipecat_voicelive.simulator import OpenAIBrain, Scenario, VoiceLiveSimulator

NAME = "simulator"
HELP = "run a Voice Live here, without Azure"
DESCRIPTION = "Run a Voice Live here, without Azure, and show what is said. Ctrl-C ends it."

_KEEP_EVENTS = 200


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)
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
    parser.add_argument(
        "--brain",
        choices=("rules", "openai"),
        default="rules",
        help="what answers where the scenario does not: rules that pick tools, or a model behind an "
        "OpenAI-compatible endpoint; default %(default)s",
    )
    parser.add_argument("--brain-model", metavar="NAME", help="the model of --brain openai")
    parser.add_argument(
        "--brain-url",
        metavar="URL",
        help="its endpoint, e.g. http://localhost:11434/v1; without it OpenAI's own, with OPENAI_API_KEY",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="make all random choices the same each time")
    parser.add_argument(
        "--merge-session-updates",
        action="store_true",
        help="let what a session.update leaves out stay as it was; else it falls back to its default",
    )
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="take what the service is only said to refuse, e.g. models and members of a session that no "
        "document names",
    )
    parser.add_argument(
        "--record", metavar="FILE", help="record each session to a tape, without keys, sound and pictures"
    )
    parser.add_argument("--record-audio", action="store_true", help="keep sound and pictures on tapes")
    parser.set_defaults(run=_run, parser=parser)


def _run(options: argparse.Namespace) -> int:
    if options.list_faults:
        from pipecat_voicelive.simulator.faults.catalogue import listed

        print(listed())
        return 0
    return served(options, NAME, lambda: _serve(options))


def _scenario(options: argparse.Namespace) -> Scenario | None:
    from pipecat_voicelive.simulator import Scenario
    from pipecat_voicelive.simulator.scenario_checks import with_simulated_caller
    from pipecat_voicelive.simulator.scenario_file import load_scenario

    given = {"caller": "simulated"} if options.caller else None
    scenario = load_scenario(Path(options.scenario), given) if options.scenario else None
    return with_simulated_caller(scenario or Scenario()) if options.caller else scenario


def _brain(options: argparse.Namespace) -> OpenAIBrain | None:
    from pipecat_voicelive.errors import ConfigurationError

    if options.brain == "rules":
        if options.brain_model or options.brain_url:
            raise ConfigurationError("--brain-model and --brain-url are for --brain openai")
        return None
    if not options.brain_model:
        raise ConfigurationError("--brain openai needs --brain-model NAME")
    from pipecat_voicelive.simulator import OpenAIBrain

    return OpenAIBrain(options.brain_model, url=options.brain_url)


async def _serve(options: argparse.Namespace) -> None:
    from pipecat_voicelive.errors import ConfigurationError
    from pipecat_voicelive.simulator import VoiceLiveSimulator

    if options.record_audio and not options.record:
        raise ConfigurationError("--record-audio needs --record FILE")
    simulator = VoiceLiveSimulator(
        _scenario(options),
        host=options.host,
        port=options.port,
        tls=tls_files(options) or False,
        api_key=options.api_key,
        speed=options.speed,
        strict=not options.lenient,
        merge_session_updates=options.merge_session_updates,
        keep_events=_KEEP_EVENTS,
        listener=Console(detail_of(options)).show,
        faults=options.fault,
        seed=options.seed,
        turn_detector=options.vad,
        brain=_brain(options),
        record=options.record,
        record_audio=options.record_audio,
    )
    async with simulator:
        _say_start(simulator, options)
        await until_stopped()
        if running := sum(session.close_code is None for session in simulator.sessions):
            say(f"\nClosing {counted(running, 'session')}; Ctrl-C again does not wait.")
    say()
    for tape in simulator.tapes:
        say(f"Recorded: {tape}")
    say("Ended.")


def _models(options: argparse.Namespace) -> str:
    from pipecat_voicelive.simulator.documented_models import CASCADED_MODELS, NATIVE_MODELS

    named = f"{len(NATIVE_MODELS)} native (gpt-realtime, ...), {len(CASCADED_MODELS)} cascaded (gpt-4.1, ...)"
    return f"{named}; any other name is cascaded" if options.lenient else f"{named}; no other name"


def _say_start(simulator: VoiceLiveSimulator, options: argparse.Namespace) -> None:
    # A key that somebody gave is not shown; the page asks for it.
    page = simulator.page.partition("#")[0] if options.api_key else simulator.page
    say(f"Voice Live is simulated at {simulator.endpoint}")
    say(f"  page:     {page}")
    say(f"  scenario: {simulator.scenario.name} ({counted(len(simulator.scenario.turns), 'turn')})")
    say(f"  models:   {_models(options)}")
    if options.brain != "rules":
        say(f"  brain:    {options.brain_model} at {options.brain_url or 'OpenAI'}")
    for fault in simulator.faults:
        say(f"  fault:    {fault}")
    if simulator.faults:
        say(f"  seed:     {simulator.seed}")
    if options.record:
        say(f"  tapes:    {options.record} {'with' if options.record_audio else 'without'} audio")
    if options.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        say("  others:   reach it by this machine's name or address, bots with --tls, the page by its key")
    say()
    say_variables(simulator.endpoint, api_key=options.api_key, certificate=simulator.certificate)
