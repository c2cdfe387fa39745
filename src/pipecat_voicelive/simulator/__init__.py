"""A Voice Live that runs here: the protocol of the service over a real WebSocket, without Azure.

async with VoiceLiveSimulator("weather.yaml") as simulator:
    ...  # connect any Voice Live client to simulator.endpoint
    session = await simulator.wait_for_session()
    await session.wait_for_received("response.create")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipecat_voicelive.simulator.certificate import TlsFiles
    from pipecat_voicelive.simulator.exchange import ClientSent, Exchanged, FaultFired, Noted, ServiceSent
    from pipecat_voicelive.simulator.faults.fault import Fault
    from pipecat_voicelive.simulator.faults.plan import FaultPlan
    from pipecat_voicelive.simulator.handshake import Handshake
    from pipecat_voicelive.simulator.known_words import VoiceTurn
    from pipecat_voicelive.simulator.openai_brain import OpenAIBrain
    from pipecat_voicelive.simulator.replies import Call, Reply, Say
    from pipecat_voicelive.simulator.scenario import Aside, Scenario, ToolCall, Turn
    from pipecat_voicelive.simulator.server import VoiceLiveSimulator
    from pipecat_voicelive.simulator.simulated_session import SimulatedSession
    from pipecat_voicelive.simulator.speech import (
        Speaker,
        SpokenViseme,
        SpokenWord,
        Utterance,
        open_speaker,
    )
    from pipecat_voicelive.simulator.tapes.playback import Departure
    from pipecat_voicelive.simulator.tapes.replay import ReplayedSession, TapeReplay
    from pipecat_voicelive.simulator.tapes.tape import Tape
    from pipecat_voicelive.simulator.thinking import Question, Thinker, ThinkingFailedError

__all__ = [
    "Aside",
    "Call",
    "ClientSent",
    "Departure",
    "Exchanged",
    "Fault",
    "FaultFired",
    "FaultPlan",
    "Handshake",
    "Noted",
    "OpenAIBrain",
    "Question",
    "ReplayedSession",
    "Reply",
    "Say",
    "Scenario",
    "ServiceSent",
    "SimulatedSession",
    "Speaker",
    "SpokenViseme",
    "SpokenWord",
    "Tape",
    "TapeReplay",
    "Thinker",
    "ThinkingFailedError",
    "TlsFiles",
    "ToolCall",
    "Turn",
    "Utterance",
    "VoiceLiveSimulator",
    "VoiceTurn",
    "open_speaker",
]

_HOMES = {
    "tapes.playback": ("Departure",),
    "tapes.replay": ("ReplayedSession", "TapeReplay"),
    "tapes.tape": ("Tape",),
    "certificate": ("TlsFiles",),
    "exchange": ("ClientSent", "Exchanged", "FaultFired", "Noted", "ServiceSent"),
    "faults.fault": ("Fault",),
    "faults.plan": ("FaultPlan",),
    "handshake": ("Handshake",),
    "known_words": ("VoiceTurn",),
    "openai_brain": ("OpenAIBrain",),
    "replies": ("Call", "Reply", "Say"),
    "scenario": ("Aside", "Scenario", "ToolCall", "Turn"),
    "thinking": ("Question", "Thinker", "ThinkingFailedError"),
    "server": ("VoiceLiveSimulator",),
    "simulated_session": ("SimulatedSession",),
    "speech": ("Speaker", "SpokenViseme", "SpokenWord", "Utterance", "open_speaker"),
}


def __getattr__(name: str) -> object:
    # Imported when asked for: the speech process is a module of this package and needs none of it.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
