"""The conversation as the service has it: its items in their order, each as another session can be told it.

Theory. The service tells of every item, and behind which other it stands; what is sent from here stands at
the end until the service says otherwise. What an item says comes from what came out of it:

    user        the transcript once it is known, else its audio; typed parts and images as they were given
    assistant   what was spoken or written. Words have their place in the item's audio (`SpokenText`), so an
                item that is cut keeps the words that were heard; one whose connection is gone in the middle
                keeps those whose audio came
    calls       a function call once its arguments are whole, told again only together with its output; what
                an MCP server or another agent brought is told in a system message, since such items cannot
                be made by clients; searches, listings and approvals are left out, the answers speak of them

Refused and deleted items, and those of a response that was interrupted before they began, are told nobody;
they only hold their places. Everything is bounded: `trim` takes out the oldest turns, and of a call and its
output never the one alone is told.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from msgspec import UNSET
from msgspec.structs import replace

from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.entry import TOLD_BY_TEXT, Entry
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.session.remote_effects import RemoteCall
from pipecat_voicelive.session.tools import message_item, output_item

_REMEMBERED = 256

_BOUND_EVERY = 16
"""After so many items it is looked whether there are too many."""

_PLACED = 16
"""So many of the newest spoken items know where their words lie. Older ones were heard out."""

TURN_AUDIO_MS = 60_000
"""How much audio is kept, in all, of turns whose words are not known."""

STILL_RUNNING = '{"status": "running", "note": "The result comes later, in a message."}'
"""The output of a call that runs while one session follows another."""

_LONGEST_ID = 32
_SUMMARY_ID = "pv_summary"
_IMAGE = "[An image was shown here.]"
_LEFT_OUT = frozenset({"mcp_list_tools", "mcp_approval_request", "mcp_approval_response"})


@dataclass(slots=True, repr=False)
class History:
    """The conversation of one session, and of those before it.

    Attributes:
        summary: What the turns said that were taken out, "" if nothing was summarised.
    """

    memory: MemoryOptions = field(default_factory=MemoryOptions)
    summary: str = ""
    _entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    _texts: dict[str, str] = field(default_factory=dict[str, str])
    _awaited_texts: dict[str, str] = field(default_factory=dict[str, str])  # words: id that stands for them
    _ms_per_byte: float = 0.0
    _put_in: int = 0

    # --- what is put in ----------------------------------------------------------------------------

    def add(self, item: ConversationItem, previous_item_id: str | None = None) -> None:
        """An item is on its way to the service, once more if it is known."""
        if (entry := self._entries.get(item.id or "")) is not None and not entry.hidden:
            entry.give(item)
        else:
            self._put(Entry(item), previous_item_id)

    def created(self, item: ConversationItem, previous_item_id: str | None) -> bool:
        """The service has this item now, behind that one. Returns whether it is only told again."""
        item_id = item.id or ""
        if not item_id:
            return False
        entry = self._entries.get(item_id)
        if entry is None:
            self._put(Entry(item, confirmed=True, hidden=item.type in _LEFT_OUT), previous_item_id)
            self._is_typed(item)
            return False
        entry.confirmed = True
        if previous_item_id in self._entries and previous_item_id != item_id:
            self._move(item_id, previous_item_id)
        return entry.again

    def turn(self, item_id: str, previous_item_id: str | None) -> None:
        """What the caller has said is becoming an item."""
        item = ConversationItem(type="message", role="user", id=item_id)
        self.created(item, previous_item_id)

    def changed(self, item: ConversationItem) -> None:
        """The service says what an item is now."""
        entry = self._entries.get(item.id or "")
        if entry is not None and not (item.role == "user" and not item.words):
            entry.item = item

    def begun(self, item: ConversationItem, *, comes_out: bool) -> None:
        """A response begins an item; one of which nothing will come out is kept out."""
        if item.id and item.id not in self._entries:
            self.created(item, None)
        if not comes_out:
            self.remove(item.id or "")

    def called(self, item_id: str, name: str | None, arguments: str) -> None:
        """A function call is whole."""
        if entry := self._entries.get(item_id):
            entry.item = replace(entry.item, name=name or entry.item.name, arguments=arguments)

    def transcribed(self, item_id: str, transcript: str) -> None:
        """What the caller said in this item is known. Said again, the first holds."""
        if item_id not in self._entries:
            self.turn(item_id, None)  # its item is still to come
        entry = self._entries.get(item_id)  # none, if no item was named
        if entry is not None and not entry.transcript:
            entry.transcript, entry.audio = transcript.strip(), b""

    def is_transcribed(self, item_id: str) -> bool:
        """Whether it is known what the caller said in this item."""
        entry = self._entries.get(item_id)
        return entry is not None and bool(entry.transcript)

    def not_understood(self, item_id: str) -> None:
        """It was told that what the caller said in this item will not be known."""
        if entry := self._entries.get(item_id):
            entry.never = True

    def typed(self, item_id: str, delta: str) -> None:
        """Text is added to a user item."""
        entry = self._entries.get(item_id)
        if entry is None:
            self._texts[item_id] = self._texts.get(item_id, "") + delta
        else:
            parts = list(entry.item.content or [])
            last = parts.pop() if parts else ItemContent(type="input_text", text="")
            parts.append(replace(last, text=(last.text or "") + delta))
            entry.item = replace(entry.item, content=parts)

    def keep_audio(self, item_id: str, audio: bytes, audio_format: AudioFormat) -> None:
        """The audio of a turn, for as long as its words are not known."""
        entry = self._entries.get(item_id)
        if entry is None or entry.transcript:
            return
        entry.audio, entry.audio_format = audio, audio_format
        left_ms = float(TURN_AUDIO_MS)
        for one in reversed(self._entries.values()):
            if one.audio and one.audio_format:
                left_ms -= one.audio_format.duration_ms(len(one.audio))
                if left_ms < 0:
                    one.audio = b""

    # --- what is told and sent ---------------------------------------------------------------------

    def told(self, effect: fx.Effect) -> None:
        """This came out of an answer, here in its audio."""
        match effect:
            case fx.Audio(item_id=item_id, audio=audio):
                if entry := self._entries.get(item_id):
                    entry.spoken_ms += len(audio) * self._ms_per_byte
            case fx.SpokenText(item_id=item_id, text=text):
                if entry := self._entries.get(item_id):
                    entry.pieces.append((entry.spoken_ms, text))
            case fx.TextDelta(item_id=item_id, delta=delta, spoken=False):
                if entry := self._entries.get(item_id):
                    entry.written += delta
            case fx.UserTranscriptFailed(item_id=item_id):
                self.not_understood(item_id)
            case fx.SpeechOpened(audio_format=audio_format):
                self._ms_per_byte = audio_format.duration_ms(1)
            case _:
                pass

    def sent(self, event: ce.ClientEvent | RawEvent) -> None:
        """This is on its way to the service."""
        match event:
            case ce.ConversationItemCreateEvent(item=item, previous_item_id=previous) if item.id:
                self.add(item, previous or None)
            case ce.ConversationItemTruncateEvent(item_id=item_id, audio_end_ms=audio_end_ms):
                self.cut(item_id, audio_end_ms)
            case ce.ConversationItemDeleteEvent(item_id=item_id):
                self.remove(item_id)
            case ce.InputTextDeltaEvent(id=item_id, delta=delta):
                self.typed(item_id or "", delta)
            case ce.InputTextDoneEvent(id=item_id):
                self._typed_out(item_id or "")
            case _:
                pass

    # --- what is taken out -------------------------------------------------------------------------

    def cut(self, item_id: str, audio_end_ms: float) -> None:
        """Only so much of an item was heard."""
        if entry := self._entries.get(item_id):
            entry.cut(audio_end_ms)

    def remove(self, item_id: str) -> None:
        """An item was refused, deleted, or is to be."""
        if entry := self._entries.get(item_id):
            item = ConversationItem(type=entry.item.type, id=item_id)
            self._entries[item_id] = Entry(item, entry.confirmed, hidden=True)

    # --- what is told ------------------------------------------------------------------------------

    @property
    def is_written(self) -> bool:
        """Whether the caller is writing what is no item yet."""
        return bool(self._texts)

    def take_texts(self) -> dict[str, str]:
        """What the caller is writing that is no item yet, by the texts' ids, to be sent once more."""
        texts, self._texts = self._texts, {}
        return texts

    def __contains__(self, item_id: str) -> bool:
        """Whether there is such an item."""
        entry = self._entries.get(item_id)
        return entry is not None and not entry.hidden

    def shortened(self, item_id: str, audio_end_ms: float) -> tuple[ConversationItem | None, str] | None:
        """An item of which only so much was heard, if it has no audio at the service that could be cut.

        Returns:
            The item to put in its place, None if nothing was heard, and the item before it; None if its
            audio is to be cut.
        """
        entry = self._entries.get(item_id)
        if entry is None or not entry.again:
            return None
        entry.cut(audio_end_ms)
        previous = "root"
        for other_id, other in self._entries.items():
            if other_id == item_id:
                break
            previous = previous if other.hidden else other_id
        told = entry.told()
        return told and replace(told, id=UNSET), previous

    def in_hand(self, call_ids: Container[str]) -> None:
        """These calls are run while the session ends: they have an output that says so.

        A call without any would be made again, if the service took it at all.
        """
        for item_id, entry in list(self._entries.items()):
            if entry.item.type == "function_call" and str(entry.item.call_id) in call_ids:
                output = output_item(str(entry.item.call_id), STILL_RUNNING)
                later_id = f"later_{entry.item.call_id}"[:_LONGEST_ID]
                self.created(replace(output, id=later_id), item_id)  # an agent is not told it

    def cut_off(self, call: RemoteCall) -> None:
        """A call that the service ran ended with the connection."""
        if call.kind in TOLD_BY_TEXT and (entry := self._entries.get(call.call_id)):
            text = f"The call of {call.name} was cut off. Whether it took effect is not known."
            entry.item = replace(message_item("system", text), id=entry.item.id)

    @property
    def wordless(self) -> list[str]:
        """Items of the caller's whose words are not known."""
        return [
            item_id
            for item_id, entry in self._entries.items()
            if entry.starts_turn
            and not (entry.never or entry.transcript or entry.item.words or entry.has_parts)
        ]

    def again(self) -> list[ConversationItem]:
        """All that another session is told, in order, within the budget. From now on it is what there is."""
        self.trim(self.memory.budget_chars)
        entries: dict[str, Entry] = {}
        items = list(self._items())
        for item in items:
            entry = self._entries.get(item.id or "") or Entry(item)
            entry.again, entry.confirmed = True, False
            entry.give(item)
            entries[item.id or ""] = entry
        self._entries = entries
        return items

    def _items(self) -> Iterator[ConversationItem]:
        called = {e.item.call_id for e in self._entries.values() if e.item.type == "function_call"}
        answered = {e.item.call_id for e in self._entries.values() if e.item.type == "function_call_output"}
        pairs = called & answered
        shown = self._shown()
        if self.summary:
            yield replace(message_item("system", self.summary), id=_SUMMARY_ID)
        for item_id, entry in self._entries.items():
            if item_id == _SUMMARY_ID:
                continue
            if (
                entry.item.type in {"function_call", "function_call_output"}
                and entry.item.call_id not in pairs
            ):
                continue
            told = entry.told()
            if told is not None:
                yield told if item_id in shown else _without_images(told)

    def unconfirmed(self) -> list[ConversationItem]:
        """Items that were sent, and that the service may never have got."""
        entries = [entry for entry in self._entries.values() if not entry.confirmed]
        return [told for entry in entries if (told := entry.told())]

    def _shown(self) -> set[str]:
        """Items whose images are told again: the newest."""
        shown = set(self._entries)
        left, left_bytes = self.memory.images, self.memory.image_bytes
        for item_id, entry in reversed(self._entries.items()):
            images = [part for part in entry.item.content or [] if part.type == "input_image"]
            left -= len(images)
            left_bytes -= sum(len(part.image_url or part.url or "") for part in images)
            if images and (left < 0 or left_bytes < 0):
                shown.discard(item_id)
        return shown

    def _typed_out(self, text_id: str) -> None:
        """A text is whole. If the service makes its item, it stands here until that is told."""
        if text := self._texts.pop(text_id, ""):
            self.add(replace(message_item("user", text), id=text_id))
            self._awaited_texts[text] = text_id
            if len(self._awaited_texts) > _REMEMBERED:
                del self._awaited_texts[next(iter(self._awaited_texts))]

    def _is_typed(self, item: ConversationItem) -> None:
        """The service has made an item, perhaps of a text that was waiting for it."""
        if item.role == "user" and (text_id := self._awaited_texts.pop(item.words, None)):
            self._entries.pop(text_id, None)

    # --- bounds ------------------------------------------------------------------------------------

    @property
    def size_chars(self) -> int:
        """How much there is."""
        summary_chars = 0 if _SUMMARY_ID in self._entries else len(self.summary)
        return summary_chars + sum(entry.size_chars for entry in self._entries.values())

    def turns(self) -> list[list[str]]:
        """The items by turn: each begins where the caller begins. What stands before the first is its own."""
        turns: list[list[str]] = [[]]
        for item_id, entry in self._entries.items():
            if entry.starts_turn and turns[-1]:
                turns.append([])
            turns[-1].append(item_id)
        return turns

    def trim(self, most_chars: int) -> None:
        """Take the oldest turns out until no more is left than that. The newest stays.

        So do system messages before the first turn: they say what the conversation is about.
        """
        size_chars = self.size_chars
        if size_chars <= most_chars:
            return
        for turn in self.turns()[:-1]:
            if size_chars <= most_chars:
                return
            of_caller = bool(turn) and self._entries[turn[0]].starts_turn
            for item_id in turn:
                if of_caller or self._entries[item_id].item.role != "system":
                    size_chars -= self._entries.pop(item_id).size_chars

    def oldest(self, kept_chars: int) -> str:
        """The last item of the oldest turns, so that the others are no longer than that; "" for none."""
        left = self.size_chars
        upto = ""
        for turn in self.turns()[:-1]:
            if left <= kept_chars:
                break
            left -= sum(self._entries[item_id].size_chars for item_id in turn)
            upto = turn[-1] if turn else upto
        return upto

    def until(self, item_id: str) -> Iterator[ConversationItem]:
        """The conversation up to this item."""
        for item in self._items():
            yield item
            if item.id == item_id:
                return

    def summarised(self, upto: str, text: str) -> None:
        """All up to this item is told in these words from now on."""
        self.summary = f"Summary of the conversation so far: {text}"
        if upto in self._entries:
            for item_id in list(self._entries):
                del self._entries[item_id]
                if item_id == upto:
                    return

    def bound(self) -> None:
        """Keep no more than may ever be needed, even if nobody but the bot ever says anything."""
        most_chars = 2 * self.memory.budget_chars
        self.trim(most_chars)
        size_chars = self.size_chars
        for item_id in list(self._entries)[:-1]:
            if size_chars <= most_chars:
                return
            size_chars -= self._entries.pop(item_id).size_chars

    # --- steps -------------------------------------------------------------------------------------

    def _put(self, entry: Entry, previous_item_id: str | None) -> None:
        item_id = entry.item.id or ""
        known = previous_item_id in self._entries and previous_item_id != item_id
        self._entries[item_id] = entry
        if previous_item_id == "root" or known:
            self._move(item_id, previous_item_id)
        self._put_in += 1
        if self._put_in % _BOUND_EVERY == 0:
            self.bound()
        if entry.item.role == "assistant":
            spoken = [one for one in self._entries.values() if one.pieces]
            for one in spoken[:-_PLACED]:
                one.pieces, one.written, one.cut_ms = [], one.words, None

    def _move(self, item_id: str, previous_item_id: str | None) -> None:
        order = list(self._entries)
        order.remove(item_id)
        place = order.index(previous_item_id) + 1 if previous_item_id in self._entries else 0
        if order[place:] == [] and list(self._entries)[-1] == item_id:
            return
        order.insert(place, item_id)
        self._entries = {name: self._entries[name] for name in order}


def _without_images(item: ConversationItem) -> ConversationItem:
    parts = [
        ItemContent(type="input_text", text=_IMAGE) if part.type == "input_image" else part
        for part in item.content or []
    ]
    return replace(item, content=parts)
