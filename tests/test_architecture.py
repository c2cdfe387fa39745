"""Imports flow one way: errors <- protocol <- session <- client <- service; connection and simulator beside.

Each layer lists everything it may import besides the plain standard library. Nothing but its own line
needs to be read to know what a layer depends on.
"""

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "pipecat_voicelive"
PACKAGE = ROOT.name

IMPURE = frozenset(
    "asyncio ctypes logging multiprocessing os pathlib random secrets selectors signal socket ssl subprocess "
    "sys tempfile threading time".split()
)
"""Standard library that reaches the outside world: a pure layer does without."""


@dataclass(frozen=True)
class Layer:
    layers: str = ""
    libraries: str = ""
    pure: bool = False


LAYERS = {
    "errors": Layer(pure=True),
    "protocol": Layer("errors", "msgspec numpy pydantic", pure=True),
    "session": Layer("errors protocol", "msgspec", pure=True),
    "connection": Layer("errors protocol", "websockets azure loguru"),
    "questions": Layer("errors protocol session", "msgspec"),
    "signals": Layer("errors protocol session", "msgspec"),
    "renewal": Layer("errors protocol session connection signals"),
    "conversation": Layer("errors protocol session connection questions renewal signals"),
    "client": Layer("errors protocol session connection questions conversation signals", "msgspec"),
    "service": Layer(
        "errors protocol session connection signals client",
        "pipecat loguru pydantic msgspec numpy soxr audioop aiortc av PIL",
    ),
    "simulator": Layer(
        "errors protocol",
        "msgspec numpy pydantic pydantic_core soxr yaml websockets loguru espeakng_loader aiortc aioice av "
        "onnxruntime mcp httpx2 PIL cryptography pocketsphinx rapidfuzz jsonschema referencing openai",
    ),
    "testing": Layer("errors protocol simulator", "pytest"),
    "testing/calls": Layer("errors protocol simulator testing client service", "pipecat numpy soxr"),
    "testing/evals": Layer("errors simulator testing", "pipecat"),
    "events": Layer("protocol", pure=True),
    "cli": Layer("errors protocol session connection client simulator"),
    "__init__": Layer("errors protocol session connection client service", pure=True),
}

FILES = sorted(ROOT.rglob("*.py"))


def layer_of(path):
    parts = path.relative_to(ROOT).parts
    folder = "/".join(parts[:2])
    return folder if folder in LAYERS else parts[0].removesuffix(".py")


def imported_modules(path):
    package = [PACKAGE, *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) + "." if node.level else ""
            module = f"{base}{node.module or ''}".rstrip(".")
            yield from (f"{module}.{alias.name}" for alias in node.names) if module == PACKAGE else [module]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_its_layer_may(path):
    name = layer_of(path)
    layer = LAYERS[name]
    for module in imported_modules(path):
        top, *rest = module.split(".")
        if top == PACKAGE:
            assert rest, f"{name} imports the whole package"
            assert rest[0] in [name.split("/")[0], *layer.layers.split()], f"{name} must not import {module}"
        elif top in sys.stdlib_module_names and top != "audioop":
            assert not (layer.pure and top in IMPURE), f"{name} is pure and must not import {top}"
        else:
            assert top in layer.libraries.split(), f"{name} must not import {top}"


def test_only_the_codec_knows_the_json_library_and_base64():
    knowing = {
        str(path.relative_to(ROOT))
        for path in FILES
        if layer_of(path) in ("protocol", "session", "connection", "client")
        and {"json", "base64", "msgspec.json"} & set(imported_modules(path))
    }
    uses_encoder = {str(path.relative_to(ROOT)) for path in FILES if "msgspec.json" in path.read_text()}
    assert knowing == set()
    assert uses_encoder == {"protocol/codec.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_be_about_one_thing(path):
    lines = len(path.read_text().splitlines())
    limits = {"server_events.py": 700, "client.py": 600}
    limit = limits.get(path.name, 500)
    assert lines <= limit, f"{lines} lines: split it"


def test_the_simulator_starts_without_pipecat_and_the_service_without_azure():
    code = (
        "import sys, pipecat_voicelive.simulator;"
        "assert 'pipecat' not in sys.modules, 'pipecat';"
        "from pipecat_voicelive import VoiceLiveLLMService;"
        "assert not [m for m in sys.modules if m.split('.')[0] == 'azure'], 'azure'"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
