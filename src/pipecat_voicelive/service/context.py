"""Between Pipecat's context and the service's conversation: items, tools, and who knows what already.

The context is a list that the application and the aggregators write to. The service hears the caller and
says the answers itself, so of all that appears there only what it cannot know is sent.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from loguru import logger
from msgspec import UNSET, UnsetType
from pipecat.adapters.llm.base_llm_adapter import BaseLLMAdapter
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import AdapterType, ToolsSchema
from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import (
    LLMContext,
    LLMContextMessage,
    LLMSpecificMessage,
    LLMStandardMessage,
)
from pipecat.utils.types import is_given

from pipecat_voicelive.client import ClientSignal
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.service.pictures import image_url_of
from pipecat_voicelive.session.effects import TextDelta, ToolCalls, UserTranscript
from pipecat_voicelive.session.tools import message_item, output_item


class SessionParams(TypedDict):
    """What a session's options say of a context."""

    system_instruction: str | None
    tools: list[Any]
    tool_choice: Any


class VoiceLiveInvocationParams(SessionParams):
    """What a conversation needs of a context."""

    messages: list[ConversationItem]


class VoiceLiveLLMAdapter(BaseLLMAdapter[VoiceLiveInvocationParams]):
    """Turns Pipecat's contexts and tool schemas into Voice Live's items and tools."""

    @property
    def id_for_llm_specific_messages(self) -> str:
        """The name under which messages meant for this service alone stand in a context."""
        return "azure-voice-live"

    async def get_llm_invocation_params(
        self,
        context: LLMContext,
        *,
        system_instruction: str | None = None,
        service_tools: Any = None,
        **_kwargs: Any,
    ) -> VoiceLiveInvocationParams:
        """What a conversation needs of this context; arguments as for `session_params`."""
        params = self.session_params(
            context, system_instruction=system_instruction, service_tools=service_tools
        )
        _, messages = split_system(self.get_messages(context))
        return {**params, "messages": history_items(messages)}

    def session_params(
        self, context: LLMContext, *, system_instruction: str | None, service_tools: Any
    ) -> SessionParams:
        """What a session's options say of this context, however long it is.

        Args:
            context: The context.
            system_instruction: The service's own, which wins over the context's.
            service_tools: The service's own tools, used if the context has none.
        """
        in_context, _ = split_system(context.get_messages()[:1])
        if in_context is not None:
            self._warn_context_system_message()
        return {
            "system_instruction": self._resolve_system_instruction(
                in_context or None, system_instruction, discard_context_system=True
            ),
            "tools": self._realtime_session_tools(context.tools, service_tools) or [],
            "tool_choice": context.tool_choice if is_given(context.tool_choice) else None,
        }

    def to_provider_tools_format(self, tools_schema: ToolsSchema) -> list[Any]:
        """Functions in Voice Live's format; tools in its own format (`custom_tools`) as they are."""
        tools: list[Any] = [_function(function) for function in tools_schema.standard_tools]
        custom = tools_schema.custom_tools or {}
        return tools + list(custom.get(AdapterType.OPENAI, []))

    def get_messages_for_logging(self, context: LLMContext) -> list[dict[str, Any]]:
        """How many messages of each role there are. What they say stays out of logs."""
        roles = [
            "specific" if isinstance(message, LLMSpecificMessage) else str(message.get("role"))
            for message in self.get_messages(context)
        ]
        return [{"role": role, "messages": roles.count(role)} for role in dict.fromkeys(roles)]


def _function(function: FunctionSchema) -> dict[str, Any]:
    return {
        "type": "function",
        "name": function.name,
        "description": function.description,
        "parameters": {
            "type": "object",
            "properties": function.properties,
            "required": function.required,
        },
    }


def text_of(message: LLMContextMessage) -> str:
    """The words of a message: its text, or its text parts joined by blanks."""
    if isinstance(message, LLMSpecificMessage):
        return ""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return " ".join(str(part) for part in parts if part)


