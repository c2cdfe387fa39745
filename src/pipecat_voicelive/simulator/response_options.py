"""What one response is asked to be: the session's options, and what `response.create` says otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from msgspec import UNSET

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.simulator.errors_wire import invalid_value, unsupported_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.prosody import pitch_of, rate_of, volume_of
from pipecat_voicelive.simulator.replies import ToolRules
from pipecat_voicelive.simulator.session_checks import OUTPUT_FORMATS, check_response
from pipecat_voicelive.simulator.sources import API_REFERENCE, CASCADED_TAPES, PIPECAT, SDK
from pipecat_voicelive.simulator.tool_picker import Tool
from pipecat_voicelive.simulator.voice_checks import AZURE_VOICES, check_voice


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOptions:
    """How a response is made and reported.

    Attributes:
        instructions: What the model is told.
        modalities: "text" and perhaps "audio".
        voice: As reported, an object with a `type`.
        output_audio_format: As named on the wire.
        temperature: As reported.
        max_output_tokens: As reported.
        metadata: What the client gave to know its response by.
        tools: Which functions may be called, must be called, and how many at once.
        mcp_servers: Labels of the MCP servers whose tools may be called.
        with_file_results: Whether file searches report what they found.
        interim: The `interim_response` in effect, or None.
        reasoning_effort: How hard the model thinks, or None.
        out_of_band: Whether it leaves the conversation alone and is answered aside from it.
        in_conversation: Whether its items join the conversation.
        wants_words: Whether the session asks for word times.
        wants_visemes: Whether the session asks for mouth shapes.
        wants_blendshapes: Whether the session asks for the movements of the whole face.
        sends_audio: Whether speech is sent in events; an avatar's is heard with its video, unless the client
            wants to have both.
    """

    instructions: str
    modalities: list[str]
    voice: dict[str, Any]
    output_audio_format: str | None
    temperature: float | None
    max_output_tokens: int | str | None
    metadata: dict[str, str] | None
    tools: ToolRules
    interim: dict[str, Any] | None
    reasoning_effort: str | None
    mcp_servers: frozenset[str]
    with_file_results: bool
    out_of_band: bool
    in_conversation: bool
    wants_words: bool
    wants_visemes: bool
    wants_blendshapes: bool
    sends_audio: bool

    @property
    def spoken(self) -> bool:
        """Whether messages are spoken."""
        return not {"audio", "avatar"}.isdisjoint(self.modalities)

    @property
    def has_azure_voice(self) -> bool:
        """Whether the voice can tell when it says what."""
        return self.voice.get("type") in AZURE_VOICES

    @property
    def voice_name(self) -> str | None:
        """The voice's name, if it has one."""
        name = self.voice.get("name")
        return name if isinstance(name, str) else None

    @property
    def locale(self) -> str:
        """The language to speak: the voice's own unless it is told another."""
        given = self.voice.get("locale")
        if isinstance(given, str) and given:
            return given
        named = re.match(r"[a-z]{2,3}-[A-Z]{2}", self.voice_name or "")
        return named.group() if named else "en-US"

    @property
    def rate(self) -> float:
        """The speed of speech, 1 being normal."""
        return rate_of(self.voice.get("rate"))

    @property
    def pitch(self) -> float:
        """The height of the voice, 1 being normal."""
        return pitch_of(self.voice.get("pitch"))

    @property
    def volume(self) -> float:
        """The loudness of the voice, 0 to 1, 1 being normal."""
        return volume_of(self.voice.get("volume"))


