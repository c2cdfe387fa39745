"""The end of a session's time.

The service names the end in `expires_at`, fixed when the session is created. What it sends then is not
documented for Voice Live; the upstream service sends the error `session_expired` and closes with 1001.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipecat_voicelive.protocol.items import ErrorDetails
from pipecat_voicelive.protocol.server_events import Error
from pipecat_voicelive.simulator.errors_wire import INVALID_REQUEST
from pipecat_voicelive.simulator.faults.fault import Fault
from pipecat_voicelive.simulator.faults.kinds import Expire
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import API_REFERENCE, OPENAI_REALTIME, QUOTAS

SESSION_LIMIT_S = 60 * 60
"""The documented quota."""

EXPIRED_CODE = 1001


@rule(
    "session-lasts-an-hour",
    "A session names its end in `expires_at`, in Unix seconds, fixed when it is created; it lasts an hour.",
    QUOTAS.at("maximum connection length"),
    API_REFERENCE.at("session.created"),
    topic=Topic.FAULTS,
    conflict="how long a session really lasts was seen by nobody; the quota is the upper limit",
)
def session_limit_s(faults: Iterable[Fault]) -> float:
    """How long a session lasts that has these faults."""
    told = [
        fault.after_s
        for fault in faults
        if isinstance(fault.what, Expire) and not fault.at and fault.chance == 1.0
    ]
    return min([*told, SESSION_LIMIT_S])


@rule(
    "session-expired",
    "A session whose time is over is told so by the error `session_expired` and closed with 1001.",
    OPENAI_REALTIME.at("maximum session duration"),
    topic=Topic.FAULTS,
)
def session_expired(limit_s: float) -> Error:
    """What the client is told."""
    message = f"Your session hit the maximum duration of {limit_s / 60:g} minutes."
    return Error(error=ErrorDetails(type=INVALID_REQUEST, code="session_expired", message=message))
