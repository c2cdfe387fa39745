"""The two pipelines behind a Voice Live session and how they differ on the wire.

native    the model hears and speaks itself: gpt-realtime and its like
cascaded  speech recognition, a text model, speech synthesis: gpt-4.1, gpt-5, agents
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import CASCADED_TAPES, OVERVIEW, OWN_MODELS, TEXT_TURN, VOICE_TURN

_NATIVE_MODELS = (
    "gpt-realtime",
    "gpt-4o-realtime",
    "gpt-4o-mini-realtime",
    "azure-realtime",
    "phi4-mm-realtime",
)
_BLIND_MODELS = ("gpt-4o-realtime", "gpt-4o-mini-realtime", "phi4-mini")


@rule(
    "item-status-while-made",
    "While an item is made its status is in_progress in a native session and incomplete in a cascaded one; "
    "ids of answers begin with item_ and msg_; the item before the first is null and an empty text, "
    "`conversation_id` begins with conv_ and is empty.",
    TEXT_TURN.at("response.output_item.added"),
    CASCADED_TAPES.at("response.output_item.added"),
    topic=Topic.RESPONSES,
)
@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a client can tell a pipeline by, as recorded.

    Attributes:
        native: Whether the model hears audio itself, so that it answers before it has a transcript.
        running_status: Status of an item while it is produced.
        assistant_id_prefix: How ids of assistant messages begin.
        no_previous_item: `previous_item_id` of the first item that a client creates.
    """

    native: bool
    running_status: str
    assistant_id_prefix: str
    no_previous_item: str | None


NATIVE = Pipeline(
    native=True, running_status="in_progress", assistant_id_prefix="item_", no_previous_item=None
)
CASCADED = Pipeline(
    native=False, running_status="incomplete", assistant_id_prefix="msg_", no_previous_item=""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A Foundry agent, as the URL names it.

    Attributes:
        name: Its name.
        project: The project it belongs to.
        version: The version asked for, "" for the latest.
        conversation_id: The thread to go on with, "" for a new one.
    """

    name: str
    project: str
    version: str = ""
    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """What a session runs on.

    Attributes:
        name: As the client named it, e.g. "gpt-realtime"; the agent's model for an agent.
        agent: The Foundry agent that answers, or None.
        profile: How a model of the client's own is reached, or None.
    """

    name: str
    agent: Agent | None = None
    profile: str | None = None

    @property
    @rule(
        "pipeline-of-model",
        "gpt-realtime, azure-realtime, phi4-mm-realtime and their like hear audio themselves; other models, "
        "agents and models of your own behind a chat profile are cascaded: speech recognition, text, "
        "synthesis.",
        OVERVIEW.at("Supported models"),
        OWN_MODELS,
        topic=Topic.SESSION,
    )
    def pipeline(self) -> Pipeline:
        """The pipeline that this model runs on."""
        if self.agent is not None:
            return CASCADED
        if self.profile is not None:
            return NATIVE if self.profile == "byom-azure-openai-realtime" else CASCADED
        return NATIVE if self.name.startswith(_NATIVE_MODELS) else CASCADED

    @property
    def sees(self) -> bool:
        """Whether it takes images."""
        return not self.name.startswith(_BLIND_MODELS)

    @property
    def calls_mcp(self) -> bool:
        """Whether it can be given MCP servers; the service is said not to let phi models call them."""
        return not self.name.startswith("phi")

    @property
    def speaks_openai_voices(self) -> bool:
        """Whether it has the voices of OpenAI besides those of Azure."""
        return self.pipeline.native and (self.profile is not None or self.name.startswith("gpt-"))

    @property
    def speaks_only_its_own_voices(self) -> bool:
        """Whether it refuses every voice but "azure-realtime-native" ones."""
        return self.pipeline.native and self.name.startswith("azure-realtime")

    @property
    def default_voice(self) -> dict[str, Any]:
        """The voice it speaks with unless told otherwise."""
        if self.speaks_only_its_own_voices:
            return {"name": "ava", "type": "azure-realtime-native"}
        if self.speaks_openai_voices:
            return {"name": "alloy", "type": "openai"}
        return {"name": "en-US-AvaNeural", "type": "azure-standard"}

    @property
    @rule(
        "resolved-model-name",
        "A session reports the name that the model was resolved to, gpt-realtime-global-standard for "
        "gpt-realtime; a cascaded one the name that was asked for.",
        VOICE_TURN.at("session.created"),
        CASCADED_TAPES.at("session.created"),
        topic=Topic.SESSION,
    )
    def resolved_name(self) -> str:
        """The name the service reports; not the one that was asked for."""
        return f"{self.name}-global-standard" if self.pipeline.native else self.name
