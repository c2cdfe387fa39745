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
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag

from pipecat_voicelive.simulator.scenario_types import (
    FILE_SHAPE,
    FaultInFile,
    Flag,
    Maybe,
    Milliseconds,
    Regex,
    Share,
)

Match = Literal["exact", "pattern", "fuzzy", "any"]
Incomplete = Literal["max_output_tokens", "content_filter"]
Listen = Literal["in_order", "recognise"]
Caller = Literal["client", "simulated"]
Transcript = Literal["completed", "fail", "empty", "none"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, the client's or an MCP server's."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    name: Annotated[str, Field(min_length=1)]
    """The tool to call."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The JSON object that it is given; texts in it may have gaps, e.g. `{location}` for what the line has
    captured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a response fails with."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    code: Annotated[str, Field(min_length=1)]
    """The error's code, e.g. "rate_limit_exceeded"."""
    message: str = "The response could not be made."
    """What is told to people."""
    type: str = "server_error"
    """The error's type."""


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


def _form_of_then(value: object) -> str:
    if isinstance(value, list | tuple):
        return "(cases)"
    return "(text)" if isinstance(value, str) else "(step)"


Cases = Annotated[
    Annotated[str, Tag("(text)")]
    | Annotated["Then", Tag("(step)")]
    | Annotated[tuple["Then", ...], Tag("(cases)")],
    Discriminator(_form_of_then),
]
"""What follows when the outputs of calls are there: a text, a step, or the first of several that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """A step that follows when every output of the calls before it is there."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    when: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What must be so for this step: by path, e.g. `result.status`, the value, or a list of values, that must
    be there."""
    on_error: Flag = False
    """Whether the step is for a call that failed, was denied, or put out an object with an `error`. `{error}`
    stands for what went wrong."""
    say: str = ""
    """What is answered, before any calls."""
    call: Maybe[ToolCall] = None
    """A further tool to call."""
    calls: tuple[ToolCall, ...] = ()
    """Several further tools to call, all in one response."""
    then: Cases = ""
    """What is answered once the outputs of these calls are there."""
    delay_ms: Milliseconds = 0.0
    """Time between `response.created` and the first output."""
    fails: Maybe[Failure] = None
    """What the response fails with, after what it says."""
    incomplete: Maybe[Incomplete] = None
    """Why the response ends before its end, after what it says."""


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
    """What the caller says: the transcript of a voice turn, and what a typed turn is compared with. It may
    have gaps, e.g. `{location}`, whose words stand in answers and arguments. Empty with `image`: an image
    that is shown without a word."""
    spoken: str = ""
    """The transcript of a voice turn, where `user` has gaps or is a pattern."""
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
    then: Cases = ""
    """What is answered once every output is there: a text, a step, or a list of steps of which the first that
    fits is taken; left out, the outputs are reported plainly."""
    match: Match = "fuzzy"
    """How typed words are compared: the same words, a regular expression, much alike, or anything that fits
    no other line."""
    min: Share = 0.7
    """How much alike words and line must be if `match` is `fuzzy`, 1 being equal."""
    image: Flag = False
    """Whether it fits only once an image was shown. `{image.color}` and the like stand in answers for what is
    seen."""
    repeat: Flag = False
    """Whether typed turns may use it again."""
    events: tuple[Mapping[str, Any], ...] = ()
    """What a hosted agent sends before it speaks, besides speech."""
    delay_ms: Milliseconds = 0.0
    """Time between `response.created` and the first output."""
    fails: Maybe[Failure] = None
    """What the response fails with, after what it says."""
    incomplete: Maybe[Incomplete] = None
    """Why the response ends before its end, after what it says."""
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


Step: TypeAlias = Turn | Then
"""What is done in one response."""


def calls_of(step: Step) -> tuple[ToolCall, ...]:
    """The tools that a step calls, one or several."""
    return step.calls if step.call is None else (step.call,)


def cases_of(step: Step) -> tuple[Then, ...]:
    """What may follow a step, in order."""
    match step.then:
        case "":
            return ()
        case str(text):
            return (Then(say=text),)
        case Then() as only:
            return (only,)
        case cases:
            return cases


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is known again by its sound."""

    __pydantic_config__: ClassVar[ConfigDict] = FILE_SHAPE

    file: Annotated[str, Field(min_length=1)]
    """A WAV file of 16 bits; its path counts from the scenario's."""
    text: Annotated[str, Field(min_length=1)]
    """What it says."""


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
    picks_tools: Flag = True
    """Whether words that fit no turn may call a tool that they fit."""
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    """What people say who mean a tool, by the tool's name. It may have gaps named like its parameters."""
    interim: str = "One moment, please."
    """What a model says while the answer takes long (`llm_interim_response`)."""
    listen: Listen = "in_order"
    """What becomes of a voice turn whose words nobody knows: it takes the next line, or is recognised as any
    of the lines, in English."""
    recordings: tuple[Recording, ...] = ()
    """Recordings whose words are known, in any order and language."""
    unrecognised: str = "[{user.seconds} seconds of audio]"
    """The transcript of a voice turn whose words nobody knows; empty for a transcription that fails."""
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
