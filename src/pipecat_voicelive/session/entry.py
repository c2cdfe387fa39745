"""One item of the conversation: what is known of it, and how another session is told it."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import UNSET
from msgspec.structs import replace

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.codec import to_base64
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.session.tools import message_item

RESULT_CHARS = 4_000
"""What a remote tool brought is told up to this length."""

ITEM_CHARS = 40
"""What an item weighs in the budget besides its words."""

TOLD_BY_TEXT = frozenset({"mcp_call", "foundry_agent_call"})
"""Calls that the service runs, whose results are told in a message."""


@dataclass(slots=True, repr=False)
class Entry:
    """One item.

    Attributes:
        item: As it was given or told last.
        confirmed: Whether the service has said that it has it.
        transcript: What was said in it, for a spoken user item.
        audio: The user's audio, while its transcript is not known.
        written: Text that came as text.
        pieces: Spoken text with its place in the item's audio, in milliseconds.
        spoken_ms: How much audio has come out.
        cut_ms: Where it was cut.
        again: Whether it was told to this session as text, and has no audio there.
        never: Whether it was told that its transcript will not come.
        hidden: Whether it is told nobody: it only holds its place, behind which others may stand.
    """

    item: ConversationItem
    confirmed: bool = False
    transcript: str = ""
    audio: bytes = b""
    audio_format: AudioFormat | None = None
    written: str = ""
    pieces: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    spoken_ms: float = 0.0
    cut_ms: float | None = None
    again: bool = False
    never: bool = False
    hidden: bool = False

    def give(self, item: ConversationItem) -> None:
        """The item as it is on its way to the service. Audio that is kept beside it is not kept in it."""
        self.item = replace(item, content=UNSET) if self.audio else item

    @property
    def starts_turn(self) -> bool:
        """Whether a turn of the conversation begins with it."""
        return self.item.type == "message" and self.item.role == "user"

    @property
    def has_parts(self) -> bool:
        """Whether it is more than audio."""
        return any(part.type != "input_audio" for part in self.item.content or [])

    @property
    def words(self) -> str:
        """What an assistant item says, as far as it was heard or came out."""
        if self.cut_ms is not None:
            cut_ms = self.cut_ms
            return "".join(text for at_ms, text in self.pieces if at_ms < cut_ms)
        texts = (part.text for part in self.item.content or [] if part.type == "text")
        return (
            "".join(text for _, text in self.pieces)
            or self.written
            or " ".join(text for text in texts if text)
        )

    def cut(self, audio_end_ms: float) -> None:
        """Only so much of it was heard."""
        self.cut_ms = audio_end_ms if self.cut_ms is None else min(self.cut_ms, audio_end_ms)

    def told(self) -> ConversationItem | None:
        """The item to tell another session, None if it says nothing there. Parts are not copied."""
        if self.hidden:
            return None
        item = self.item
        match item.type, item.role:
            case "message", "assistant":
                words = self.words.strip()
                return replace(message_item("assistant", words), id=item.id) if words else None
            case "message", "user" if self.transcript:
                return replace(message_item("user", self.transcript), id=item.id)
            case "message", "user" if self.audio:
                return replace(audio_item(self.audio), id=item.id)
            case "message", _:
                parts = list(filter(None, map(_told_part, item.content or [])))
                told = ConversationItem(type="message", role=item.role, id=item.id, content=parts)
                return told if parts else None
            case "function_call", _:
                return ConversationItem(
                    type="function_call",
                    id=item.id,
                    call_id=item.call_id,
                    name=item.name,
                    arguments=item.arguments or "{}",
                )
            case "function_call_output", _:
                return replace(item, object=UNSET, status=UNSET)
            case kind, _ if kind in TOLD_BY_TEXT and (item.output or item.agent_response_id):
                brought = str(item.output or item.agent_response_id)[:RESULT_CHARS]
                text = f"Result of the earlier call of {item.name or 'a tool'}: {brought}"
                return replace(message_item("system", text), id=item.id)
            case _:
                return None

    @property
    def size_chars(self) -> int:
        """What it weighs in the budget. Images and audio have bounds of their own."""
        item = self.item
        if item.type == "message":
            if item.role == "assistant":
                return ITEM_CHARS + len(self.words)
            if self.transcript:
                return ITEM_CHARS + len(self.transcript)  # which a part repeats once it was told again
            return ITEM_CHARS + sum(len(part.text or "") for part in item.content or [])
        told = (item.name, item.arguments, item.output)
        return ITEM_CHARS + sum(len(member) for member in told if isinstance(member, str))


def audio_item(audio: bytes) -> ConversationItem:
    """What the caller said, as a message of audio in the session's input format."""
    part = ItemContent(type="input_audio", audio=to_base64(audio))
    return ConversationItem(type="message", role="user", content=[part])


def _told_part(part: ItemContent) -> ItemContent | None:
    if part.type == "input_audio":
        if isinstance(part.transcript, str) and part.transcript.strip():
            return ItemContent(type="input_text", text=part.transcript)
        return part if part.audio else None
    return None if part.type == "input_text" and not part.text else part