def split_system(messages: Sequence[LLMContextMessage]) -> tuple[str | None, list[LLMContextMessage]]:
    """The text of a system message that comes first, None if none does, and all other messages."""
    first = messages[0] if messages else None
    if isinstance(first, dict) and first.get("role") == "system":
        return text_of(first), list(messages[1:])
    return None, list(messages)


def history_items(messages: Sequence[LLMContextMessage]) -> list[ConversationItem]:
    """A whole history as items. Calls that are still running are left out: their results will be told."""
    running = {
        message.get("tool_call_id")
        for message in messages
        if not isinstance(message, LLMSpecificMessage) and _is_running(message)
    }
    items = [item for message in messages for item in items_of(message)]
    return [item for item in items if item.type != "function_call" or item.call_id not in running]


def _is_running(message: LLMStandardMessage) -> bool:
    if message.get("role") != "tool":
        return False
    return text_of(message) == "IN_PROGRESS" or _is_started(message)


def _is_started(message: LLMStandardMessage) -> bool:
    payload = async_tool_messages.parse_message(message)
    return payload is not None and payload.kind == "started"


def items_of(message: LLMContextMessage) -> list[ConversationItem]:
    """The items that say what a message says; none for what a conversation cannot hold."""
    if isinstance(message, LLMSpecificMessage):
        return []
    if _is_started(message):
        return []
    match message.get("role"):
        case "user":
            parts = _user_parts(message.get("content"))
            return [ConversationItem(type="message", role="user", content=parts)] if parts else []
        case "system" | "developer":
            return [message_item("system", text)] if (text := text_of(message)) else []
        case "assistant":
            calls = [_call_item(call) for call in message.get("tool_calls") or ()]
            text = text_of(message)
            return ([message_item("assistant", text)] if text else []) + calls
        case "tool":
            output = text_of(message)
            if output == "IN_PROGRESS":
                return []
            return [output_item(str(message.get("tool_call_id")), output)]
        case _:
            return []


def _call_item(call: Any) -> ConversationItem:
    function = call.get("function", {})
    return ConversationItem(
        type="function_call",
        call_id=call.get("id"),
        name=function.get("name"),
        arguments=function.get("arguments") or "{}",
    )


def _user_parts(content: Any) -> list[ItemContent]:
    if isinstance(content, str):
        return [ItemContent(type="input_text", text=content)] if content else []
    parts: list[ItemContent] = []
    for part in content if isinstance(content, list) else ():
        if part.get("type") == "text" and part.get("text"):
            parts.append(ItemContent(type="input_text", text=part["text"]))
        elif (url := image_url_of(part)) is not None:
            parts.append(ItemContent(type="input_image", image_url=url, detail=_detail_of(part)))
    return parts


def _unsendable(message: LLMContextMessage) -> Iterator[str]:
    if isinstance(message, LLMSpecificMessage) or message.get("role") != "user":
        return
    content: Any = message.get("content")
    for part in content if isinstance(content, list) else ():
        if part.get("type") != "text" and image_url_of(part) is None:
            yield str(part.get("type"))


def _detail_of(part: Any) -> str | UnsetType:
    match part:
        case {"image_url": {"detail": "auto" | "low" | "high" as detail}}:
            return detail
        case _:
            return UNSET


def tool_output(result: Any) -> str:
    """A tool's result as the text of its output: text as it is, all else as JSON, once."""
    if isinstance(result, str) and result:
        return result
    return json.dumps(result, ensure_ascii=False, default=str) if result else "COMPLETED"


@dataclass(frozen=True, slots=True)
class News:
    """What a look at the context found.

    Attributes:
        items: What is to be added to the conversation.
        spoken: The newest words of the caller are spoken ones, so the service is answering them already.
        rebuilt: The context is no longer what it was with something added: the conversation must be
            built anew from the whole of it.
    """

    items: tuple[ConversationItem, ...] = ()
    spoken: bool = False
    rebuilt: bool = False


