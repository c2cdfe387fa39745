"""What the simulator's callers say and what it answers.

A scenario is a list of turns. Voice turns take the `user` lines one after another; a typed turn takes the
line that is most like it. What fits no line is answered by `otherwise`.

    name: weather
    greeting: "Hello! How can I help?"
    turns:
      - user: "What is the weather in Lisbon?"
        call: {name: get_weather, arguments: {city: Lisbon}}
        then: "It is {result.temperature} degrees in Lisbon."
      - user: "Tell me a story"
        say: "Once upon a time ..."
    otherwise: "Sorry, I did not understand."
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Match = Literal["exact", "pattern", "fuzzy"]
Transcript = Literal["completed", "fail", "empty", "none"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, the client's or an MCP server's; `arguments` is the JSON object it is given."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search that an agent makes before it answers.

    Attributes:
        kind: Of the web, or of files.
        queries: What files are searched for.
        results: What was found in files: `file_id`, `filename`, `score`, `text`, `attributes`.
        fails: Whether it comes to nothing.
    """

    kind: Literal["web", "file"] = "web"
    queries: tuple[str, ...] = ()
    results: tuple[Mapping[str, Any], ...] = ()
    fails: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCall:
    """A call of another Foundry agent, which gives `output`, or fails with `error`."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    output: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """An annotation, sent when the words `after` were written."""

    after: str
    annotation: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A line of the caller and the answer to it.

    Attributes:
        user: The transcript of a voice turn, and what a typed turn is compared with. "" with `image`: an
            image that is shown without a word.
        say: What is answered, before any calls; "" for nothing.
        calls: Tools to call, all in one response: the client's functions or those of MCP servers.
        search: A search before the answer.
        agent: A call of another agent before the answer.
        annotations: Citations in `say`.
        then: What is answered once every output is there; "" to report the outputs plainly.
        match: How a typed turn is compared: the same words, a regular expression, or much alike.
        image: Whether it fits only once an image was shown. `{image.color}` and the like stand in answers for
            what is seen.
        repeat: Whether typed turns may use it again.
        events: What a hosted agent sends before it speaks, besides speech.
        delay_ms: Time between `response.created` and the first output.
        transcript: What becomes of the transcript of a voice turn.
        transcript_delay_ms: Time between the end of a voice turn and its transcript; None for the usual
            place: before the answer in the cascaded pipeline, early in the answer in the native one.
        language: The language of the transcript, e.g. "de-DE"; "" for the first that the session names.
        confidence: How sure the transcript is, above 0 up to 1.
    """

    user: str
    say: str = ""
    calls: tuple[ToolCall, ...] = ()
    search: Search | None = None
    agent: AgentCall | None = None
    annotations: tuple[Citation, ...] = ()
    then: str = ""
    match: Match = "fuzzy"
    image: bool = False
    repeat: bool = False
    events: tuple[Mapping[str, Any], ...] = ()
    delay_ms: float = 0.0
    transcript: Transcript = "completed"
    transcript_delay_ms: float | None = None
    language: str = ""
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Aside:
    """What is answered out of band.

    Attributes:
        about: A regular expression, looked for in the instructions and the items of such a response.
        say: The answer. `{user.text}` stands for what the caller said last among the items.
        delay_ms: Time between `response.created` and the answer.
    """

    about: str
    say: str
    delay_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that is said in a session; each session starts it afresh.

    Attributes:
        name: For people.
        greeting: Said when a response is asked for and nobody has said anything.
        turns: In the order in which voice turns take them.
        otherwise: Said to what fits no turn. `{user.text}` stands for what was typed.
        unheard: Said to a voice turn when all lines are used up; "" for `otherwise`. `{user.seconds}` stands
            for how long it was.
        asides: What is answered out of band; the first that fits. `otherwise` if none does.
        interim: What a model says while the answer takes long (`llm_interim_response`).
    """

    name: str = "echo"
    greeting: str = "Hello! I am a local stand-in for Azure Voice Live."
    turns: tuple[Turn, ...] = ()
    otherwise: str = "You said: {user.text}"
    unheard: str = ""
    asides: tuple[Aside, ...] = ()
    interim: str = "One moment, please."

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """Read a scenario from a YAML file.

        Raises:
            ConfigurationError: The file cannot be read, or a line of it is wrong; says which and what was
                expected.
        """
        from pipecat_voicelive.simulator.scenario_file import load_scenario

        return load_scenario(Path(path))

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Scenario:
        """Read a scenario from plain members, as a YAML file would have them.

        Raises:
            ConfigurationError: A member is unknown or wrong; says which and what was expected.
        """
        from pipecat_voicelive.simulator.scenario_file import scenario_from

        return scenario_from(members)


ECHO = Scenario(unheard="I heard you for {user.seconds} seconds.")
"""The scenario of a simulator that was given none: it answers anything."""
