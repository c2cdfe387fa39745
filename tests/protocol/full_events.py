"""Our own client events with every member set, as often as it takes to have every kind of each."""

import msgspec

from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.session_options import (
    EndOfUtteranceDetection,
    FoundryAgentTool,
    FunctionTool,
    MCPServer,
    SessionProperties,
    ToolChoiceFunction,
    TurnDetection,
)
from reference import differential, ours, rivals

SEMANTIC = (
    "threshold prefix_padding_ms silence_duration_ms speech_duration_ms remove_filler_words "
    "end_of_utterance_detection create_response interrupt_response auto_truncate"
)
TURN_DETECTIONS = {
    "server_vad": (
        "threshold prefix_padding_ms silence_duration_ms speech_duration_ms end_of_utterance_detection "
        "create_response interrupt_response auto_truncate"
    ),
    "semantic_vad": "eagerness create_response interrupt_response auto_truncate",
    "azure_semantic_vad": f"{SEMANTIC} languages appended_text_after_truncation",
    "azure_semantic_vad_en": SEMANTIC,
    "azure_semantic_vad_multilingual": f"{SEMANTIC} languages appended_text_after_truncation",
}
"""Members of each turn detection, as documented."""

END_OF_UTTERANCE = ("semantic_detection_v1", "semantic_detection_v1_en", "semantic_detection_v1_multilingual")


def full_events(event):
    """This client event, each time with other kinds of items and options."""
    for members in together({f.encode_name: choices(f) for f in msgspec.structs.fields(event)}):
        yield msgspec.convert({"type": ours.tag(event), **members}, event)


def full_responses():
    """What can be said in `response.create`."""
    return together({f.encode_name: choices(f) for f in msgspec.structs.fields(ResponseProperties)})


def full_sessions():
    """What can be said in `session.update`, as our options put it on the wire."""
    members = {
        name: differential.samples(field.annotation, name)
        for name, field in SessionProperties.model_fields.items()
        if name not in ("model", "tools", "turn_detection", "tool_choice")
    }
    full = together(
        members
        | {
            "tools": [[tool for kind in TOOLS for tool in differential.own_instances(kind)]],
            "turn_detection": list(turn_detections()),
            "tool_choice": ["required", *differential.own_instances(ToolChoiceFunction)],
        }
    )
    return [SessionProperties.model_validate(one).to_wire() | {"tools": one["tools"]} for one in full]


TOOLS = (FunctionTool, MCPServer, FoundryAgentTool)


def turn_detections():
    (members,) = differential.own_instances(TurnDetection)
    (end,) = differential.own_instances(EndOfUtteranceDetection)
    for number, (kind, names) in enumerate(TURN_DETECTIONS.items()):
        full = members | {"end_of_utterance_detection": end | {"model": END_OF_UTTERANCE[number % 3]}}
        yield {"type": kind} | {name: full[name] for name in names.split()}


def together(members):
    """Dicts of these members, as many as the one with the most choices needs."""
    most = max((len(values) for values in members.values()), default=1)
    return [{name: values[n % len(values)] for name, values in members.items()} for n in range(most)]


def choices(field):
    """JSON for a member of an event: items as the SDK has them, options as we have them."""
    items = differential.full_instances(rivals.sdk_models()["ConversationRequestItem"])
    sessions = full_sessions()
    known = {
        "session": sessions,
        "item": items,
        "input_items": [items],
        "append_input_items": [items],
        "pre_generated_assistant_message": differential.full_instances(
            rivals.sdk_models()["AssistantMessageItem"]
        ),
        "audio": ["AAEC"],
        **{
            name: [session[name] for session in sessions]
            for name in ("voice", "tools", "tool_choice", "interim_response")
        },
    }
    if field.encode_name == "response":
        return full_responses()
    return known.get(field.encode_name) or differential.samples(field.type, field.encode_name)
