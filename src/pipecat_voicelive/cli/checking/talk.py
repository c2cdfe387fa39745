"""The session itself: it opens, has the model that was asked for, takes options, answers, and ends."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar, assert_never

from pipecat_voicelive.cli.checking.findings import Finding, doubtful, failed, failed_with, well
from pipecat_voicelive.cli.checking.target import Target
from pipecat_voicelive.cli.checking.words import without_quotes
from pipecat_voicelive.client import ClientSignal, ConnectionLost, EventReceived, VoiceLiveClient
from pipecat_voicelive.connection.recovery import NEVER
from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError
from pipecat_voicelive.protocol.hints import hint_for
from pipecat_voicelive.protocol.items import ErrorDetails, Response, SessionInfo
from pipecat_voicelive.protocol.refusals import failure_of
from pipecat_voicelive.protocol.server_events import Error, SessionCreated
from pipecat_voicelive.session import effects as fx

_QUESTION = "This is a test of the connection. Answer with one word."

_WantedT = TypeVar("_WantedT")


def client_for(target: Target, token: str | None = None) -> VoiceLiveClient:
    """The client that this target makes.

    Raises:
        ConfigurationError: Something in it cannot work.
    """
    return VoiceLiveClient(
        endpoint=target.endpoint,
        model=target.model,
        agent=target.agent,
        profile=target.profile,
        api_version=target.api_version,
        api_key=target.api_key,
        token_provider=(lambda: token) if token is not None else None,
        scope=target.scope,
        session=target.session,
        options=target.options,
        every_event=True,
        recovery=NEVER,
    )


class Talk:
    """One session, looked at from its handshake to its end."""

    def __init__(self, client: VoiceLiveClient, target: Target) -> None:
        self._client = client
        self._target = target
        self._patience_s = target.options.open_timeout_s
        self._signals = aiter(client)
        self._errors: list[ErrorDetails] = []
        self._doubts: list[str] = []
        self._session_id: str | None = None
        self._lost: ConnectionFailedError | AuthenticationError | None = None

    async def findings(self) -> AsyncGenerator[Finding, None]:
        """Find out about it. A finding that failed is the last."""
        try:
            async for finding in self._steps():
                yield finding
        finally:
            await self._client.close()

    async def _steps(self) -> AsyncGenerator[Finding, None]:
        began_s = time.monotonic()
        try:
            await self._client.connect()
        except (AuthenticationError, ConnectionFailedError) as error:
            yield failed_with("handshake", "No WebSocket was opened.", error)
            return
        took_s = time.monotonic() - began_s
        yield well("handshake", f"The WebSocket is open, in {took_s * 1000:.0f} ms.", took_s=took_s)
        for step in (self._model, self._options, self._turn):
            finding = await step()
            yield finding
            if finding.state == "failed":
                return
        yield await self._end()

    async def _model(self) -> Finding:
        session = await self._next(_created)
        if session is None:
            return self._over("model", "The service opened no session.")
        self._session_id = session.id
        asked = self._target.model
        if asked and session.model and not session.model.startswith(asked):
            return doubtful(
                "model",
                f"The service took {session.model} in place of {asked}.",
                "If that is no alias of it, check the model's name and the models of the region.",
                model=session.model,
                session_id=session.id,
            )
        model = session.model or "a model without a name"
        return well("model", f"{model}; session {session.id}.", model=session.model, session_id=session.id)

    async def _options(self) -> Finding:
        began_s = time.monotonic()
        ready = await self._next(_options_settled)
        took_s = time.monotonic() - began_s
        if ready is None:
            return self._over("options", "The service took no options.")
        if isinstance(ready, fx.SessionRefused):
            return self._refused("options", "The service refused the session's options.", ready.error)
        found = f"session.update was taken, in {took_s * 1000:.0f} ms: {_spoken_by(ready.session)}."
        if self._doubts:
            return doubtful("options", found, " ".join(self._doubts), session_id=self._session_id)
        return well("options", found, took_s=took_s, session_id=self._session_id)

    async def _turn(self) -> Finding:
        began_s = time.monotonic()
        self._client.send_text(_QUESTION)
        first: dict[str, float] = {}
        response: Response | None = None
        while response is None:
            signal = await self._next(_part_of_answer)
            now_s = round(time.monotonic() - began_s, 3)
            match signal:
                case None:
                    begun = (
                        "The answer began and did not end." if first else "A typed question was not answered."
                    )
                    return self._over("turn", begun)
                case fx.TextDelta():
                    first.setdefault("first_word_s", now_s)
                case fx.Audio():
                    first.setdefault("first_audio_s", now_s)
                case fx.RequestRefused(error=error):
                    return self._refused("turn", "The service refused a typed question.", error)
                case fx.ResponseFinished() if signal.response.status_reason == fx.CUT_SHORT:
                    pass  # the end of the connection says more
                case fx.ResponseFinished():
                    response = signal.response
                case _:
                    assert_never(signal)
        if response.status != "completed":
            error = failure_of(response) or ErrorDetails(code=response.status)
            return self._refused("turn", f"The answer ended as {response.status}.", error)
        if not first:
            return failed(
                "turn",
                "The answer was empty.",
                "The model said nothing: check its instructions, and the modalities of the session.",
                session_id=self._session_id,
            )
        told = ", ".join(
            f"first {what} after {first[name] * 1000:.0f} ms"
            for what, name in (("word", "first_word_s"), ("sound", "first_audio_s"))
            if name in first
        )
        return well("turn", f"A typed question was answered: {told}.", **first, session_id=self._session_id)

    async def _end(self) -> Finding:
        began_s = time.monotonic()
        await self._client.close()
        took_s = time.monotonic() - began_s
        return well("end", f"The connection was closed, in {took_s * 1000:.0f} ms.", took_s=took_s)

    async def _next(self, wanted: Callable[[ClientSignal], _WantedT | None]) -> _WantedT | None:
        """What `wanted` takes of the signals to come; None if that is nothing in time, or ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience_s):
                async for signal in self._signals:
                    self._note(signal)
                    if (found := wanted(signal)) is not None:
                        return found
        return None

    def _note(self, signal: ClientSignal) -> None:
        match signal:
            case EventReceived(event=Error(error=error)):
                self._errors.append(error)
            case fx.ServiceWarning(message=message, code=code):
                self._doubts.append(f"The service warns: {without_quotes(message)} (code {code}).")
            case fx.OptionWithheld(option=option, reason=reason):
                self._doubts.append(f"{option} is not sent: {reason}.")
            case ConnectionLost(error=error):
                self._lost = error
            case _:
                pass

    def _over(self, step: str, found: str) -> Finding:
        """What did not come: because of an error that was told, an end, or silence."""
        if self._errors:
            return self._refused(step, found, self._errors[-1])
        if self._lost is not None:
            return failed_with(step, found, self._lost)
        return failed(
            step,
            f"{found} Then it was silent for {self._patience_s:g} s.",
            "The service is overloaded, or something between here and there holds WebSocket messages back: "
            "check the proxy and the firewall, then try another region.",
            session_id=self._session_id,
        )

    def _refused(self, step: str, found: str, error: ErrorDetails) -> Finding:
        said = without_quotes(error.message or "nothing more").rstrip(".")
        code = f" (code {error.code})" if error.code else ""
        return failed(
            step,
            f"{found} It said: {said}{code}.",
            hint_for(error.code) or "Change what it complains about.",
            code=error.code,
            param=error.param,
            session_id=self._session_id,
        )


def _spoken_by(session: SessionInfo) -> str:
    """What the session will sound like, in words."""
    modalities = " and ".join(session.modalities or ["an unknown modality"])
    voice: Any = session.voice
    named = voice.get("name") if isinstance(voice, dict) else voice  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    detection = (session.turn_detection or {}).get("type") or "none"
    return f"{modalities}, voice {named or 'none'}, turn detection {detection}"


def _created(signal: ClientSignal) -> SessionInfo | None:
    match signal:
        case EventReceived(event=SessionCreated(session=session)):
            return session
        case _:
            return None


def _options_settled(signal: ClientSignal) -> fx.SessionReady | fx.SessionRefused | None:
    return signal if isinstance(signal, fx.SessionReady | fx.SessionRefused) else None


def _part_of_answer(
    signal: ClientSignal,
) -> fx.TextDelta | fx.Audio | fx.ResponseFinished | fx.RequestRefused | None:
    match signal:
        case fx.TextDelta() | fx.Audio() | fx.ResponseFinished() | fx.RequestRefused():
            return signal
        case _:
            return None
