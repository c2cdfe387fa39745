"""What a test expects of a conversation. What does not hold is shown in it: the failure is its transcript."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from pipecat_voicelive.testing.conversation import Called, Said, lines_of
from pipecat_voicelive.testing.manners import Breach, breaches, check_rules
from pipecat_voicelive.testing.record import Record
from pipecat_voicelive.testing.transcript import conversation, transcript

Words = str | re.Pattern[str]
"""Words that are looked for: a text, whose capitals and spaces do not matter, or a compiled pattern."""

_ANY: Any = object()


class Expect:
    """Expectations on what has happened so far; each that fails shows the conversation.

    Args:
        record: What happened.
        heard: Gives, by the id of each item that was truncated, what the caller heard of it.
    """

    def __init__(self, record: Record, heard: Callable[[], dict[str, str]]) -> None:
        self._record = record
        self._heard = heard

    # --- the conversation ---------------------------------------------------------------------------

    def said(self, words: Words) -> None:
        """The bot said this, in one of its answers, whether or not the caller heard all of it."""
        __tracebackhide__ = True
        self._one_of([line.text for line in self._said("bot")], words, "the bot said")

    def not_said(self, words: Words) -> None:
        """None of the bot's answers has this in it."""
        __tracebackhide__ = True
        for line in self._said("bot"):
            if _is_in(words, line.text):
                self._fail(f"expected that the bot never says {_shown(words)}; it said {line.text!r}")

    def heard(self, words: Words) -> None:
        """The caller heard this: it is in what was left of an answer when it was cut, or in a whole one."""
        __tracebackhide__ = True
        heard = self._heard()
        texts = [heard.get(line.item_id, line.text) for line in self._said("bot")]
        self._one_of(texts, words, "the caller heard")

    def caller_said(self, words: Words) -> None:
        """The service took the caller's words for this, spoken or typed."""
        __tracebackhide__ = True
        self._one_of([line.text for line in self._said("caller")], words, "the caller said")

    def called(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        times: int | None = None,
        output: Words = _ANY,
    ) -> None:
        """The bot called a function.

        Args:
            tool: The function's name.
            arguments: What its arguments were, all of them; None for any.
            times: How often it was called so; None for once or more.
            output: What is in the text of its output.
        """
        __tracebackhide__ = True
        calls = [line for line in self._lines() if isinstance(line, Called)]
        fitting = [
            call
            for call in calls
            if call.name == tool
            and (arguments is None or call.arguments == dict(arguments))
            and (output is _ANY or any(_is_in(output, one) for one in call.outputs))
        ]
        if len(fitting) == times or (times is None and fitting):
            return
        wanted = tool if arguments is None else str(Called(tool, dict(arguments), "", 0))
        often = "" if times is None else f" {times} times, not {len(fitting)}"
        told = "".join(f"\n  {call} = {', '.join(call.outputs) or 'no output'}" for call in calls)
        with_output = "" if output is _ANY else f" with {_shown(output)} in its output"
        self._fail(f"expected a call of {wanted}{with_output}{often}; calls:{told or ' none'}")

    def not_called(self, tool: str | None = None) -> None:
        """The bot called no function, or not this one."""
        __tracebackhide__ = True
        for line in self._lines():
            if isinstance(line, Called) and tool in (None, line.name):
                self._fail(f"expected no call{f' of {tool}' if tool else ''}; there was {line}")

    def conversation(self, *lines: str) -> None:
        """The conversation is this and nothing else, as `VoiceLive.conversation` gives it.

        voicelive.expect.conversation(
            "caller: What is the weather in Lisbon?",
            'bot calls: get_weather(city="Lisbon")',
            "bot: It is 21 degrees in Lisbon.",
        )
        """
        __tracebackhide__ = True
        got = conversation(self._record.wire, self._heard())
        if got != list(lines):
            difference = "\n".join(difflib.ndiff(list(lines), got))
            self._fail(f"expected another conversation (- expected, + was):\n{difference}")

    def context(self, messages: object) -> None:
        """A Pipecat context holds of the bot's words what the caller heard, no more and no less.

        Where an answer was cut, the last word may be missing or be one more: it was being said just then.

        Args:
            messages: The `LLMContext`, or a list of its messages.
        """
        __tracebackhide__ = True
        given = cast("Any", messages)
        listed: Iterable[Any] = given.get_messages() if hasattr(given, "get_messages") else given
        kept = [
            _flat(message["content"])
            for message in cast("Iterable[dict[str, Any]]", listed)
            if message.get("role") == "assistant" and isinstance(message.get("content"), str)
        ]
        heard = self._heard()
        said = [line for line in self._said("bot") if line.text]
        spoken = [_flat(heard.get(line.item_id, line.text)) for line in said]
        pattern = r"\s*".join(_about(line.text, heard.get(line.item_id)) for line in said)
        if not re.fullmatch(pattern, " ".join(kept)):
            difference = "\n".join(difflib.ndiff(spoken, kept))
            self._fail(f"expected the context to hold what was heard (- heard, + context):\n{difference}")

    # --- the wire -----------------------------------------------------------------------------------

    def manners(self, *rules: str, allow: Sequence[str] = ()) -> None:
        """The rules of manners were kept: those that are named, or all.

        Args:
            rules: Names of rules, see `pipecat_voicelive.testing.manners`; none for all.
            allow: Rules that need not be kept, and codes of errors that may come.
        """
        __tracebackhide__ = True
        check_rules(rules)
        found = [one for one in self._breaches(allow) if not rules or one.rule in rules]
        if found:
            problems = "".join(f"\n  {one.rule}: {one.problem}" for one in found)
            self._fail(f"expected good manners on the wire:{problems}", found)

    def no_second_response(self) -> None:
        """No `response.create` was sent while a response ran or was asked for."""
        __tracebackhide__ = True
        self.manners("second-response")

    def every_call_answered_once(self) -> None:
        """Each function call has one output, and there is no output without a call."""
        __tracebackhide__ = True
        self.manners("tool-answers")

    def no_audio_after_interruption(self) -> None:
        """The bot fell silent when the caller spoke: on the wire, and on a transport if the test has one."""
        __tracebackhide__ = True
        self.manners("audio-after-interruption")

    def truncated_where_heard(self) -> None:
        """Each truncation says how much was really played."""
        __tracebackhide__ = True
        self.manners("truncation")

    def nothing_before_ready(self) -> None:
        """Nothing but `session.update` was sent before the first `session.updated`."""
        __tracebackhide__ = True
        self.manners("before-ready")

    def no_errors(self, *, allow: Sequence[str] = ()) -> None:
        """The service refused nothing, but for errors with these codes."""
        __tracebackhide__ = True
        self.manners("errors", allow=allow)

    def sent(self, event_type: str, *, times: int | None = None) -> None:
        """The client sent an event of this type, so often; None for once or more."""
        __tracebackhide__ = True
        self._on_wire("client", event_type, times)

    def not_sent(self, event_type: str) -> None:
        """The client sent no event of this type."""
        __tracebackhide__ = True
        self._on_wire("client", event_type, 0)

    def received(self, event_type: str, *, times: int | None = None) -> None:
        """The client was sent an event of this type, so often; None for once or more."""
        __tracebackhide__ = True
        self._on_wire("service", event_type, times)

    # --- how ----------------------------------------------------------------------------------------

    def _breaches(self, allow: Sequence[str]) -> list[Breach]:
        return breaches(self._record.entries, allow=allow)

    def _lines(self) -> list[Said | Called]:
        return lines_of(self._record.wire)

    def _said(self, who: str) -> list[Said]:
        return [line for line in self._lines() if isinstance(line, Said) and line.who == who]

    def _one_of(self, texts: Sequence[str], words: Words, what: str) -> None:
        __tracebackhide__ = True
        if not any(_is_in(words, text) for text in texts):
            told = "".join(f"\n  {text!r}" for text in texts)
            self._fail(f"expected that {what} {_shown(words)}; {what}:{told or ' nothing'}")

    def _on_wire(self, sender: str, event_type: str, times: int | None) -> None:
        __tracebackhide__ = True
        wire = [entry for entry in self._record.wire if entry.sender == sender]
        count = sum(entry.event.type == event_type for entry in wire)
        if count == times or (times is None and count):
            return
        often = "" if times is None else f" {times} times, not {count}"
        types = sorted({entry.event.type for entry in wire})
        self._fail(
            f"expected {event_type} from the {sender}{often}; it sent: {', '.join(types) or 'nothing'}"
        )

    def _fail(self, problem: str, found: Sequence[Breach] = ()) -> None:
        __tracebackhide__ = True
        told = transcript(self._record.entries, found, heard=self._heard())
        raise AssertionError(f"{problem}\n\nThe conversation:\n{told}")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _about(text: str, heard: str | None) -> str:
    """A pattern of a whole answer, or of one that was cut, a word more or less."""
    if heard is None:
        return re.escape(_flat(text))
    words, count = text.split(), len(heard.split())
    cuts = [re.escape(" ".join(words[:some])) for some in (count + 1, count, max(count - 1, 0))]
    return f"(?:{'|'.join(cuts)})"


def _is_in(words: Words, text: str) -> bool:
    if isinstance(words, str):
        return _flat(words).casefold() in _flat(text).casefold()
    return words.search(text) is not None


def _shown(words: Words) -> str:
    return repr(words) if isinstance(words, str) else f"something like {words.pattern!r}"
