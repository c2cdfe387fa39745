"""What `pipecat eval` needs to run by itself: a voice for its user, and a judge that keeps to rules.

Both are factories that a scenario file names:

    user:
      modality: audio
      speech: {factory: pipecat_voicelive.testing.evals.voice, voice: en-us+m3}
    judge:
      eval:
        factory: pipecat_voicelive.testing.evals.judge
        explainer: false
        criteria:
          "tells how warm it is": "21 degrees"
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from pipecat.classifiers.base_classifier import (
    BaseClassifier,
    ChoiceQuestion,
    ChoiceResult,
    ClassifierError,
    ClassifierImage,
    ClassifierQuestion,
    ClassifierResult,
    YesNoQuestion,
    YesNoResult,
)
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.simulator.speech import open_speaker
from pipecat_voicelive.simulator.utterance import Speaker
from pipecat_voicelive.testing.calls.voice import CALLER_VOICE, spoken

_VOICE_OPTIONS = {"factory", "voice", "language", "speed", "sample_rate"}
_JUDGE_OPTIONS = {"factory", "criteria", "explainer", "explain_below", "allow_continue"}


def voice(config: Mapping[str, Any]) -> TTSService:
    """The simulator's own voice (espeak-ng) for the user of an eval.

    Args:
        config: The `user.speech` block: `voice` (of Azure, OpenAI or espeak-ng), `language` (e.g. "de-DE"),
            `speed` (1.0). Name the voice: Pipecat keeps what was spoken under its name.

    Raises:
        ConfigurationError: It has other members.
    """
    _check(config, _VOICE_OPTIONS, "user.speech")
    return LocalVoice(
        voice=str(config.get("voice") or CALLER_VOICE),
        locale=str(config.get("language") or "en-US"),
        rate=float(config.get("speed") or 1.0),
    )


def judge(config: Mapping[str, Any]) -> BaseClassifier:
    """A judge that keeps to rules: each criterion has a pattern that the reply must have in it.

    Args:
        config: The `judge.eval` block. Its `criteria` give for each criterion, in the scenario's words, a
            regular expression that is looked for, whatever its capitals: in the reply; in the name and the
            arguments of a call; in the whole conversation, for the goal of a simulation. A reply that does
            not have it yet may go on, unless `allow_continue` is false. `explainer` must be false, for it
            would be a language model.

    Raises:
        ConfigurationError: A member is missing or wrong.
    """
    _check(config, _JUDGE_OPTIONS, "judge.eval")
    criteria = config.get("criteria")
    if not isinstance(criteria, Mapping) or not criteria:
        raise ConfigurationError("judge.eval.criteria must map each criterion to a regular expression")
    if config.get("explainer") is not False:
        raise ConfigurationError("judge.eval.explainer must be false: an explainer is a language model")
    patterns: dict[str, re.Pattern[str]] = {}
    for criterion, pattern in criteria.items():
        try:
            patterns[str(criterion)] = re.compile(str(pattern), re.IGNORECASE)
        except re.error as error:
            raise ConfigurationError(
                f"judge.eval.criteria: {pattern!r} is no regular expression ({error})"
            ) from None
    return RuleJudge(patterns)


def _check(config: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = set(config) - known
    if unknown:
        raise ConfigurationError(
            f"{where} has no {', '.join(map(repr, sorted(unknown)))}; it has {', '.join(sorted(known))}"
        )


class LocalVoice(TTSService):
    """Speaks with the simulator's speaker, which runs on this machine."""

    def __init__(self, *, voice: str, locale: str, rate: float) -> None:
        super().__init__(settings=TTSSettings(model=None, voice=voice, language=locale))
        self._voice, self._locale, self._rate = voice, locale, rate
        self._speaker: Speaker | None = None

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak a text."""
        self._speaker = self._speaker or await open_speaker()
        pcm = await spoken(
            self._speaker, text, self.sample_rate, voice=self._voice, locale=self._locale, rate=self._rate
        )
        yield TTSStartedFrame(context_id=context_id)
        yield TTSAudioRawFrame(pcm, self.sample_rate, 1, context_id=context_id)
        yield TTSStoppedFrame(context_id=context_id)

    async def stop(self, frame: EndFrame) -> None:
        """End the voice."""
        await super().stop(frame)
        await self._close()

    async def cancel(self, frame: CancelFrame) -> None:
        """End the voice."""
        await super().cancel(frame)
        await self._close()

    async def _close(self) -> None:
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            await speaker.aclose()


class RuleJudge(BaseClassifier):
    """Answers what it has a pattern for, by looking for it.

    Args:
        patterns: By criterion.
    """

    def __init__(self, patterns: Mapping[str, re.Pattern[str]]) -> None:
        super().__init__()
        self._patterns = patterns

    @property
    def model(self) -> str:
        """What metrics call it."""
        return "rules"

    async def _ask(
        self,
        state: str | dict[str, Any] | list[Any],
        questions: Mapping[str, ClassifierQuestion],
        images: Sequence[ClassifierImage] = (),  # noqa: ARG002 - it has no eyes
    ) -> tuple[dict[str, ClassifierResult], LLMTokenUsage | None]:
        return {name: self._answer(state, question) for name, question in questions.items()}, None

    def _answer(
        self, state: str | dict[str, Any] | list[Any], question: ClassifierQuestion
    ) -> ClassifierResult:
        holds = self._pattern(str(question.instructions)).search(_evidence(state)) is not None
        match question:
            case YesNoQuestion():
                return YesNoResult(probability=float(holds))
            case ChoiceQuestion(options=options):
                # Of a reply: yes, no, continue. Of a turn of a simulation: meets, fails, not_applicable.
                wanted = ("yes", "meets") if holds else ("continue", "no", "fails")
                choice = next(option for option in wanted if option in options)
                chances = {option: float(option == choice) for option in options}
                return ChoiceResult(choice=choice, probabilities=chances, confidence=1.0)
            case _:
                raise ClassifierError("a rule says yes or no; it gives no scores")

    def _pattern(self, instructions: str) -> re.Pattern[str]:
        fitting = [one for one in self._patterns if one.strip() in instructions]
        if not fitting:
            raise ClassifierError("judge.eval.criteria has no pattern for a criterion of this scenario")
        return self._patterns[max(fitting, key=len)]


def _evidence(state: str | dict[str, Any] | list[Any]) -> str:
    """What is judged: the latest reply, a call, or all that was said."""
    match state:
        case {"latest_bot_reply": str(reply)}:
            return reply
        case {"call": call}:
            return json.dumps(call)
        case {"conversation": list(entries)}:
            return "\n".join(f"{entry['speaker']}: {entry['text']}" for entry in entries)
        case _:
            return str(state)
