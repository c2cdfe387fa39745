"""Our classes next to the models of Microsoft's SDK: every member, its type, and full instances both ways."""

from __future__ import annotations

import datetime as dt
import enum
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

from pipecat_voicelive.protocol import items, server_events
from pipecat_voicelive.protocol import session_options as so
from pipecat_voicelive.protocol.client_events import ResponseProperties
from reference import ours, rivals


@dataclass(frozen=True)
class Plain:
    """Members that a class of ours keeps as they came, in this member of its own."""

    owner: type[msgspec.Struct]
    member: str


Home = type[msgspec.Struct] | type[BaseModel] | Plain

HOMES: dict[str, Home] = {
    **dict.fromkeys(("ClientEvent", "ServerEvent"), server_events.InputAudioBufferCleared),
    "ServerEventErrorDetails": items.ErrorDetails,
    "ServerEventWarningDetails": server_events.WarningDetails,
    "VoiceLiveErrorDetails": items.ErrorDetails,
    "ErrorResponse": server_events.Error,
    "RequestSession": so.SessionProperties,
    "ResponseSession": items.SessionInfo,
    "SessionBase": items.SessionInfo,
    "AgentConfig": Plain(items.SessionInfo, "agent"),
    "ResponseCreateParams": ResponseProperties,
    "Response": items.Response,
    "TokenUsage": items.TokenUsage,
    "InputTokenDetails": items.InputTokenDetails,
    "CachedTokenDetails": items.CachedTokenDetails,
    "OutputTokenDetails": items.OutputTokenDetails,
    "LogProbProperties": items.LogProbability,
    "TranscriptionPhrase": items.TranscriptionPhrase,
    "TranscriptionWord": items.TranscriptionWord,
    "MCPTool": Plain(items.ConversationItem, "tools"),
    "FileSearchResult": Plain(items.ConversationItem, "results"),
    "Animation": so.Animation,
    "AudioEchoCancellation": so.InputAudioEchoCancellation,
    "AudioInputTranscriptionOptions": so.InputAudioTranscription,
    "AudioNoiseReduction": so.InputAudioNoiseReduction,
    "AvatarConfig": so.AvatarConfig,
    "Background": so.Background,
    "IceServer": so.IceServer,
    "Scene": so.Scene,
    "VideoCrop": so.VideoCrop,
    "VideoParams": so.VideoParams,
    "VideoResolution": so.VideoResolution,
    "AzureVoice": so.AzureStandardVoice,
    "AzureAvatarVoiceSyncVoice": so.AzureAvatarVoiceSyncVoice,
    "AzureCustomVoice": so.AzureCustomVoice,
    "AzurePersonalVoice": so.AzurePersonalVoice,
    "AzureRealtimeNativeVoice": so.AzureRealtimeNativeVoice,
    "AzureStandardVoice": so.AzureStandardVoice,
    "OpenAIVoice": so.OpenAIVoice,
    "FunctionTool": so.FunctionTool,
    "MCPServer": so.MCPServer,
    "Tool": so.FunctionTool,
    "StaticInterimResponseConfig": so.StaticInterimResponse,
    "LlmInterimResponseConfig": so.LlmInterimResponse,
    "InterimResponseConfigBase": so.StaticInterimResponse,
    **dict.fromkeys(("ToolChoiceSelection", "ToolChoiceFunctionSelection"), so.ToolChoiceFunction),
}
"""Where the SDK's models live with us, besides events (by wire type) and the families below."""

FAMILIES: dict[str, Home] = {
    "ConversationRequestItem": items.ConversationItem,
    "ResponseItem": items.ConversationItem,
    "ConversationItemBase": items.ConversationItem,
    "MessageContentPart": items.ItemContent,
    "ContentPart": items.ItemContent,
    "TurnDetection": so.TurnDetection,
    "EouDetection": so.EndOfUtteranceDetection,
    "ResponseStatusDetails": Plain(items.Response, "status_details"),
}
"""Models whose descendants are all one class with us."""


def home(name: str) -> Home | None:
    """Where a model of the SDK lives with us; None if it does not."""
    model = rivals.sdk_models()[name]
    events = ours.client_events() | ours.server_events()
    wire_types = [wire for wire, event in rivals.sdk_types().items() if event is model]
    if wire_types:
        return events.get(wire_types[0])
    family = next((base.__name__ for base in model.__mro__ if base.__name__ in FAMILIES), "")
    return HOMES.get(name) or FAMILIES.get(family) or (_ACTIONS if name.startswith("Action") else None)


_ACTIONS = Plain(items.ConversationItem, "action")


