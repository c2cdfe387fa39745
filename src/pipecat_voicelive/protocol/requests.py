"""What a request may hold, checked and put into the wire's form before it goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import ResponseProperties
from pipecat_voicelive.protocol.codec import plain_option
from pipecat_voicelive.protocol.echo import check_echo
from pipecat_voicelive.protocol.session_options import SessionProperties
from pipecat_voicelive.protocol.versions import check_audio_in

MOST_PAIRS = 16
_LONGEST_KEY, _LONGEST_VALUE = 64, 512


def check_metadata(metadata: Mapping[str, str] | None, *, most: int = MOST_PAIRS) -> None:
    """Refuse metadata that the service would refuse; `most` pairs are allowed.

    Raises:
        ConfigurationError: There are too many pairs, or one is too long or no text.
    """
    if not metadata:
        return
    if len(metadata) > most:
        raise ConfigurationError(f"metadata may hold {most} pairs here, not {len(metadata)}.")
    for key, value in cast("Mapping[object, object]", metadata).items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ConfigurationError("metadata is text by name: give strings, such as {'topic': 'tea'}.")
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise ConfigurationError(
                f"A name in metadata has at most {_LONGEST_KEY} characters, a value {_LONGEST_VALUE}; "
                f"one of {len(key)} and {len(value)} was given."
            )


def tool_choice_on_wire(choice: Any) -> Any:
    """A choice of tool in the wire's form; OpenAI's chat form puts the function's name one level deeper."""
    match choice:
        case {"type": "function", "function": {"name": str() as name}}:
            return {"type": "function", "name": name}
        case _:
            return choice


def session_on_wire(
    session: SessionProperties | Mapping[str, Any], *, api_version: str, of_agent: bool
) -> dict[str, Any]:
    """A copy of its own of a session's options, in the wire's form.

    Raises:
        ConfigurationError: Options that cannot be sent, that the service or this version would refuse or
            take for others, or instructions for an agent, which has its own.
    """
    given = session.to_wire() if isinstance(session, SessionProperties) else dict(session)
    if isinstance(session, SessionProperties) and session.tools is not None:
        given["tools"] = session.tools
    wire = _plain(given, "A session's options")
    check_metadata(wire.get("metadata"))
    check_echo(wire)
    check_audio_in(wire, api_version)
    if "tool_choice" in wire:
        wire["tool_choice"] = tool_choice_on_wire(wire["tool_choice"])
    if of_agent and wire.get("instructions"):
        raise ConfigurationError(
            "A Foundry agent has its own instructions, and the service takes no others. Leave them out; "
            'to tell it something in this call, use send_text(..., role="system", respond=False).'
        )
    return wire


def silent(properties: ResponseProperties | None) -> ResponseProperties:
    """The properties of a response that is only written."""
    return msgspec.structs.replace(properties or ResponseProperties(), modalities=["text"])


def response_properties(properties: ResponseProperties) -> ResponseProperties:
    """A copy of its own of what one response is to be, in the wire's form.

    Raises:
        ConfigurationError: The service would refuse its metadata, or a member of it cannot be sent.
    """
    if properties.metadata is not msgspec.UNSET:
        # One of the sixteen is taken: it tells our responses from the service's own.
        check_metadata(properties.metadata, most=MOST_PAIRS - 1)
    members = _plain(properties, "A response's properties")
    if "tool_choice" in members:
        members["tool_choice"] = tool_choice_on_wire(members["tool_choice"])
    try:
        return msgspec.convert(members, ResponseProperties)
    except msgspec.ValidationError as error:
        # Its text names the place and the types; it quotes no content.
        raise ConfigurationError(f"A response's properties cannot be sent: {error}.") from None


def _plain(value: Any, name: str) -> dict[str, Any]:
    try:
        return msgspec.to_builtins(value, enc_hook=plain_option)
    except (TypeError, NotImplementedError) as error:
        raise ConfigurationError(f"{name} cannot be sent: {error}") from None
