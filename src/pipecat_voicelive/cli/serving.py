"""What the commands that serve have in common: options, what is printed first, and how they end."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import shlex
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecat_voicelive.cli.console import Detail, say
from pipecat_voicelive.cli.values import api_key, port

if TYPE_CHECKING:
    from pipecat_voicelive.simulator.certificate import TlsFiles

_DEFAULT_PORT = 8899


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where to listen, who may come in, and how much is shown."""
    parser.add_argument(
        "--port", type=port, default=_DEFAULT_PORT, help="default %(default)s; 0 for any free port"
    )
    parser.add_argument("--host", default="127.0.0.1", help="default %(default)s: this machine only")
    parser.add_argument(
        "--api-key", type=api_key, metavar="K", help="take this api-key only; else any is taken"
    )
    parser.add_argument(
        "--tls",
        action="store_true",
        help="talk TLS, with a certificate for this machine that is made here and kept",
    )
    parser.add_argument("--tls-cert", metavar="FILE", help="talk TLS with this certificate (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="and its private key (PEM)")
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("--quiet", action="store_true", help="do not show what is said")
    detail.add_argument("--verbose", action="store_true", help="show every message on the wire too")


def detail_of(options: argparse.Namespace) -> Detail:
    """How much is shown."""
    return "quiet" if options.quiet else "wire" if options.verbose else "words"


def tls_files(options: argparse.Namespace) -> TlsFiles | None:
    """The certificate to talk TLS with, None for none."""
    from pipecat_voicelive.errors import ConfigurationError
    from pipecat_voicelive.simulator.certificate import TlsFiles, kept_here, self_signed

    if bool(options.tls_cert) != bool(options.tls_key):
        raise ConfigurationError("--tls-cert and --tls-key go together; --tls alone needs neither")
    if options.tls_cert:
        return TlsFiles(Path(options.tls_cert), Path(options.tls_key))
    return self_signed(kept_here(), options.host) if options.tls else None


def served(options: argparse.Namespace, command: str, serve: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Serve until it ends; returns the exit status, having said what is wrong if it is not 0."""
    from pipecat_voicelive.errors import ConfigurationError

    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        asyncio.run(serve())
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            advice = "give another --port, or 0 for a free one"
        else:
            advice = f"is --host {options.host!r} an address of this machine? 127.0.0.1 always is"
        print(f"voicelive {command}: {error}; {advice}", file=sys.stderr)
        return 1
    except ConfigurationError as error:
        print(f"voicelive {command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # Where signal handlers cannot be installed, and when it is pressed again, Ctrl-C comes this way.
        pass
    return 0


async def until_stopped() -> None:
    """Wait for Ctrl-C, or for the signal to end. Pressed once more, Ctrl-C ends at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            break
    await stop.wait()
    for number in signals:
        loop.remove_signal_handler(number)


def say_variables(endpoint: str, *, api_key: str | None, certificate: Path | None) -> None:
    """Print what to copy: for this package and Pipecat's built-in service, and for Microsoft's samples."""
    key = "<the key you gave>" if api_key else "anything"
    endpoint = endpoint.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:")
    variables = {
        "AZURE_VOICE_LIVE_ENDPOINT": endpoint,
        "AZURE_VOICE_LIVE_API_KEY": key,
        "AZURE_VOICELIVE_ENDPOINT": endpoint,
        "AZURE_VOICELIVE_API_KEY": key,
        "AZURE_VOICELIVE_USE_API_KEY": "true",
    }
    if certificate:
        variables["SSL_CERT_FILE"] = str(certificate)
    say("Copy this to where your bot is started:")
    say()
    for name, value in variables.items():
        say(f"  {as_variable(name, value, windows=os.name == 'nt')}")
    say()
    say("Or in its code:")
    say()
    say(f'  VoiceLiveLLMService(endpoint="{endpoint}", api_key="{key}")')
    say()


def as_variable(name: str, value: str, *, windows: bool) -> str:
    """How a shell sets an environment variable: bash, or PowerShell."""
    if windows:
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    return f"export {name}={shlex.quote(value)}"