def home_name(name: str) -> str:
    """In words, where a model lives."""
    place = home(name)
    if isinstance(place, Plain):
        return f"`{place.owner.__name__}.{place.member}`, as it came"
    return f"`{place.__name__}`" if place is not None else ""


# --- members and their types -------------------------------------------------------------------------


def differences(name: str) -> tuple[int, list[str]]:
    """How many members of a model were compared, and what does not fit."""
    place, wrong = home(name), list[str]()
    fields = rivals.sdk_fields(rivals.sdk_models()[name])
    for member, annotation in fields.items():
        own = _own_type(place, member)
        if own is None:
            wrong.append(f"{name}.{member} is missing")
        elif not _fits(annotation, own):
            wrong.append(f"{name}.{member} is {annotation}, ours is {own}")
    return len(fields), wrong


def _own_type(place: Home | None, member: str) -> Any:
    if place is None:
        return None
    if isinstance(place, Plain):
        return _own_type(place.owner, place.member) and Any
    if issubclass(place, BaseModel):
        field = place.model_fields.get(member)
        return field.annotation if field is not None else None
    if member == "type" and place.__struct_config__.tag is not None:
        return str
    return {field.encode_name: field.type for field in msgspec.structs.fields(place)}.get(member)


def _fits(theirs: Any, own: Any) -> bool:
    """Whether all that their annotation allows, null aside, is allowed by ours."""
    allowed = _parts(own)
    return Any in allowed or all(
        any(_part_fits(part, other) for other in allowed) for part in _parts(theirs) if part is not type(None)
    )


def _part_fits(theirs: Any, own: Any) -> bool:
    kind, other = kind_of(theirs), kind_of(own)
    if kind == other == "array":
        elements = get_args(own)
        return not elements or _fits(get_args(theirs)[0], elements[0])
    return kind == other or (kind, other) == ("integer", "number")


def _parts(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for part in get_args(annotation) for inner in _parts(part)]
    return [annotation]


def kind_of(annotation: Any) -> str:
    """What JSON an annotation without alternatives stands for."""
    origin = get_origin(annotation) or annotation
    if origin is Literal:
        origin = type(get_args(annotation)[0])
    if not inspect.isclass(origin):
        return "any"
    for kind, python in _JSON.items():
        if issubclass(origin, python):
            return kind
    return "object"


_JSON: dict[str, tuple[type, ...]] = {
    "string": (str, bytes, enum.Enum),
    "boolean": (bool,),
    "integer": (int,),
    "number": (float, dt.datetime),
    "array": (list,),
    "object": (dict,),
}
"""The SDK's one `datetime` travels as seconds since 1970."""


# --- full instances ----------------------------------------------------------------------------------


def full_instances(model: type) -> list[dict[str, Any]]:
    """JSON with every member of a model: as many as it takes to have every alternative of every member."""
    kinds = rivals.descendants(model)
    if kinds:
        concrete = [kind for kind in kinds if not rivals.descendants(kind)]
        return [instance for kind in concrete for instance in full_instances(kind)]
    members = {name: samples(annotation, name) for name, annotation in rivals.sdk_fields(model).items()}
    most = max((len(choices) for choices in members.values()), default=1)
    return [
        {name: choices[number % len(choices)] for name, choices in members.items()} for number in range(most)
    ]


def samples(annotation: Any, name: str) -> list[Any]:
    """JSON for an annotation, one for each alternative."""
    parts = [part for part in _parts(annotation) if part not in (type(None), msgspec.UnsetType)]
    if any(inspect.isclass(part) and issubclass(part, BaseModel) for part in parts):
        parts = [part for part in parts if kind_of(part) != "object" or not get_origin(part)]
    if len(parts) > 1:
        return [sample for part in parts for sample in samples(part, name)]
    (part,) = parts
    if get_origin(part) is Literal:
        return [getattr(value, "value", value) for value in get_args(part)]
    if inspect.isclass(part) and issubclass(part, enum.Enum):
        return [member.value for member in part]
    if get_origin(part) is list:
        inner = samples(get_args(part)[0], name)
        return [[sample] for sample in inner] if kind_of(get_args(part)[0]) == "object" else [inner]
    if get_origin(part) is dict:
        return [{"key": samples(get_args(part)[1], name)[0]}]
    if part in rivals.sdk_models().values():
        return full_instances(part)
    if inspect.isclass(part) and issubclass(part, BaseModel):
        return own_instances(part)
    return [_PLAIN.get(part, {"any": ["thing"]}) if part is not str else f"a {name}"]


