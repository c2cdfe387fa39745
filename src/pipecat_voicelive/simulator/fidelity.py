"""The fidelity ledger: what the simulator does as the service does it, and how we know that it does.

A rule stands with the code that makes it true and decorates it:

    @rule(
        "cancel-without-response",
        "`response.cancel` while nothing runs is refused with the code `response_cancel_not_active`.",
        PIPECAT.at("handling of errors"),
        topic=Topic.RESPONSES,
    )
    def nothing_to_cancel() -> RefusedError: ...

Code that several rules are about bears several; a rule that several functions make true is assigned to a name
and decorates them all. `docs/reference/fidelity.md` is written from the rules. A rule that decorates nothing,
or only what nobody calls, fails the check, and so does one without a test that is marked
`@pytest.mark.proves("rule.<slug>")`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from typing import Any, TypeVar

_Bearer = TypeVar("_Bearer", bound=Callable[..., Any])
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Kind(Enum):
    """What a source is, the surest first."""

    TAPE = "tape"
    """A recording of the real service."""
    DOCUMENTATION = "documentation"
    """A page of Microsoft's, or the specification that the API is generated from."""
    SDK = "SDK model"
    """A class of Microsoft's Python SDK."""
    OBSERVATION = "observation"
    """What others say that they saw the service do."""
    INFERENCE = "inference"
    """Nobody says it: it follows from something else, or is what the API behind the service does."""


class Topic(Enum):
    """The heading under which the ledger lists a rule; the order is the page's."""

    CONNECTING = "Connecting"
    EVENTS = "Events of any kind"
    SESSION = "The session and its options"
    VOICES = "Voices"
    INPUT_AUDIO = "Audio from the caller"
    TURN_DETECTION = "Turn detection"
    TRANSCRIPTION = "Transcription"
    ITEMS = "Items"
    RESPONSES = "Responses"
    BARGE_IN = "Interruptions"
    TOOLS = "Tools"
    AGENTS = "Agents"
    SPEECH_MARKS = "Words, visemes, blendshapes"
    AVATARS = "Avatars"
    FAULTS = "Limits and failures"


@dataclass(frozen=True, slots=True)
class Source:
    """Where something is known from.

    Attributes:
        kind: What it is.
        title: What it is called.
        looked_at: When it was looked at.
        url: Where it can be read, "" if it cannot.
        place: Where in it.
    """

    kind: Kind
    title: str
    looked_at: date
    url: str = ""
    place: str = ""

    def at(self, place: str) -> Source:
        """A place in it: an event, a section, a class."""
        return replace(self, place=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something that the simulator does as the service does it.

    Attributes:
        slug: Its name; tests prove `rule.<slug>`.
        says: What the simulator does, in a sentence.
        topic: The heading it stands under.
        sources: How it is known, the surest first.
        holds_for: Pipelines, models or versions it is about, "" for all.
        conflict: What other sources say instead, "" if none does.
        bearers: The code that makes it true, as `module:qualified name`.
    """

    slug: str
    says: str
    topic: Topic
    sources: tuple[Source, ...]
    holds_for: str = ""
    conflict: str = ""
    bearers: list[str] = field(default_factory=list[str])

    def __call__(self, bearer: _Bearer) -> _Bearer:
        """Decorate a function or class that makes it true; it stays what it is."""
        self.bearers.append(f"{bearer.__module__}:{bearer.__qualname__}")
        return bearer


RULES: dict[str, Rule] = {}
"""Every rule of the modules that have been imported, by slug."""


def rule(
    slug: str, says: str, *sources: Source, topic: Topic, holds_for: str = "", conflict: str = ""
) -> Rule:
    """Enter a rule into the ledger; the result decorates what makes it true.

    Raises:
        ValueError: The slug is none or is taken, the sentence is none, or there is no source.
    """
    if not _SLUG.fullmatch(slug) or slug in RULES:
        raise ValueError(f"Give a slug like 'commit-empty' that no other rule has, not {slug!r}.")
    if not says.endswith(".") or not sources:
        raise ValueError(f"Rule {slug!r} needs a sentence that ends in a full stop, and a source.")
    entered = Rule(slug=slug, says=says, topic=topic, sources=sources, holds_for=holds_for, conflict=conflict)
    RULES[slug] = entered
    return entered
