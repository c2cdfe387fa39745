"""`voicelive check`: whether Voice Live can be reached from here, step by step, and what to do if not."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecat_voicelive.cli.console import say

if TYPE_CHECKING:
    from pipecat_voicelive.cli.checking.findings import Finding
    from pipecat_voicelive.cli.checking.target import Target

NAME = "check"
HELP = "find out whether Voice Live can be reached from here, and what to do if not"
DESCRIPTION = (
    "Go the way of a call to Voice Live, step by step, from the environment variables to an answer, and tell "
    "what is found and what to do about it. Endpoint and key are taken from AZURE_VOICE_LIVE_ENDPOINT and "
    "AZURE_VOICE_LIVE_API_KEY; without a key a token of DefaultAzureCredential is. Neither is ever shown. "
    "One short answer of the model is paid for. The exit status is 0 if all steps went well, else 1."
)

STEPS = (
    "arguments",
    "endpoint",
    "proxy",
    "name",
    "port",
    "tls",
    "clock",
    "credentials",
    "handshake",
    "model",
    "options",
    "turn",
    "end",
)
_SIGNS = {"ok": "ok", "warning": "WARN", "failed": "FAIL", "skipped": "-"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--endpoint", metavar="URL", help="the resource, as the portal shows it")
    parser.add_argument("--model", metavar="NAME", help="model or deployment; default gpt-4o-mini")
    parser.add_argument("--agent", metavar="NAME", help="a Foundry agent in place of a model")
    parser.add_argument("--project", metavar="NAME", help="the Foundry project of the agent")
    parser.add_argument(
        "--profile", metavar="NAME", help="how to reach a model of your own, e.g. byom-azure-openai-realtime"
    )
    parser.add_argument("--api-version", metavar="DATE", help="default: the newest that is known")
    parser.add_argument("--scope", metavar="URL", help="what the token is for")
    parser.add_argument("--session", metavar="FILE", help="JSON file with the session's options")
    parser.add_argument("--ca-file", metavar="FILE", help="PEM file of authorities to trust as well")
    parser.add_argument(
        "--timeout", type=_seconds, default=10.0, metavar="S", help="for each step; default %(default)g"
    )
    parser.add_argument("--json", action="store_true", help="tell it as JSON")
    parser.set_defaults(run=_run, parser=parser)


def _seconds(text: str) -> float:
    try:
        given = float(text)
    except ValueError:
        given = 0.0
    if not 0 < given <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give seconds, above 0 and up to 600")
    return given


def _run(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.CRITICAL)  # what libraries say of it is told here, in a sentence
    try:
        return asyncio.run(_check(options))
    except KeyboardInterrupt:
        return 130


async def _check(options: argparse.Namespace) -> int:
    found: list[Finding] = []
    async for finding in _findings(options):
        found.append(finding)
        if not options.json:
            _show(finding)
    ok = all(finding.state != "failed" for finding in found)
    done = {finding.step for finding in found}
    if options.json:
        say(json.dumps({"ok": ok, "steps": [finding.to_dict() for finding in found]}, indent=2))
    elif ok:
        doubts = [finding.step for finding in found if finding.state == "warning"]
        say()
        say(f"Voice Live can be used from here{'; look at ' + ', '.join(doubts) if doubts else ''}.")
    else:
        left = ", ".join(step for step in STEPS if step not in done)
        say()
        say(f"Voice Live cannot be used from here. Not tried: {left or 'nothing'}.")
    return 0 if ok else 1


async def _findings(options: argparse.Namespace) -> AsyncIterator[Finding]:
    from pipecat_voicelive.cli.checking.access import access
    from pipecat_voicelive.cli.checking.network import network
    from pipecat_voicelive.cli.checking.talk import Talk, client_for

    target, finding = _arguments(options)
    yield finding
    if target is None:
        return
    url, finding = _endpoint(target)
    yield finding
    if url is None:
        return
    async with contextlib.aclosing(network(url, target.options)) as way:
        async for finding in way:
            yield finding
            if finding.state == "failed":
                return
    finding, token = await access(target)
    yield finding
    if finding.state == "failed":
        return
    async with contextlib.aclosing(Talk(client_for(target, token), target).findings()) as findings:
        async for finding in findings:
            yield finding


def _arguments(options: argparse.Namespace) -> tuple[Target | None, Finding]:
    from pipecat_voicelive.cli.checking.findings import failed, failed_with, well
    from pipecat_voicelive.cli.checking.talk import client_for
    from pipecat_voicelive.cli.checking.target import ENDPOINT, Target, endpoint_and_key
    from pipecat_voicelive.connection.agent import FoundryAgent
    from pipecat_voicelive.connection.auth import DEFAULT_SCOPE
    from pipecat_voicelive.connection.connection import ConnectionOptions
    from pipecat_voicelive.errors import ConfigurationError
    from pipecat_voicelive.protocol.versions import DEFAULT_API_VERSION

    endpoint, api_key, found_in = endpoint_and_key(os.environ)
    if not (options.endpoint or endpoint):
        return None, failed(
            "arguments",
            "No endpoint is given.",
            f"Set {ENDPOINT}, or give --endpoint: the resource's page `Keys and Endpoint` shows it.",
        )
    try:
        agent = FoundryAgent(name=options.agent, project=options.project or "") if options.agent else None
        target = Target(
            endpoint=options.endpoint or endpoint,
            model=options.model or (None if agent else "gpt-4o-mini"),
            agent=agent,
            profile=options.profile,
            api_version=options.api_version or DEFAULT_API_VERSION,
            api_key=None if agent else api_key,
            scope=options.scope or DEFAULT_SCOPE,
            session=_session(options.session),
            options=ConnectionOptions(open_timeout_s=options.timeout, ca_file=options.ca_file),
        )
        client_for(target)
    except ConfigurationError as error:
        return None, failed_with("arguments", "Something that was given cannot work.", error)
    whom = f"agent {agent.name} of {agent.project}" if agent else f"model {target.model}"
    origin = f" From the environment: {', '.join(found_in)}." if found_in else ""
    unused = " The key is not used: agents take none." if agent and api_key else ""
    whom = whom[0].upper() + whom[1:]
    return target, well("arguments", f"{whom}, api-version {target.api_version}.{origin}{unused}")


def _endpoint(target: Target) -> tuple[str | None, Finding]:
    from pipecat_voicelive.cli.checking.findings import doubtful, well
    from pipecat_voicelive.cli.checking.target import Place
    from pipecat_voicelive.connection.endpoint import base_url, is_loopback
    from pipecat_voicelive.connection.hints import HOSTS

    url = base_url(target.endpoint)
    host = Place.of(url).host
    if not is_loopback(host) and not host.endswith(HOSTS):
        return url, doubtful(
            "endpoint",
            f"{url}",
            f"Voice Live is documented at <resource>{' and <resource>'.join(HOSTS)}. Another host may be a "
            "gateway of yours; if it is not, copy the endpoint from the resource's page.",
        )
    return url, well("endpoint", url)


def _session(name: str | None) -> dict[str, Any]:
    from pipecat_voicelive.errors import ConfigurationError

    if name is None:
        return {}
    try:
        session: object = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise ConfigurationError(f"{name} is not JSON: {error}.") from None
    if not isinstance(session, dict):
        raise ConfigurationError(f"{name} must hold an object, the members of `session`.")
    return session  # pyright: ignore[reportUnknownVariableType]


def _show(finding: Finding) -> None:
    lines = textwrap.wrap(finding.found, 92, break_long_words=False) or [""]
    say(f"{_SIGNS[finding.state]:>4}  {finding.step:<12}{lines[0]}")
    for line in lines[1:] + textwrap.wrap(finding.advice, 92, break_long_words=False):
        say(f"{'':18}{line}")