_PLAIN: dict[Any, Any] = {int: 7, float: 0.25, bool: True, bytes: "AAEC", dt.datetime: 1_800_000_000}


def own_instances(option: type[BaseModel]) -> list[dict[str, Any]]:
    """JSON with every member of one of our options, as many as it takes."""
    members = {
        name: [field.default] if name == "type" and field.default else samples(field.annotation, name)
        for name, field in option.model_fields.items()
    }
    most = max(len(choices) for choices in members.values())
    return [
        {name: choices[number % len(choices)] for name, choices in members.items()} for number in range(most)
    ]


# --- what the SDK would lose -------------------------------------------------------------------------


def losses(annotation: Any, value: Any, where: str) -> Iterator[str]:
    """What of this JSON the SDK's annotation has no place for, each by where it stands."""
    if value is None:
        return
    parts = [part for part in _parts(annotation) if part is not type(None)]
    if isinstance(value, dict) and (
        models := [part for part in parts if part in rivals.sdk_models().values()]
    ):
        model = _chosen(models, value)
        if model is None:
            yield f"{where}: {value.get('type', 'object')}"
            return
        fields = rivals.sdk_fields(model)
        for member, inner in value.items():
            if member not in fields:
                yield f"{where}.{member} ({model.__name__})"
            else:
                yield from losses(fields[member], inner, f"{model.__name__}.{member}")
    elif isinstance(value, list) and (lists := [part for part in parts if get_origin(part) is list]):
        for inner in value:
            yield from losses(get_args(lists[0])[0], inner, where)
    elif not any(kind_of(part) in ("any", _kind_of_json(value)) for part in parts):
        yield f"{where}: {_kind_of_json(value)}"


def _chosen(models: list[type], value: dict[str, Any]) -> type | None:
    """The model for this JSON: the one whose fixed members all have the value's."""
    everything = [kind for model in models for kind in (*rivals.descendants(model), model)]
    for model in everything:
        fixed = {
            name: [getattr(choice, "value", choice) for choice in get_args(annotation)]
            for name, annotation in rivals.sdk_fields(model).items()
            if get_origin(annotation) is Literal
        }
        if all(value.get(name) in choices for name, choices in fixed.items()) and (
            fixed or not rivals.descendants(model)
        ):
            return model
    return None


def _kind_of_json(value: Any) -> str:
    return kind_of(type(value))


# --- the page ----------------------------------------------------------------------------------------

LACKS = {
    "response.conversation (ResponseCreateParams)": "documented: `none` is a response out of band",
    "ResponseCreateParams.tool_choice: object": "the one function to call may be named here too",
    "RequestSession.turn_detection: semantic_vad": "OpenAI's own turn detection is documented",
    "turn_detection.appended_text_after_truncation": "documented for the azure_semantic_vad types",
    "turn_detection.speech_duration_ms (ServerVad)": "documented, 200 without",
    "end_of_utterance_detection.threshold": "2025-05-01-preview has it in place of `threshold_level`",
    "input_audio_transcription.prompt": "documented for OpenAI's models",
    "voice.temperature (AzureRealtimeNativeVoice)": "Pipecat's built-in service sends it",
    "tools: foundry_agent": "agents as tools are documented",
}
"""What we can send and the SDK has no place for: nothing is missing with us. Fewer than ten."""

HEAD = """# Next to Microsoft's SDK

Every member of every model of {version} is looked for here, with a type that takes all that theirs takes;
full instances of all events go through the codec and come back equal. Generated by `make docs`;
`tests/protocol/test_sdk_differential.py` proves it.

{models} models, {members} members compared, {missing} missing or of another type.

*As it came* is said of members that are kept as plain values, whatever they are: they cannot fail to be read.

## What we send and the SDK has no model for
"""


TABLE = "| SDK model | here | members compared | exceptions |\n| --- | --- | ---: | --- |"


def page() -> str:
    """docs/reference/sdk-differential.md."""
    found = {name: differences(name) for name in rivals.sdk_models()}
    head = HEAD.format(
        version=rivals.versions().split(", ")[1],
        models=len(found),
        members=sum(count for count, _ in found.values()),
        missing=sum(len(wrong) for _, wrong in found.values()),
    )
    lacks = [f"- `{what}`: {why}." for what, why in LACKS.items()]
    table = [
        f"| `{name}` | {home_name(name)} | {count} | {'; '.join(wrong) or 'none'} |"
        for name, (count, wrong) in found.items()
    ]
    return "\n".join([head, *lacks, "", "## Model by model", "", TABLE, *table, ""])
