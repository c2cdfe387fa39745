"""The settings of the service, which may change while it runs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from pipecat.services.settings import LLMSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven, assert_given, is_given

from pipecat_voicelive.protocol.echo import check_echo
from pipecat_voicelive.protocol.mismatches import mismatches
from pipecat_voicelive.protocol.options.base import own_copy
from pipecat_voicelive.protocol.requests import check_metadata
from pipecat_voicelive.protocol.session_options import (
    AzureStandardVoice,
    InputAudioNoiseReduction,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
    misspelt,
)
from pipecat_voicelive.protocol.versions import check_audio_in
from pipecat_voicelive.service.own_tools import own_tools

DEFAULT_MODEL = "gpt-4o-mini"
"""The model if the settings name none."""

DEFAULT_VOICE = "en-US-Ava:DragonHDLatestNeural"

NEXT_TIME = "It stays as it is; the change takes effect with `reset_conversation()`."


@dataclass(repr=False)
class VoiceLiveLLMSettings(LLMSettings):
    """Settings of `VoiceLiveLLMService`, whole (in the service) or as a delta (in an update frame).

    `model`, `system_instruction` and `temperature` may be given here or inside `session_properties`; where
    both are given, the ones here win. Objects given are copied, never changed.

    Attributes:
        session_properties: Options of the session. Given to the constructor they replace the service's
            defaults; given in an update they are merged: what the update does not set stays as it is.
    """

    session_properties: SessionProperties | NotGiven = field(default_factory=lambda: NOT_GIVEN)

    def __repr__(self) -> str:
        """What was given, without the system prompt and whatever Pipecat has added to its own settings."""
        given = {name: getattr(self, name) for name in ("model", "temperature", "session_properties")}
        shown = (f"{name}={value!r}" for name, value in given.items() if is_given(value))
        return f"{type(self).__name__}({', '.join(shown)})"

    def apply_update(self, delta: Self) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Merge a delta. Returns the names of what changed, with the values they had."""
        delta = copy.copy(delta)
        if is_given(delta.session_properties):
            options = own_copy(delta.session_properties)
            if options.tools is not None:
                options.tools = own_tools(options.tools)
            if not is_given(delta.model) and options.model:
                delta.model = options.model
            if not is_given(delta.system_instruction) and options.instructions is not None:
                delta.system_instruction = options.instructions
            if not is_given(delta.temperature) and options.temperature is not None:
                delta.temperature = options.temperature
            present = self.session_properties
            delta.session_properties = present.merged_with(options) if is_given(present) else options
        delta.extra = own_copy(delta.extra)
        return super().apply_update(delta)

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Self:
        """A delta from a plain dict; names of session options go into `session_properties`."""
        own = {member.name for member in fields(cls)} - {"extra"}
        options = set(SessionProperties.model_fields) - own
        top = {name: value for name, value in settings.items() if name in own}
        properties = {name: value for name, value in settings.items() if name in options}
        if properties:
            top["session_properties"] = SessionProperties(**properties)
        delta = cls(**top)
        delta.extra = {
            name: value for name, value in settings.items() if name not in own and name not in options
        }
        return delta


def complete_settings(
    given: VoiceLiveLLMSettings | None, *, default_model: str | None = DEFAULT_MODEL
) -> VoiceLiveLLMSettings:
    """The whole settings of a new service: what was given, over the defaults."""
    settings = VoiceLiveLLMSettings(
        model=default_model,
        system_instruction=None,
        temperature=None,
        max_tokens=None,
        top_p=None,
        top_k=None,
        frequency_penalty=None,
        presence_penalty=None,
        seed=None,
        filter_incomplete_user_turns=False,
        user_turn_completion_config=None,
        session_properties=NOT_GIVEN,
    )
    if given is not None:
        settings.apply_update(given)
    if not is_given(settings.session_properties):
        settings.session_properties = default_properties(str(settings.model))
    return settings


def default_properties(model: str) -> SessionProperties:
    """The session options of a service that was given none."""
    properties = SessionProperties(
        modalities=["text", "audio"],
        turn_detection=TurnDetection(type="azure_semantic_vad"),
        input_audio_transcription=InputAudioTranscription(model="azure-speech"),
        input_audio_noise_reduction=InputAudioNoiseReduction(),
    )
    if not model.startswith("azure-realtime"):
        # That model has voices of its own and takes no other, nor word timestamps.
        properties.voice = AzureStandardVoice(name=DEFAULT_VOICE)
        properties.output_audio_timestamp_types = ["word"]
    return properties


def check_update(settings: VoiceLiveLLMSettings, delta: VoiceLiveLLMSettings, api_version: str) -> None:
    """Refuse an update with which the options could not be sent. Neither argument changes.

    Raises:
        ConfigurationError: The text says what to give instead.
    """
    after = copy.copy(settings)
    after.extra = dict(settings.extra)
    after.apply_update(delta)
    check_options(assert_given(after.session_properties).to_wire(), api_version)


def check_options(options: Mapping[str, Any], api_version: str) -> None:
    """Refuse options that the service, or this version of it, would refuse or take for others.

    Raises:
        ConfigurationError: The text says what to give instead.
    """
    check_metadata(options.get("metadata"))
    check_echo(options)
    check_audio_in(options, api_version)


def doubts_about(properties: SessionProperties, model: str | None) -> Iterator[str]:
    """What in these options is probably not meant; they are sent all the same. `model` as in `mismatches`."""
    for name, meant in misspelt(properties):
        yield f"session option {name!r} is not known; do you mean {meant!r}? Sent as it is."
    if "input_audio_transcription" not in properties.model_fields_set:
        yield (
            "session_properties has no input_audio_transcription, so what the caller says may not reach the "
            'context. Set InputAudioTranscription(model="azure-speech"), or None.'
        )
    yield from mismatches(properties.to_wire(), model)
