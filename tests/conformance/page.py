"""What was seen, as a page of the reference."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from conformance.behaviours import BEHAVIOURS
from conformance.matrix import Outcome
from conformance.samples import SampleOutcome
from conformance.talk import TAPES
from conformance.typed import WITHOUT_A_MODEL
from conformance.walk import Step
from conformance.wheres import API_VERSIONS, V1

_PACKAGES = ("azure-ai-voicelive", "pipecat-ai", "pipecat-voicelive", "aiohttp", "websockets")
_READING = f"""\
At {len(API_VERSIONS)} versions each: {", ".join(f"`{name}`" for name in API_VERSIONS)}. Models that came out
alike share a row. `yes`: at every version. `from V`: at version V and later; at earlier ones the simulator
refuses it as documented, and that was looked at too. `refused`: at every version."""
_SAMPLES = """\
From the source distribution of the SDK, unchanged but for endpoint and key in their environment, over TLS. A
module of ours stands in for the sound card: its microphone plays a caller, its loudspeaker keeps what it is
given."""
_WALK = """\
[Use the simulator with other clients](../howto/other-clients.md), step by step: the variables that the
command prints are all that the clients are given."""
_HEAD = """\
# Conformance

<!-- Written by `make conformance`. -->

What Microsoft's SDK and its published samples see of the simulator, over real sockets. Every conversation
below was had, and every event that came was parsed by the SDK into a type of its own, member by member."""
_HELD = " Those of OpenAI's native models have every member that recordings of the service have."
_YES, _NO, _WRONG = "yes", "refused", "WRONG"


def written(
    outcomes: Sequence[Outcome], seen: Counter[str], samples: Sequence[SampleOutcome], steps: Sequence[Step]
) -> str:
    """The page."""
    sections = [
        _head(outcomes, seen, samples),
        "## Models and behaviours",
        _READING,
        _models(outcomes),
        "## Behaviours",
        _behaviours(outcomes),
        "## Versions",
        _versions(outcomes),
        "## Samples",
        _samples(samples),
        "## A newcomer's walk",
        _walk(steps),
        "## Events",
        _events(seen),
    ]
    if wrong := [outcome for outcome in outcomes if outcome.wrong]:
        sections += ["## Wrong", *(f"- {o.behaviour}, {o.where}: {o.wrong}" for o in wrong)]
    return "\n\n".join(section for section in sections if section) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _head(outcomes: Sequence[Outcome], seen: Counter[str], samples: Sequence[SampleOutcome]) -> str:
    had = sum(outcome.has for outcome in outcomes)
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    published = {one.sample.file for one in samples}
    ran = published - {one.sample.file for one in samples if one.wrong or one.why_not}
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{_HEAD}{_HELD if TAPES.is_dir() else ''}\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {packages}.\n\n"
        f"**{len(outcomes)} conversations: {had} that the service is documented to have, "
        f"{len(outcomes) - had} refusals where it is documented not to. {wrong} went wrong. "
        f"{seen.total()} events of {len(seen)} types. {len(ran)} of {len(published)} published samples ran.**"
    )


def _models(outcomes: Sequence[Outcome]) -> str:
    alike: dict[tuple[str, ...], list[str]] = {}
    for model in dict.fromkeys(outcome.where.model for outcome in outcomes):
        of_it = [outcome for outcome in outcomes if outcome.where.model == model]
        cells = (_cell([outcome for outcome in of_it if outcome.behaviour == name]) for name in BEHAVIOURS)
        row = ("native" if model.native else "cascaded", *cells)
        alike.setdefault(row, []).append(f"`{model.name}`")
    rows = [[", ".join(names), *row] for row, names in alike.items()]
    return table(["models", "pipeline", *BEHAVIOURS], rows)


def _cell(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return ""
    if any(outcome.wrong for outcome in outcomes):
        return _WRONG
    have = [outcome.where.api_version for outcome in outcomes if outcome.has]
    if len(have) == len(outcomes):
        return _YES
    return f"from {min(have, key=API_VERSIONS.index)}" if have else _NO


def _behaviours(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for name, behaviour in BEHAVIOURS.items():
        of_it = [outcome for outcome in outcomes if outcome.behaviour == name]
        had = sum(outcome.has for outcome in of_it)
        rows.append([name, behaviour.about, str(had), str(len(of_it) - had)])
    return table(["behaviour", "what was looked at", "had", "refused"], rows)


def _versions(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for api_version in (*API_VERSIONS, V1):
        of_it = [outcome for outcome in outcomes if outcome.where.api_version == api_version]
        had = sum(outcome.has for outcome in of_it)
        missing = {
            name
            for name, behaviour in BEHAVIOURS.items()
            if api_version in behaviour.versions
            and not any(outcome.has for outcome in of_it if outcome.behaviour == name)
        }
        rows.append(
            [f"`{api_version}`", str(had), str(len(of_it) - had), ", ".join(sorted(missing)) or "nothing"]
        )
    return table(["version", "had", "refused", "what no model has there"], rows)


def _samples(samples: Sequence[SampleOutcome]) -> str:
    if not samples:
        return "Not run."
    rows = [
        [
            f"`{one.sample.file}`",
            "no" if one.why_not else _WRONG if one.wrong else _YES,
            one.why_not or one.wrong.replace("|", "/").replace("\n", " ") or one.sample.about,
        ]
        for one in samples
    ]
    return f"{_SAMPLES}\n\n{table(['sample', 'ran', 'what happened, or why it was not run'], rows)}"


def _walk(steps: Sequence[Step]) -> str:
    """The steps of the how-to page, with what the command prints and nothing else."""
    rows = [[step.what, step.wrong.replace("|", "/").replace("\n", " ") or _YES] for step in steps]
    return f"{_WALK}\n\n{table(['what was started', 'a conversation was held'], rows)}"


def _events(seen: Counter[str]) -> str:
    without = [f"`{name}` ({known})" for name, known in WITHOUT_A_MODEL.items() if seen[name]]
    text = table(["event", "parsed"], [[f"`{name}`", str(count)] for name, count in sorted(seen.items())])
    if without:
        text += f"\n\nThe SDK has no model for {', '.join(without)}."
    return text
