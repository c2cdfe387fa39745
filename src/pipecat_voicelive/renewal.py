"""A session that is got ready on a second connection, while the first one still lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat_voicelive.connection.leg import Leg
from pipecat_voicelive.errors import ConnectionFailedError
from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.names import wire_name
from pipecat_voicelive.protocol.server_events import ServerEvent
from pipecat_voicelive.session import Session, effects, inputs
from pipecat_voicelive.signals import EventReceived, SignalQueue


class Candidate:
    """It has options and nothing else. What it has to tell is kept until it is gone on with.

    Args:
        session: The new session.
        leg: Its connection.
        options: The session's options.
        every_event: Whether its events are to be told too.
        most_bytes: How much it may have to tell. One that has more is given up.
        clock: Seconds that never go back.
    """

    crowded = False

    def __init__(
        self,
        session: Session,
        leg: Leg,
        options: dict[str, Any],
        *,
        every_event: bool,
        most_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self.session = session
        self.signals = SignalQueue(most_bytes)
        self._leg = leg
        self._every_event = every_event
        self._clock = clock
        self._handle(inputs.Configure(options))

    def take(self, event: ServerEvent) -> None:
        """An event has come on its connection."""
        if self.signals.crowded:
            return
        if self._every_event:
            self.signals.put(EventReceived(event))
        try:
            self._handle(event)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end a call
            name = type(error).__name__
            self.signals.put(effects.Unreadable(event.type, f"{name} while handling it"))
        if self.signals.crowded:
            self._leg.give_up(
                ConnectionFailedError("The next session said too much before anything was asked of it.")
            )

    async def room(self) -> None:
        """Nothing waits here."""

    def _handle(self, event: inputs.Input) -> None:
        for effect in self.session.handle(event, self._clock()):
            match effect:
                case effects.Send(sent):
                    self._leg.send(sent)
                case effects.SessionRefused(error, True):
                    self._leg.give_up(options_refused(error))
                case effects.SessionReady() | effects.OptionWithheld():
                    pass  # both were told when the first session began
                case effects.SummaryWanted():
                    pass  # nothing was said yet
                case _:
                    self.signals.put(effect)


def options_refused(error: ErrorDetails) -> ConnectionFailedError:
    """A later session does not take the options that the first one took."""
    code = wire_name(error.code) or "unknown code"
    return ConnectionFailedError(
        f"The new session refused the options ({code}). Check that every endpoint takes them.",
        reason=code,
        permanent=True,
    )