@rule(
    "response-commit",
    "A response with `commit: false` answers the conversation and does not join it.",
    SDK.at("ResponseCreateParams"),
    topic=Topic.RESPONSES,
    conflict="the API reference does not have it.",
)
@rule(
    "response-out-of-band",
    'A response with `conversation: "none"` leaves the conversation alone; its `conversation_id` is null.',
    API_REFERENCE.at("response.create"),
    topic=Topic.RESPONSES,
    conflict="the SDK does not have it.",
)
@rule(
    "response-metadata",
    "The metadata of `response.create` comes back in `response.created` and `response.done`.",
    CASCADED_TAPES.at("response.created"),
    API_REFERENCE.at("metadata"),
    topic=Topic.RESPONSES,
)
def response_options(
    session: dict[str, Any], asked: ResponseProperties, model: Model, additional_instructions: str = ""
) -> ResponseOptions:
    """The options of a response.

    Args:
        session: The effective session, as reported.
        asked: What `response.create` says.
        model: What the session runs on.
        additional_instructions: What the model is told besides.

    Raises:
        RefusedError: A member of `asked` will not do.
    """
    check_response(msgspec.to_builtins(asked), model)
    animation: dict[str, Any] = session["animation"] or {}
    avatar: dict[str, Any] | None = session["avatar"]
    outputs: list[str] = animation.get("outputs") or []
    voice: Any = session["voice"] if asked.voice is UNSET or asked.voice is None else asked.voice
    if voice is not session["voice"]:
        check_voice(voice, "response.voice", model)
    if isinstance(voice, str):
        voice = {"name": voice, "type": "openai"}
    additional = f"\n{additional_instructions}" if additional_instructions else ""
    tools = _tools(asked, session)
    return ResponseOptions(
        instructions=str(_or(asked.instructions, session["instructions"]) or "") + additional,
        modalities=_modalities(asked, session, model),
        voice=voice,
        output_audio_format=_audio_format(asked, session),
        temperature=_or(asked.temperature, session.get("temperature")),
        max_output_tokens=_or(asked.max_output_tokens, session["max_response_output_tokens"]),
        metadata=_or(asked.metadata, None),
        tools=_tool_rules(tools, asked, session),
        interim=_or(asked.interim_response, session.get("interim_response")),
        reasoning_effort=_or(asked.reasoning_effort, session.get("reasoning_effort")),
        mcp_servers=_named(tools, "mcp", "server_label"),
        with_file_results="file_search_call.results" in (session["include"] or ()),
        out_of_band=asked.conversation == "none",
        in_conversation=asked.conversation != "none" and asked.commit is not False,
        wants_words="word" in (session["output_audio_timestamp_types"] or ()),
        wants_visemes="viseme_id" in outputs,
        wants_blendshapes="blendshapes" in outputs,
        sends_audio=avatar is None or avatar.get("output_audit_audio") is True,
    )


def _tools(asked: ResponseProperties, session: dict[str, Any]) -> list[dict[str, Any]]:
    choice: Any = _or(asked.tool_choice, session["tool_choice"])
    return [] if choice == "none" else _or(asked.tools, session["tools"])


def _tool_rules(tools: list[dict[str, Any]], asked: ResponseProperties, session: dict[str, Any]) -> ToolRules:
    choice: Any = _or(asked.tool_choice, session["tool_choice"])
    offered = tuple(str(tool.get("name")) for tool in tools if tool.get("type") == "function")
    must_call, only = None, None
    match choice:
        case "none":
            only = ""
        case "required":
            must_call = offered[0] if offered else None
        case {"name": str(name)}:
            must_call = only = name
        case str(name) if name != "auto":
            must_call = only = name
        case _:
            pass
    in_parallel = session.get("parallel_tool_calls") is not False
    described = tuple(
        Tool.from_definition(str(tool.get("name")), tool.get("description"), tool.get("parameters"))
        for tool in tools
        if tool.get("type") == "function"
    )
    return ToolRules(
        offered=offered, must_call=must_call, only=only, in_parallel=in_parallel, tools=described
    )


def _named(tools: list[Any], kind: str, member: str) -> frozenset[str]:
    """What the tools of one kind are called by."""
    given = [cast("dict[str, object]", tool) for tool in tools if isinstance(tool, dict)]
    return frozenset(str(tool.get(member)) for tool in given if tool.get("type") == kind)


def _or(value: Any, default: Any) -> Any:
    return default if value is UNSET else value


@rule(
    "response-modalities",
    "The modalities of a response are text, or text and audio; azure-realtime takes exactly one of them.",
    PIPECAT.at("_create_response"),
    API_REFERENCE.at("response.create"),
    topic=Topic.RESPONSES,
)
def _modalities(asked: ResponseProperties, session: dict[str, Any], model: Model) -> list[str]:
    if asked.modalities is UNSET:
        return session["modalities"]
    modalities = asked.modalities
    path = "response.modalities"
    for modality in modalities:
        if modality not in ("text", "audio"):
            raise unsupported_value(modality, ("text", "audio"), path)
    if model.speaks_only_its_own_voices:
        if len(modalities) != 1:
            raise invalid_value("This model supports exactly one modality a response.", path)
    elif "text" not in modalities:
        raise invalid_value(
            f"Invalid modalities: {modalities}. Supported combinations are: ['text'] and ['audio', 'text'].",
            path,
        )
    return modalities


def _audio_format(asked: ResponseProperties, session: dict[str, Any]) -> str | None:
    if asked.output_audio_format is UNSET:
        return session["output_audio_format"]
    if asked.output_audio_format not in OUTPUT_FORMATS:
        raise unsupported_value(asked.output_audio_format, OUTPUT_FORMATS, "response.output_audio_format")
    return asked.output_audio_format
