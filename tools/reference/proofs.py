"""Which test proves what: the names in `@pytest.mark.proves(...)`, read without running the tests."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Proof:
    """A test that shows that something works."""

    path: str
    test: str


class UnreadableMarkerError(Exception):
    """A marker holds something other than text that is written out."""


def proofs_in(tests: Path) -> dict[str, list[Proof]]:
    """What is proved, by name, each with its tests: over sockets first, those of the simulator last.

    Raises:
        UnreadableMarkerError: A marker's names are not written out as text.
    """
    found: dict[str, list[Proof]] = {}
    for path in sorted(tests.rglob("test_*.py"), key=_order):
        where = path.relative_to(tests.parent).as_posix()
        tree = ast.parse(path.read_text())
        constants = _constants(tree)
        everywhere = [name for mark in _module_marks(tree) for name in _names(mark, constants, where)]
        for test in ast.walk(tree):
            if not isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) or not test.name.startswith(
                "test_"
            ):
                continue
            marks = [mark for decorator in test.decorator_list for mark in _marks(decorator)]
            own = [name for mark in marks for name in _names(mark, constants, where)]
            for name in dict.fromkeys([*everywhere, *own]):
                found.setdefault(name, []).append(Proof(where, test.name))
    return found


def _order(path: Path) -> tuple[bool, bool, Path]:
    return "e2e" not in path.parts, "simulator" in path.parts, path


def _marks(node: ast.AST) -> list[ast.Call]:
    """The `pytest.mark.proves(...)` calls in an expression."""
    return [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "proves"
    ]


def _module_marks(tree: ast.Module) -> list[ast.Call]:
    return [
        mark
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets)
        for mark in _marks(statement.value)
    ]


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _names(mark: ast.Call, constants: dict[str, ast.expr], where: str) -> list[str]:
    names: list[str] = []
    for argument in mark.args:
        value = argument.value if isinstance(argument, ast.Starred) else argument
        try:
            literal = _read(value, constants)
        except ValueError as error:
            raise UnreadableMarkerError(
                f"{where}:{mark.lineno}: write the names in proves(...) out as text, "
                "or star a list of texts that the module assigns to a name."
            ) from error
        names += [literal] if isinstance(literal, str) else list(literal)
    return names


def _read(node: ast.expr, constants: dict[str, ast.expr]) -> str | list[str]:
    """What a literal, a constant of the module, or an f-string of both says."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return "".join(str(_read(part, constants)) for part in parts)
    if isinstance(node, ast.Name):
        if node.id not in constants:
            raise ValueError(node.id)
        return _read(constants[node.id], constants)
    return ast.literal_eval(node)
