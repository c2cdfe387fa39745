"""What the pages show can be typed as it stands: it compiles, names exist, and links lead somewhere."""

import ast
import builtins
import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
HOMES = [
    importlib.import_module(name)
    for name in (
        "pipecat_voicelive",
        "pipecat_voicelive.simulator",
        "pipecat.frames.frames",
        "pipecat.pipeline.pipeline",
        "pipecat.pipeline.worker",
        "pipecat.processors.aggregators.llm_context",
        "pipecat.processors.aggregators.llm_response_universal",
        "pipecat.transcriptions.language",
    )
]
"""Where names come from that a snippet does not import."""

MODULES = {
    "effects": importlib.import_module("pipecat_voicelive.session.effects"),
    "inputs": importlib.import_module("pipecat_voicelive.session.inputs"),
    "events": importlib.import_module("pipecat_voicelive.events"),
}


def snippets():
    for page in PAGES:
        text = page.read_text()
        for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 1
            yield pytest.param(block[1], id=f"{page.relative_to(ROOT)}:{line}")


SNIPPETS = list(snippets())


def parsed(snippet):
    """The snippet's tree; `await` and `async with` may stand by themselves."""
    return compile(snippet, "snippet", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def taught(name):
    """What a name stands for that begins with a capital letter, and None for those that nobody has."""
    return next((getattr(home, name) for home in HOMES if hasattr(home, name)), getattr(builtins, name, None))


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_compiles_and_what_it_imports_can_be_had(snippet):
    for node in ast.walk(parsed(snippet)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name), f"{node.module} has no {alias.name}"


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_the_classes_of_a_snippet_exist_and_have_the_options_that_it_gives(snippet):
    tree = parsed(snippet)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name[0].isupper() and name not in imported:
                assert taught(name) is not None, f"nobody has {name}"
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in MODULES:
                assert hasattr(MODULES[module], name), f"{module} has no {name}"
            case ast.Call(func=ast.Name(id=name), keywords=keywords):
                kind = taught(name)
                if isinstance(kind, type) and kind.__module__ != "builtins":
                    unknown = {keyword.arg for keyword in keywords} - set(inspect.signature(kind).parameters)
                    assert not unknown, f"{name} has no {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_pages_links_and_the_files_it_names_exist(page):
    text = page.read_text()
    links = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    named = re.findall(r"(?<![\w/.])(?:examples|docs)/[\w./-]*[\w/]", text)
    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [name for name in named if not (ROOT / name).exists()]
    assert not missing
