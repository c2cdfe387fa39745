"""What is sent, in the words of the session's API version.

Everything else in a session speaks as the newest version does. The last step before the wire renames what
an older version calls otherwise, and leaves out what it does not have, told once for each option: one
member that the service does not know would have it refuse the whole event. Events given as plain members
(`RawEvent`) are sent as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from pipecat_voicelive.protocol.client_events import (
    ClientEvent,
    ConversationItemCreateEvent,
    InputAudioClearEvent,
    InputAudioTurnAppendEvent,
    InputAudioTurnCancelEvent,
    InputAudioTurnEndEvent,
    InputAudioTurnStartEvent,
    InputTextDeltaEvent,
    InputTextDoneEvent,
    OutputAudioBufferClearEvent,
    ResponseCreateEvent,
    ResponseProperties,
    SessionAvatarConnectEvent,
    SessionUpdateEvent,
)
from pipecat_voicelive.protocol.codec import RawEvent, to_plain
from pipecat_voicelive.protocol.versions import V1, LeftOut, for_version
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.response import METADATA_KEY

_DIFFER = (
    SessionUpdateEvent
    | ConversationItemCreateEvent
    | ResponseCreateEvent
    | InputTextDeltaEvent
    | InputTextDoneEvent
    | OutputAudioBufferClearEvent
)
"""Events that not every dated version has in the same words."""

_NOT_IN_V1 = (
    SessionAvatarConnectEvent
    | InputAudioTurnStartEvent
    | InputAudioTurnAppendEvent
    | InputAudioTurnEndEvent
    | InputAudioTurnCancelEvent
    | InputAudioClearEvent
)
"""Events that every dated version has in the same words, and v1 has not. Audio may be among what is sent."""


@dataclass(slots=True, repr=False)
class Wording:
    """Puts what one session sends into the words of `api_version`. `told`: options that it told of."""

    api_version: str
    told: set[str] = field(default_factory=set[str])

    @property
    def has_metadata(self) -> bool:
        """Whether responses carry metadata, and with it the ids of their requests."""
        response = ResponseProperties(metadata={METADATA_KEY: ""})
        return not for_version(to_plain(ResponseCreateEvent(response=response)), self.api_version)[1]

    def withheld(self, option: LeftOut) -> fx.OptionWithheld | None:
        """That this is not sent; None if it was told before."""
        if option.option in self.told:
            return None
        self.told.add(option.option)
        return fx.OptionWithheld(option.option, option.reason)

    def of(self, effects: list[fx.Effect]) -> list[fx.Effect]:
        """The effects, with what is sent as the version understands it."""
        if not any(self._differs(effect) for effect in effects):
            return effects
        return [worded for effect in effects for worded in self._worded(effect)]

    def _differs(self, effect: fx.Effect) -> bool:
        return isinstance(effect, fx.Send) and (
            isinstance(effect.event, _DIFFER)
            or (self.api_version == V1 and isinstance(effect.event, _NOT_IN_V1))
        )

    def _worded(self, effect: fx.Effect) -> Iterator[fx.Effect]:
        if not isinstance(effect, fx.Send) or not self._differs(effect):
            yield effect
            return
        event = effect.event
        written, left_out = for_version(to_plain(event), self.api_version)
        for option in left_out:
            if not _is_ours(event, option.option) and (withheld := self.withheld(option)):
                yield withheld
        if written is not None:
            same = msgspec.convert(written, type(event))
            yield effect if same == event else fx.Send(same)


def _is_ours(event: ClientEvent | RawEvent, option: str) -> bool:
    """Whether nobody but the session set this: requests are told apart without their metadata too."""
    return (
        option == "response.metadata"
        and isinstance(event, ResponseCreateEvent)
        and not isinstance(event.response, msgspec.UnsetType)
        and set(event.response.metadata or ()) == {METADATA_KEY}
    )
