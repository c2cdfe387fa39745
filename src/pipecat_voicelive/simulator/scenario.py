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
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from pipecat_voicelive.simulator.scenario_types import (
    FILE_SHAPE,
    FaultInFile,
    Flag,
    Maybe,
    Milliseconds,
    Regex,
    Share,
)

Match = Literal["exact", "pattern", "fuzzy"]
Caller = Literal["client", "simulated"]
Transcript = Literal["completed", "fail", "empty", "none"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, the client's or an MCP server's."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    name: Annotated[str, Field(min_length=1)]
    """The tool to call."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The JSON object that it is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search that an agent makes before it answers."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    kind: Literal["web", "file"] = "web"
    """Of the web, or of files."""
    queries: tuple[str, ...] = ()
    """What files are searched for."""
    results: tuple[Mapping[str, Any], ...] = ()
    """What was found in files: `file_id`, `filename`, `score`, `text`, `attributes`."""
    fails: Flag = False
    """Whether it comes to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCall:
    """A call of another Foundry agent, which gives `output`, or fails with `error`."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    name: Annotated[str, Field(min_length=1)]
    """The agent to call."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The JSON object that it is given."""
    output: str = ""
    """What it answers."""
    error: str = ""
    """What it fails with."""


@dataclass(frozen=True, slots=True)
class Citation:
    """An annotation, sent when the words `after` were written."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    after: Annotated[str, Field(min_length=1)]
    """Words of `say` that it is for."""
    annotation: Mapping[str, Any]
    """A mapping, e.g. of type, url and title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BargeIn:
    """Where in an answer the simulated caller begins to speak: after words of it, or after a time."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    after: str = ""
    """Words of the answer."""
    after_ms: Maybe[Milliseconds] = None
    """Time since the answer began to sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A line of the caller and the answer to it."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    user: str = ""
    """What the caller says: the transcript of a voice turn, and what a typed turn is compared with. Empty
    with `image`: an image that is shown without a word."""
    say: str = ""
    """What is answered, before any calls."""
    call: Maybe[ToolCall] = None
    """A tool to call: a function of the client or a tool of an MCP server."""
    calls: tuple[ToolCall, ...] = ()
    """Several tools to call, all in one response."""
    search: Maybe[Search] = None
    """A search before the answer."""
    agent: Maybe[AgentCall] = None
    """A call of another agent before the answer."""
    annotations: tuple[Citation, ...] = ()
    """Citations in `say`."""
    then: str = ""
    """What is answered once every output is there; left out, the outputs are reported plainly."""
    match: Match = "fuzzy"
    """How a typed turn is compared: the same words, a regular expression, or much alike."""
    image: Flag = False
    """Whether it fits only once an image was shown. `{image.color}` and the like stand in answers for what is
    seen."""
    repeat: Flag = False
    """Whether typed turns may use it again."""
    events: tuple[Mapping[str, Any], ...] = ()
    """What a hosted agent sends before it speaks, besides speech."""
    delay_ms: Milliseconds = 0.0
    """Time between `response.created` and the first output."""
    transcript: Transcript = "completed"
    """What becomes of the transcript of a voice turn."""
    transcript_delay_ms: Maybe[Milliseconds] = None
    """Time between the end of a voice turn and its transcript; left out, the usual place: before the answer
    in the cascaded pipeline, early in the answer in the native one."""
    language: str = ""
    """The language of the transcript, e.g. "de-DE"; left out, the first that the session names."""
    confidence: Share = 0.95
    """How sure the transcript is."""

    barge_in: Maybe[BargeIn] = None
    """Where in the answer before it the simulated caller breaks in with this line. If that answer ends
    before, the line follows it."""

    @property
    def to_call(self) -> tuple[ToolCall, ...]:
        """The tools to call, one or several."""
        return self.calls if self.call is None else (self.call,)


@dataclass(frozen=True, slots=True)
class Aside:
    """What is answered out of band."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    about: Annotated[Regex, Field(min_length=1)]
    """A regular expression, looked for in the instructions and the items of such a response."""
    say: Annotated[str, Field(min_length=1)]
    """The answer. `{user.text}` stands for what the caller said last among the items."""
    delay_ms: Milliseconds = 0.0
    """Time between `response.created` and the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that is said in a session; each session starts it afresh."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    name: str = "scenario"
    """For people."""
    greeting: str = "Hello! I am a local stand-in for Azure Voice Live."
    """Said when a response is asked for and nobody has said anything."""
    turns: tuple[Turn, ...] = ()
    """In the order in which voice turns take them."""
    otherwise: str = "You said: {user.text}"
    """Said to what fits no turn. `{user.text}` stands for what was typed."""
    unheard: str = ""
    """Said to a voice turn when all lines are used up; left out, `otherwise`. `{user.seconds}` stands for how
    long it was."""
    asides: tuple[Aside, ...] = ()
    """What is answered out of band; the first that fits. `otherwise` if none does."""
    interim: str = "One moment, please."
    """What a model says while the answer takes long (`llm_interim_response`)."""
    caller: Caller = "client"
    """Who speaks the lines: whoever is at the client, or the simulated caller, each when the one before is
    answered."""
    faults: tuple[FaultInFile, ...] = ()
    """What is to go wrong, as lines such as `drop at response.audio.delta 3`, or as mappings."""

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


ECHO = Scenario(name="echo", unheard="I heard you for {user.seconds} seconds.")
"""The scenario of a simulator that was given none: it answers anything."""
