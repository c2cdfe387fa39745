"""The models that Voice Live has of its own, and what a client meets who asks for another.

Agents bring their model, and a `profile` says how a model of the client's own is reached: those may have any
name.
"""

from __future__ import annotations

from pipecat_voicelive.simulator.effects import Close, Effect, Note, Send
from pipecat_voicelive.simulator.errors_wire import RefusedError
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.sources import CLIENT_TEST, OVERVIEW
from pipecat_voicelive.simulator.suggestions import close_to

NATIVE_MODELS = (
    "gpt-realtime",
    "gpt-realtime-mini",
    "gpt-realtime-1.5",
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-datazone",
    "gpt-realtime-mini-datazone",
    "gpt-realtime-1.5-datazone",
    "gpt-realtime-2.1-datazone",
    "gpt-realtime-2.1-mini-datazone",
    "gpt-4o-realtime-preview",
    "gpt-4o-mini-realtime-preview",
    "azure-realtime",
    "phi4-mm-realtime",
)
CASCADED_MODELS = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-nano",
    "gpt-5-chat",
    "gpt-5.1",
    "gpt-5.2",
    "gpt-5.4",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "phi4-mini",
)
_MODELS = (*NATIVE_MODELS, *CASCADED_MODELS)
_POLICY_VIOLATION = 1008


def is_documented(model: Model) -> bool:
    """Whether Voice Live has it, as far as its documents say."""
    return model.agent is not None or model.profile is not None or model.name in _MODELS


@rule(
    "model-not-supported",
    "A `model` that no document names is refused with `model_not_supported`, in place of `session.created`; "
    "then the connection is closed. With a `profile` it may have any name.",
    OVERVIEW.at("Supported models"),
    CLIENT_TEST.at("model_not_supported"),
    topic=Topic.SESSION,
    conflict="the code and the text are in the test of a client alone, and nothing names the close code, "
    "here 1008; `strict=False` takes any name.",
)
def refusal_of(model: Model) -> list[Effect]:
    """What a client meets in place of a session."""
    error = RefusedError(
        "model_not_supported", f"Model '{model.name}' is not supported in this region.", "model"
    )
    advice = close_to(model.name, _MODELS)
    return [
        Send(error.event(None)),
        Note(f"{model.name!r} is not a model that Voice Live documents (--lenient takes any name); {advice}"),
        Close(_POLICY_VIOLATION, "The model is not supported."),
    ]