class ContextReader:
    """Reads what is new in a context.

    The caller's spoken turns appear there as the transcripts that the service gave out, joined when
    several came in one turn. Those, the bot's answers and the tool calls are known to the service. The first
    look may come late, when some of them stand there already among what the service has still to be told.
    """

    def __init__(self) -> None:
        self._read: int | None = None
        self._last: LLMContextMessage | None = None
        self._transcripts: deque[str] = deque(maxlen=64)
        self._turns: deque[str] = deque(maxlen=16)
        self._spoken: deque[str] = deque(maxlen=64)
        self._answers: dict[str, str] = {}
        self._calls: set[str] = set()
        self._left_out: set[str] = set()

    def transcribed(self, text: str) -> None:
        """The service heard this; it will appear in the context, alone or joined with others."""
        self._transcripts.append(text)

    def note(self, signal: ClientSignal) -> None:
        """The service knows what is said and called; it will appear in the context as far as it was heard."""
        match signal:
            case UserTranscript(text=text):
                self.transcribed(text)
            case TextDelta(response_id, delta=delta) if self._read is None:
                self._answers[response_id] = self._answers.get(response_id, "") + delta
            case ToolCalls(calls=calls) if self._read is None:
                self._calls |= {call.call_id for call in calls}
            case _:
                pass

    def spoke(self, text: str) -> None:
        """The service is told to say this. Said before the first look, it may stand there already."""
        if self._read is None:
            self._spoken.append(text)

    def turn_written(self, text: str) -> None:
        """The aggregator wrote this spoken turn into the context."""
        self._turns.append(text)

    def news(self, context: LLMContext) -> News:
        """What is new since the last look, at first all there is; afterwards all is known."""
        messages = context.get_messages()
        read, last, first_look = self._read or 0, self._last, self._read is None
        self._read, self._last = len(messages), messages[-1] if messages else None
        if len(messages) < read or (read and messages[read - 1] is not last):
            return News(rebuilt=True)
        new = messages[read:] if read else split_system(messages)[1]
        self._tell_of_parts(new)
        self._spoken.extend(self._answers.values())
        self._answers.clear()
        unspoken = [message for message in new if not self._was_spoken(message)]
        items = history_items(unspoken if first_look else [m for m in unspoken if _is_news(m)])
        items = [item for item in items if item.call_id not in self._calls]
        self._calls.clear()
        from_users = [message for message in new if _is_news(message)]
        spoken = bool(from_users) and not any(message is from_users[-1] for message in unspoken)
        return News(tuple(items), spoken=spoken)

    def _tell_of_parts(self, messages: Sequence[LLMContextMessage]) -> None:
        """Name what a user's message holds and a conversation cannot, once for each kind."""
        for kind in {kind for message in messages for kind in _unsendable(message)} - self._left_out:
            self._left_out.add(kind)
            logger.warning(f"A part of type {kind!r} in a user's message is left out: Voice Live takes none")

    def _was_spoken(self, message: LLMContextMessage) -> bool:
        """Whether this is what the caller or the bot said; each transcript, turn and speech counts once."""
        if isinstance(message, LLMSpecificMessage):
            return False
        text = text_of(message)
        if message.get("role") == "assistant":
            return self._forget_speech(text)
        if message.get("role") != "user":
            return False
        joined = self._forget_transcripts(text)
        if text in self._turns:
            self._turns.remove(text)
            return True
        return joined

    def _forget_speech(self, text: str) -> bool:
        """Find the speech that a text is the beginning of, cut short if it was interrupted; forget it."""
        words = " ".join(text.split())
        for speech in self._spoken:
            if words and " ".join(speech.split()).startswith(words):
                self._spoken.remove(speech)
                return True
        return False

    def _forget_transcripts(self, text: str) -> bool:
        """Find the transcripts that make up a text, and forget them and all before them."""
        said = list(self._transcripts)
        for first in range(len(said)):
            joined = ""
            for last in range(first, len(said)):
                joined = f"{joined} {said[last]}".strip()
                if joined == text:
                    for _ in range(last + 1):
                        self._transcripts.popleft()
                    return True
                if not text.startswith(joined):
                    break
        return False


def _is_news(message: LLMContextMessage) -> bool:
    """Whether the service cannot know this of itself: not the bot's words, calls and their results."""
    return (
        not isinstance(message, LLMSpecificMessage)
        and message.get("role") in ("user", "system", "developer")
        and async_tool_messages.parse_message(message) is None
    )
