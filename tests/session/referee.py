"""What must hold of a session's effects, whatever happens."""

from __future__ import annotations

from collections import defaultdict

from pipecat_voicelive.session import effects as fx


class Brackets:
    """Every bracket opens once, closes once, and holds what belongs into it."""

    def __init__(self) -> None:
        self.response: str | None = None
        self.speech: str | None = None
        self._opened: set[str] = set()
        self._spoke: set[str] = set()
        self._finished: set[str] = set()

    def check(self, effect: fx.Effect) -> None:
        match effect:
            case fx.ResponseOpened(response_id):
                assert self.response is None
                assert response_id not in self._opened
                self.response = response_id
                self._opened.add(response_id)
            case fx.SpeechOpened(response_id):
                assert self.response == response_id
                assert self.speech is None
                assert response_id not in self._spoke
                self.speech = response_id
                self._spoke.add(response_id)
            case fx.TextDelta(response_id):
                assert self.response == response_id
            case fx.Audio() | fx.SpokenText() | fx.Word() | fx.Viseme() | fx.SpeechItem():
                assert self.speech == effect.response_id
            case fx.SpeechClosed(response_id):
                assert self.speech == response_id
                self.speech = None
            case fx.ResponseClosed(response_id):
                assert self.speech is None
                assert self.response == response_id
                self.response = None
            case fx.ResponseFinished(response):
                assert response.id not in self._finished
                self._finished.add(response.id)
            case _:
                pass

    def assert_closed(self) -> None:
        assert self.response is None
        assert self.speech is None
        assert self._opened <= self._finished


class Whole:
    """What was spoken comes out whole: all text and all visemes of an answer that was not interrupted."""

    def __init__(self) -> None:
        self._written: dict[str, str] = defaultdict(str)
        self._spoken: dict[str, str] = defaultdict(str)
        self._items: dict[str, set[str]] = defaultdict(set)

    def check(self, effect: fx.Effect) -> None:
        match effect:
            case fx.TextDelta(response_id, item_id, delta, spoken=True):
                self._written[item_id] += delta
                self._items[response_id].add(item_id)
            case fx.SpokenText(_, item_id, text):
                self._spoken[item_id] += text
                assert self._written[item_id].startswith(self._spoken[item_id])
            case fx.Audio(audio=sound):
                assert sound
                assert len(sound) % 2 == 0
            case fx.ResponseClosed(response_id, interrupted=False):
                for item_id in self._items[response_id]:
                    assert self._spoken[item_id] == self._written[item_id]
            case _:
                pass


class CallersTurns:
    """The caller begins and ends to speak by turns."""

    def __init__(self) -> None:
        self.speaking = False

    def check(self, effect: fx.Effect) -> None:
        if isinstance(effect, fx.UserSpeechStarted):
            assert not self.speaking
            self.speaking = True
        elif isinstance(effect, fx.UserSpeechStopped):
            assert self.speaking
            self.speaking = False


class Transcripts:
    """What the caller said is told once an item, and never empty."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def check(self, effect: fx.Effect) -> None:
        if isinstance(effect, fx.UserTranscript | fx.UserTranscriptFailed):
            assert effect.item_id not in self._told
            self._told.add(effect.item_id)
        if isinstance(effect, fx.UserTranscript):
            assert effect.text.strip()
