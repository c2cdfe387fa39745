"""A thinker behind any OpenAI-compatible endpoint: chat completions, streamed.

Uses the package openai, which Pipecat brings; it is imported when a brain is made.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.simulator.names import may_have_credentials
from pipecat_voicelive.simulator.pictures import url_of
from pipecat_voicelive.simulator.replies import Call, Part, Reply, Say
from pipecat_voicelive.simulator.scenario import Incomplete
from pipecat_voicelive.simulator.thinking import Question, ThinkingFailedError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

_KEY = "OPENAI_API_KEY"
_NO_KEY = "none"
"""What local endpoints are given, which want none."""
_INCOMPLETE: Mapping[str, Incomplete] = {"length": "max_output_tokens", "content_filter": "content_filter"}


class OpenAIBrain:
    """Asks a model for answers.

        VoiceLiveSimulator(brain=OpenAIBrain("llama3.2", url="http://localhost:11434/v1"))

    Args:
        model: The model's name, as the endpoint knows it.
        url: The endpoint, up to and without "/chat/completions"; None for OpenAI's own.
        api_key: The endpoint's key; None for that in the environment variable OPENAI_API_KEY. Endpoints on
            this machine usually want none. A key goes over TLS, or to this machine; no redirect is followed.
        timeout_s: How long an answer may take, from the question to its last word.

    Raises:
        ConfigurationError: An argument cannot be used, or there is no key for OpenAI.
    """

    def __init__(
        self, model: str, *, url: str | None = None, api_key: str | None = None, timeout_s: float = 30.0
    ) -> None:
        if not model:
            raise ConfigurationError("a brain needs the name of its model")
        if url is not None and not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"the brain's url must begin with http:// or https://, not {url!r}")
        if not timeout_s > 0:
            raise ConfigurationError(f"timeout_s must be positive, not {timeout_s}")
        in_clear = url is not None and not may_have_credentials(url)
        if in_clear and api_key:
            raise ConfigurationError(
                "the brain's api_key would be sent unencrypted: give an https:// url, or one of this machine"
            )
        key = api_key or (None if in_clear else os.environ.get(_KEY)) or (_NO_KEY if url else None)
        if key is None:
            raise ConfigurationError(f"OpenAI wants a key: set {_KEY}, or give the url of another endpoint")
        try:
            import openai
        except ImportError:
            raise ConfigurationError("a brain needs the package openai: pip install openai") from None
        self._openai = openai
        self.model = model
        self.url = url
        # Without the user and the password that may stand in it.
        self._shown_url = re.sub(r"//[^/]*@", "//", url) if url else "OpenAI"
        self._key = key
        self._timeout_s = timeout_s

    def __repr__(self) -> str:
        return f"OpenAIBrain({self.model!r}, url={self._shown_url!r})"

    async def think(self, question: Question) -> Reply:
        """The model's answer.

        Raises:
            ThinkingFailedError: The endpoint cannot be reached, refuses, takes too long, or says nothing.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                # Made in a thread: it reads the certificates of this machine.
                async with await asyncio.to_thread(self._client) as client:
                    stream: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(
                        model=self.model, stream=True, **_request(question)
                    )
                    return await _gathered(stream)
        except TimeoutError:
            raise self._failed("model_timeout", f"has not answered within {self._timeout_s:g} s") from None
        except self._openai.APIStatusError as error:
            raise self._failed(
                "model_refused", f"answered HTTP {error.status_code}: {error.message}"
            ) from None
        except self._openai.APIConnectionError:
            raise self._failed("model_unreachable", "cannot be reached, or has gone away") from None
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no answer
            raise self._failed("model_failed", f"broke off: {error or type(error).__name__}") from None

    def _client(self) -> AsyncOpenAI:
        # It would follow redirects, with the question, and to the same host with the key.
        http = self._openai.DefaultAsyncHttpxClient(follow_redirects=False, timeout=self._timeout_s)
        return self._openai.AsyncOpenAI(
            api_key=self._key, base_url=self.url, max_retries=0, timeout=self._timeout_s, http_client=http
        )

    def _failed(self, code: str, what: str) -> ThinkingFailedError:
        if self._key != _NO_KEY:
            what = what.replace(self._key, "(the key)")
        return ThinkingFailedError(f"{self.model} at {self._shown_url} {what}.", code=code)


def _request(question: Question) -> dict[str, Any]:
    """The question as chat completions want it."""
    request: dict[str, Any] = {"messages": messages_of(question)}
    if question.tools:
        request["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters) or {"type": "object", "properties": {}},
                },
            }
            for tool in question.tools
        ]
        choice = question.tool_choice
        named = {"type": "function", "function": {"name": choice}}
        request["tool_choice"] = choice if choice in ("auto", "required", "none") else named
        if not question.parallel_tool_calls:
            request["parallel_tool_calls"] = False
    if question.max_output_tokens is not None:
        request["max_completion_tokens"] = question.max_output_tokens
    return request


def messages_of(question: Question) -> list[dict[str, Any]]:
    """The conversation as chat messages; a call that has no output yet is given one that says so."""
    messages: list[dict[str, Any]] = []
    if question.instructions:
        messages.append({"role": "system", "content": question.instructions})
    outputs = {item.call_id: item.output for item in question.items if item.type == "function_call_output"}
    for item in question.items:
        match item.type:
            case "message":
                content = _content(item)
                if content:
                    messages.append({"role": item.role, "content": content})
            case "function_call":
                messages += _called(str(item.call_id), item, outputs.get(item.call_id))
            case "mcp_call":
                messages += _called(
                    str(item.id), item, item.output or (item.error and json.dumps(item.error))
                )
            case _:
                pass
    return messages


def _content(item: ConversationItem) -> str | list[dict[str, Any]]:
    """The words of a message, or its parts if there are images among them."""
    images = [part for part in item.content or () if part.type == "input_image"]
    if not images:
        return item.words
    parts = [{"type": "image_url", "image_url": {"url": url_of(part)}} for part in images]
    return [{"type": "text", "text": item.words}, *parts] if item.words else parts


def _called(call_id: str, call: ConversationItem, output: object) -> list[dict[str, Any]]:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    made = {"id": call_id, "type": "function", "function": function}
    answer = output if isinstance(output, str) else "(no output)"
    return [
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": call_id, "content": answer},
    ]


@dataclass(slots=True)
class _CallSoFar:
    index: int
    id: str
    name: str = ""
    arguments: str = ""


async def _gathered(stream: AsyncStream[ChatCompletionChunk]) -> Reply:
    """What a stream says, once it is over."""
    text, ended = "", ""
    calls: list[_CallSoFar] = []
    async for chunk in stream:
        for choice in chunk.choices[:1]:
            text += choice.delta.content or ""
            for part in choice.delta.tool_calls or ():
                call = next((call for call in calls if call.index == part.index), None)
                # Some endpoints give every call the same index and another id.
                if call is None or (part.id and part.id != call.id):
                    calls.insert(0, call := _CallSoFar(part.index, part.id or ""))
                if part.function is not None:
                    call.name += part.function.name or ""
                    call.arguments += part.function.arguments or ""
            ended = choice.finish_reason or ended
    parts: list[Part] = [Say(text)] if text.strip() else []
    parts += [Call(call.name, call.arguments or "{}") for call in reversed(calls)]
    if not parts and ended not in _INCOMPLETE:
        kind = stream.response.headers.get("content-type", "")
        raise ValueError(
            "it said nothing" if "event-stream" in kind else f"it does not stream, it sent {kind}"
        )
    return Reply(tuple(parts), incomplete=_INCOMPLETE.get(ended))
