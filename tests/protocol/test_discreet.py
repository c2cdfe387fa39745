"""What is printed of events, inputs, signals and items: never what somebody said, nor what opens a door."""

import dataclasses
import types
import typing
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from pipecat_voicelive.protocol import client_events, codec, items, server_events
from pipecat_voicelive.protocol.session_options import (
    IceServer,
    InputAudioTranscription,
    LlmInterimResponse,
    SessionProperties,
    StaticInterimResponse,
)
from pipecat_voicelive.session import effects, inputs, remote_effects

SENTINEL = "s3ntinel"
TOLD = {
    "summary_id",
    "approval_request_id",
    "ask_id",
    "call_id",
    "code",
    "conversation_id",
    "event_id",
    "id",
    "item_id",
}
TOLD |= {
    "summary_id",
    "object",
    "param",
    "previous_item_id",
    "problem",
    "response_id",
    "role",
    "status",
    "turn_id",
    "type",
}
TOLD |= {"RemoteCall.name", "RemoteCall.server_label", "ToolCall.name", "AnswerTool.name"}
TOLD |= {"ToolsListing.server_label", "ToolsListed.server_label", "ToolsListingFailed.server_label"}
TOLD |= {"OptionWithheld.option", "OptionWithheld.reason", "AvatarVideo.codec", "RemoteCallRunning.status"}
"""Members that say which, what kind and why; every other text, and all bytes, are somebody's."""

CLASSES = {
    kind
    for module in (client_events, codec, effects, inputs, items, remote_effects, server_events)
    for name, kind in vars(module).items()
    if isinstance(kind, type)
    and not name.startswith("_")
    and kind.__module__ == module.__name__
    and (dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct))
    and kind is not inputs.Resume  # what it carries has no repr
}


def filled(hint, name):
    """A value for a member, with the sentinel wherever a text or bytes can be."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        of_many = [one for one in typing.get_args(hint) if one not in (type(None), msgspec.UnsetType)]
        return filled(min(of_many, key=lambda one: one in (int, float, bool)), name)
    if hint is typing.Any or hint is object:
        return {SENTINEL: [SENTINEL]}
    match typing.get_origin(hint) or hint:
        case typing.Literal:
            return typing.get_args(hint)[0]
        case kind if kind is str:
            return "told" if name in TOLD or name.rpartition(".")[2] in TOLD else SENTINEL
        case kind if kind is bytes:
            return SENTINEL.encode()
        case kind if kind is dict:
            return {SENTINEL: SENTINEL}
        case kind if kind is Callable:
            return len
        case kind if kind is np.ndarray:
            return np.zeros((1, 1))
        case kind if kind in (list, tuple):
            return kind([filled(typing.get_args(hint)[0], "")])
        case kind if dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct):
            return full(kind)
        case kind:
            return kind()


def full(kind):
    hints = typing.get_type_hints(kind)
    names = getattr(kind, "__struct_fields__", None) or [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: filled(hints[name], f"{kind.__name__}.{name}") for name in names})


@pytest.mark.parametrize("kind", sorted(CLASSES, key=lambda kind: (kind.__module__, kind.__name__)))
def test_no_repr_holds_what_somebody_said(kind):
    assert SENTINEL not in repr(full(kind))


def test_a_repr_says_which_and_how_much():
    item = items.ConversationItem(id="i", type="message", content=[], arguments="{}")
    assert repr(item) == "ConversationItem(type='message', id='i', content=<0>, arguments=<2>)"


@pytest.mark.parametrize(
    "option",
    [
        SessionProperties(instructions=SENTINEL),
        SessionProperties(input_audio_transcription=InputAudioTranscription(prompt=SENTINEL)),
        SessionProperties(interim_response=LlmInterimResponse(instructions=SENTINEL)),
        SessionProperties(interim_response=StaticInterimResponse(texts=[SENTINEL])),
        IceServer(urls=[], username=SENTINEL, credential=SENTINEL),
    ],
)
def test_no_repr_of_an_option_holds_a_prompt_or_a_credential(option):
    assert SENTINEL not in repr(option)
