"""What a step found, what it means, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError, ServiceError, VoiceLiveError

State: TypeAlias = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one step found. Holds no secrets, and nothing that anybody said.

    Attributes:
        step: The step.
        state: Whether all is well. One that failed is the last.
        found: What was found.
        advice: What it means and what to do; "" if all is well.
        fields: The same for programs: `status`, `code`, `reason`, `session_id`, seconds and the like.
    """

    step: str
    state: State
    found: str
    advice: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        told = {"step": self.step, "state": self.state, "found": self.found, "advice": self.advice}
        return {**told, **{name: value for name, value in self.fields.items() if value not in (None, "")}}


def well(step: str, found: str, **fields: Any) -> Finding:
    """All is well."""
    return Finding(step=step, state="ok", found=found, fields=fields)


def doubtful(step: str, found: str, advice: str, **fields: Any) -> Finding:
    """It goes on, but may not be what was wanted."""
    return Finding(step=step, state="warning", found=found, advice=advice, fields=fields)


def failed(step: str, found: str, advice: str, **fields: Any) -> Finding:
    """It cannot go on."""
    return Finding(step=step, state="failed", found=found, advice=advice, fields=fields)


def failed_with(step: str, found: str, error: VoiceLiveError) -> Finding:
    """It cannot go on, and an error of ours says what to do."""
    fields: dict[str, Any] = {}
    match error:
        case ConnectionFailedError():
            fields = {
                "status": error.status,
                "code": error.code,
                "reason": error.reason,
                "retry_after_s": error.retry_after_s,
                "session_id": error.session_id,
            }
        case AuthenticationError():
            fields = {"status": error.status, "reason": error.reason}
        case ServiceError():
            fields = {"code": error.code, "param": error.param}
        case _:
            pass
    return failed(step, found, str(error), **fields)
