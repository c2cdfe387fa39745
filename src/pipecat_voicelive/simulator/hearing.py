"""What is made of a voice turn: which line it is, its transcript, its item. Pure.

The order of what is sent is `dialogue`'s matter.
"""

from __future__ import annotations

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.protocol.server_events import ConversationItemCreated, KnownServerEvent
from pipecat_voicelive.simulator.brain import Brain, SpokenTurn
from pipecat_voicelive.simulator.caller_audio import TurnEnded
from pipecat_voicelive.simulator.conversation import Conversation, ItemAudio
from pipecat_voicelive.simulator.faults.troubles import Troubles
from pipecat_voicelive.simulator.known_words import Findings, VoiceTurn
from pipecat_voicelive.simulator.listening import transcript_of, transcription_events
from pipecat_voicelive.simulator.session_config import SessionConfig


class Hearing:
    """The voice turns of one session.

    Args:
        config: The session's options, as they are at any time.
        conversation: Where the items go.
        brain: Knows the scenario's lines.
        troubles: What goes wrong in understanding.
    """

    def __init__(
        self, config: SessionConfig, conversation: Conversation, brain: Brain, troubles: Troubles
    ) -> None:
        self.turns: list[VoiceTurn] = []
        self._config = config
        self._conversation = conversation
        self._brain = brain
        self._troubles = troubles

    def hear(self, turn: TurnEnded, findings: Findings) -> SpokenTurn:
        """What is said in a turn, as far as anybody knows; the scenario may take a line for it."""
        heard = self._brain.hear(turn.item_id, turn.duration_ms, self._conversation.items, findings.words)
        self.turns.append(
            VoiceTurn(
                item_id=turn.item_id,
                duration_ms=turn.duration_ms,
                text=heard.words.text if heard.words else None,
                source=heard.words.source if heard.words else "unknown",
                tried=findings.tried,
            )
        )
        return self._troubles.heard(heard)

    def transcript(self, heard: SpokenTurn) -> str | None:
        """What the client is told was said, None if nothing."""
        return transcript_of(heard, self._brain.scenario.unrecognised)

    def transcription(self, turn: TurnEnded, heard: SpokenTurn) -> list[KnownServerEvent]:
        """The events that tell the client what was said, if it wants to be told."""
        options = self._config.transcription
        if options is None:
            return []
        return transcription_events(
            turn,
            heard,
            self._brain.scenario.unrecognised,
            pipeline=self._config.model.pipeline,
            options=options,
        )

    def item_created(self, turn: TurnEnded, transcript: str | None) -> ConversationItemCreated:
        """Put the turn's item into the conversation."""
        item = ConversationItem(
            type="message",
            id=turn.item_id,
            object="realtime.item",
            status="completed",
            role="user",
            content=[ItemContent(type="input_audio", transcript=transcript)],
        )
        previous_item_id = self._conversation.append(item, ItemAudio(turn.duration_ms, turn.pcm))
        return ConversationItemCreated(previous_item_id=previous_item_id, item=item)
