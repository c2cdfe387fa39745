"""What goes wrong in a call, in the simulator's words (`docs/howto/misbehave.md`).

gentle    everything comes, late or with strange company: nothing may be missing or change
refusing  the service fails, or refuses, what was asked of it
breaking  the connection is lost, or dead, or cannot be had: the next session must go on
damaging  messages are lost or changed on their way, as no TCP connection does: the call must live
"""

from __future__ import annotations

from random import Random

SESSIONS = 4
"""Sessions of a call that have faults; those after them have none, so that each call comes to its end."""

_HARMLESS = (
    "rate_limits.updated",
    "session.updated",
    "response.created",
    "response.done",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "conversation.item.created",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
)
"""Events that may come twice; audio and words that come twice are heard twice."""

_MOMENTS = (
    "session.created",
    "session.updated",
    "response.created",
    "response.output_item.added",
    "response.output_item.done",
    "response.audio.delta",
    "response.audio_transcript.delta",
    "response.function_call_arguments.done",
    "response.done",
    "conversation.item.created",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.input_audio_transcription.completed",
    "session.update",
    "response.create",
    "conversation.item.create",
    "input_audio_buffer.append",
)
"""Events, of both sides, at which a connection breaks."""


def planned_faults(
    dice: Random, *, audio: bool, recovery: bool
) -> tuple[tuple[str, ...], tuple[tuple[float, float], ...], bool]:
    """The faults of a call, when its simulator restarts (at, for how long), and whether any does damage."""
    faults: list[str] = []
    damaged = dice.random() < 0.1
    for session in range(1, SESSIONS + 1):
        here = [_gentle(dice) for _ in range(dice.randint(0, 3))]
        if dice.random() < 0.3:
            here.append(_refusing(dice))
        if damaged and dice.random() < 0.5:
            here.append(_damaging(dice))
        if recovery and dice.random() < 0.8:
            here += _breaking(dice)
        faults += [f"{fault} in session {session}" for fault in here]
    restarts: list[tuple[float, float]] = []
    if recovery:
        faults += [_handshake(dice, connect) for connect in range(1, 8) if dice.random() < 0.2]
        if dice.random() < 0.15:
            restarts.append((round(dice.uniform(2, 25), 1), round(dice.uniform(0.2, 4), 1)))
    return tuple(faults), tuple(restarts), damaged


def _nth(dice: Random, event: str) -> int:
    return dice.randint(1, 40) if event.endswith((".delta", ".append")) else dice.randint(1, 4)


def _gentle(dice: Random) -> str:
    event = dice.choice(_MOMENTS)
    late_s = round(dice.uniform(0.05, 1.0), 2)
    return dice.choice(
        (
            f"delay {late_s}s at {event} {_nth(dice, event)}",
            f"jitter {dice.randint(5, 80)}ms",
            f"answer-late {round(dice.uniform(0.3, 2.5), 1)}s at response {dice.randint(1, 5)}",
            f"transcribe-late {round(dice.uniform(0.2, 2.5), 1)}s at turn {dice.randint(1, 4)}",
            f"transcribe {dice.choice(('empty', 'never', 'fail'))} at turn {dice.randint(1, 4)}",
            f"duplicate at {dice.choice(_HARMLESS)} {dice.randint(1, 4)}",
            f"send-unknown at {event} {_nth(dice, event)}",
            f"send-malformed at {event} {_nth(dice, event)}",
            f'send-text "no json" at {event} {_nth(dice, event)}',
            f"send-binary 00ff80 at {event} {_nth(dice, event)}",
        )
    )


def _refusing(dice: Random) -> str:
    nth = dice.randint(1, 4)
    return dice.choice(
        (
            f'fail-response server_error "Busy." at response {nth}',
            f"rate-limit reset 1s at response {nth}",
            f"reject server_error at response.create {nth}",
        )
    )


def _damaging(dice: Random) -> str:
    event = dice.choice(_MOMENTS)
    nth = _nth(dice, event)
    return dice.choice(
        (
            f"lose at {event} {nth}",
            f"corrupt {dice.randint(1, 4)} at {event} {nth}",
            # Before a session is ready this counts as a refusal of the service.
            f"corrupt-bytes at response.* {nth}",
            f"reorder {dice.randint(2, 4)} at {event} {nth}",
        )
    )


def _breaking(dice: Random) -> list[str]:
    event = dice.choice(_MOMENTS)
    later = f"after {round(dice.uniform(0.5, 8), 1)}s"
    moment = dice.choice((f"at {event} {_nth(dice, event)}", later, f"at {event} 1 {later}"))
    code = dice.choice((1001, 1006, 1011, 1012, 1013))
    close = "drop" if code == 1006 else f"close {code}"
    return dice.choice(
        (
            [f"drop {moment}"],
            [f"drop {moment}"],
            [f"{close} {moment}"],
            [f"expire after {round(dice.uniform(3, 20), 1)}s"],
            [f"stop-reading for {round(dice.uniform(0.5, 5), 1)}s {moment}"],
            [f"go-silent for {round(dice.uniform(0.5, 5), 1)}s {moment}"],
            [f"stop-reading {moment}"],
            [f"stop-reading {moment}", f"go-silent {moment}"],  # a network that is dead without a word
        )
    )


def _handshake(dice: Random, connect: int) -> str:
    what = dice.choice(
        (
            "refuse 429 retry-after 1s",
            "refuse 429 retry-after 3s",
            "refuse 503",
            "refuse 503 retry-after 1s",
            "hang-up",
            "silent-handshake",
            f"slow-handshake {round(dice.uniform(0.2, 2), 1)}s",
        )
    )
    return f"{what} at connect {connect}"
