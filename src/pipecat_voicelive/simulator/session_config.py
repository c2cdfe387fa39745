"""The options of a session: accepting updates, and what they mean for everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecat_voicelive.protocol.audio import input_format
from pipecat_voicelive.simulator.avatar.options import AvatarOptions, avatar_options, reported_avatar
from pipecat_voicelive.simulator.contracts import default_prefix_padding_ms
from pipecat_voicelive.simulator.conversation_errors import cannot_update_voice, no_synthesizer
from pipecat_voicelive.simulator.defaults import created_session, turn_settings, updated_session
from pipecat_voicelive.simulator.errors_wire import RefusedError, invalid_value
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.input_audio import InputFormat
from pipecat_voicelive.simulator.listening import TranscriptionOptions
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.session_checks import check_session
from pipecat_voicelive.simulator.sources import (
    API_REFERENCE,
    AVATAR_SAMPLE,
    ECHO_SAMPLE,
    LIVE_TESTS,
    OPENAI_REALTIME,
    PROBES,
    SPECIFICATION,
    TRUNCATION,
)
from pipecat_voicelive.simulator.turn_detection import TurnSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTaking:
    """Turn detection that is on.

    Attributes:
        detection: How turns are found.
        create_response: Whether the end of a turn brings a response.
        interrupt_response: Whether speech stops a response.
        auto_truncate: Whether the service cuts the interrupted item itself.
        ignores_fillers: Whether fillers said while the bot speaks are no turn.
        unfinished_wait_ms: How much longer the silence must be after words that look unfinished.
        unfinished_level: How easily words look unfinished.
        languages: The languages whose words it understands, as "en"; empty for all.
        appended_text: What the conversation holds in place of what the service cut off.
    """

    detection: TurnSettings
    create_response: bool
    interrupt_response: bool
    auto_truncate: bool
    ignores_fillers: bool
    unfinished_wait_ms: int
    unfinished_level: str
    languages: frozenset[str] = frozenset()
    appended_text: str | None = None

    def understands(self, language: str) -> bool:
        """Whether what is said in a language, e.g. "en-US", has any influence on turns."""
        return not self.languages or language.split("-")[0].lower() in self.languages


class SessionConfig:
    """The session's options, as the service keeps and reports them.

    Args:
        model: What the session runs on.
        session_id: `sess_...`.
        expires_at: Unix seconds at which the session would end.
        thread_id: The conversation of an agent; None for a model.
        strict: Refuse what is only said to be refused: unknown members, another type of turn detection or
            another Azure voice in mid-session.
        merge_updates: Whether members that an update leaves out stay as they were; else they fall back to
            their defaults.
        api_version: What the client named in the URL.
        ice_servers: Given to clients that bring none for their avatar.
    """

    def __init__(
        self,
        model: Model,
        *,
        session_id: str,
        expires_at: int,
        strict: bool,
        merge_updates: bool,
        api_version: str = "2026-07-15",
        thread_id: str | None = None,
        ice_servers: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.model = model
        self.api_version = api_version
        self._session_id = session_id
        self._expires_at = expires_at
        self._thread_id = thread_id
        self._strict = strict
        self._merge_updates = merge_updates
        self._ice_servers = ice_servers
        self._requested: dict[str, Any] | None = None
        self._effective = created_session(
            model, session_id=session_id, expires_at=expires_at, thread_id=thread_id
        )
        self._turn_taking = _turn_taking(self._effective["turn_detection"], api_version)

    @property
    def effective(self) -> dict[str, Any]:
        """The whole session as reported to the client."""
        return self._effective

    @property
    def was_updated(self) -> bool:
        """Whether an update has been accepted."""
        return self._requested is not None

    @rule(
        "update-replaces",
        "What a `session.update` leaves out falls back to its default, and `session.updated` reports the "
        "whole session. A refused update changes nothing.",
        TRUNCATION.at("raw JSON"),
        AVATAR_SAMPLE.at("session.update with a scene"),
        PROBES.at("replace, not merge"),
        topic=Topic.SESSION,
        conflict="the specification says that only present members change; `merge_session_updates=True` does "
        "that.",
    )
    @rule(
        "null-switches-off",
        "An explicit null switches turn detection off, and so with transcription, noise reduction, echo "
        "cancellation and the rest; turn detection that is left out is on.",
        LIVE_TESTS.at("turn_detection"),
        topic=Topic.SESSION,
    )
    def update(self, session: dict[str, Any], *, has_spoken: bool) -> None:
        """Accept an update.

        Args:
            session: The members of the `session.update`.
            has_spoken: Whether the conversation holds assistant audio.

        Raises:
            RefusedError: The service would refuse it; nothing changes then.
        """
        requested = {**(self._requested or {}), **session} if self._merge_updates else dict(session)
        check_session(requested, self.model, api_version=self.api_version, strict=self._strict)
        effective = updated_session(
            self.model,
            requested,
            session_id=self._session_id,
            expires_at=self._expires_at,
            prefix_padding_ms=default_prefix_padding_ms(self.api_version, azure=False),
            thread_id=self._thread_id,
        )
        if effective["avatar"] is not None:
            effective["avatar"] = reported_avatar(effective["avatar"], self._ice_servers)
        if self._requested is not None:
            if session.get("voice") and requested.get("modalities") == ["text"]:
                raise no_synthesizer()
            self._check_change(effective, names_voice=bool(session.get("voice")), has_spoken=has_spoken)
        self._requested, self._effective = requested, effective
        self._turn_taking = _turn_taking(effective["turn_detection"], self.api_version)

    def _check_change(self, after: dict[str, Any], *, names_voice: bool, has_spoken: bool) -> None:
        before = self._effective
        stays = before["voice"]["type"] == "openai" or (self._strict and names_voice)
        if has_spoken and stays and after["voice"] != before["voice"]:
            raise cannot_update_voice()
        _check_echo_change(before, after)
        if self._strict:
            _check_turns_change(before, after)
            _check_avatar_change(before, after)

    @property
    def avatar(self) -> AvatarOptions | None:
        """The avatar that speaks the answers, if there is one."""
        avatar: dict[str, Any] | None = self._effective["avatar"]
        return None if avatar is None else avatar_options(avatar)

    @property
    def input_format(self) -> InputFormat:
        """What the client appends."""
        session = self._effective
        echo: dict[str, Any] = session["input_audio_echo_cancellation"] or {}
        audio = input_format(session["input_audio_format"], session["input_audio_sampling_rate"])
        return InputFormat(audio, channels=echo.get("channels") or 1)

    @property
    def turn_taking(self) -> TurnTaking | None:
        """How the service takes turns; None if the client does."""
        return self._turn_taking

    @property
    def transcription(self) -> TranscriptionOptions | None:
        """How the client is told what the caller said; None if it is not."""
        options: dict[str, Any] | None = self._effective["input_audio_transcription"]
        if options is None:
            return None
        include: list[str] = self._effective["include"] or []
        return TranscriptionOptions(
            language=str(options.get("language") or "en-US").split(",")[0],
            streams=str(options.get("model")).startswith("gpt-4o-")
            or str(options.get("model")).endswith("-streaming"),
            with_logprobs="item.input_audio_transcription.logprobs" in include,
            with_phrases="item.input_audio_transcription.phrases" in include,
            rate_hz=self.input_format.audio.rate_hz,
        )


@rule(
    "echo-channels-fixed",
    "The channels and the reference of an echo cancellation cannot change during a session: "
    "`change_in_ec_channels_not_allowed`. While the client gives the reference, neither can the format of "
    "its audio.",
    API_REFERENCE.at("input_audio_echo_cancellation"),
    ECHO_SAMPLE.at("Validation rules"),
    topic=Topic.INPUT_AUDIO,
)
def _check_echo_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = before["input_audio_echo_cancellation"], after["input_audio_echo_cancellation"]
    if not old or not new:
        return
    if (old["channels"], old["reference_source"]) != (new["channels"], new["reference_source"]):
        raise RefusedError(
            "change_in_ec_channels_not_allowed",
            "Echo cancellation channels cannot change during a session.",
            "session.input_audio_echo_cancellation",
        )
    for name in ("input_audio_format", "input_audio_sampling_rate"):
        if new["channels"] == 2 and before[name] != after[name]:
            raise invalid_value("The audio beside an echo reference keeps its format.", f"session.{name}")


@rule(
    "turn-detection-keeps-type",
    "The type of turn detection cannot change during a session; it can be switched off and on.",
    PROBES.at("turn_detection"),
    topic=Topic.TURN_DETECTION,
    conflict="no document says so; `strict=False` lets it change.",
)
def _check_turns_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = before["turn_detection"], after["turn_detection"]
    if old and new and old["type"] != new["type"]:
        raise invalid_value(
            "The type of turn detection cannot change during a session.", "session.turn_detection.type"
        )


@rule(
    "avatar-scene-changes",
    "Of an avatar only the scene can change during a session.",
    AVATAR_SAMPLE.at("session.update with a scene"),
    SPECIFICATION.at("AvatarConfig"),
    topic=Topic.AVATARS,
    conflict="no document says that the rest cannot; `strict=False` lets it change.",
)
def _check_avatar_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = before["avatar"], after["avatar"]
    if old and new and {**old, "scene": None} != {**new, "scene": None}:
        raise invalid_value("Only the scene of an avatar can change during a session.", "session.avatar")


_EAGERNESS_WAITS_MS = {"low": 8000, "high": 2000}
_MEDIUM_EAGERNESS_WAIT_MS = 4000


def _turn_taking(turns: dict[str, Any] | None, api_version: str) -> TurnTaking | None:
    if turns is None:
        return None
    ending: dict[str, Any] = turns.get("end_of_utterance_detection") or {}
    return TurnTaking(
        detection=turn_settings(turns, api_version),
        create_response=turns["create_response"] is not False,
        interrupt_response=turns["interrupt_response"] is not False,
        auto_truncate=turns["auto_truncate"] is True,
        ignores_fillers=turns.get("remove_filler_words") is True,
        unfinished_wait_ms=_unfinished_wait_ms(turns),
        unfinished_level=ending.get("threshold_level") or "default",
        languages=_languages(turns),
        appended_text=turns.get("appended_text_after_truncation"),
    )


_MULTILINGUAL = frozenset({"en", "es", "fr", "it", "de", "ja", "pt", "zh", "ko", "hi"})


@rule(
    "semantic-languages",
    "What is said decides about turns in English only with azure_semantic_vad and azure_semantic_vad_en, in "
    "ten languages with azure_semantic_vad_multilingual; `languages` names others.",
    API_REFERENCE.at("turn_detection"),
    topic=Topic.TURN_DETECTION,
    conflict="no document says what the service does in other languages: it goes by silence alone here.",
)
def _languages(turns: dict[str, Any]) -> frozenset[str]:
    named: list[str] = turns.get("languages") or []
    if named:
        return frozenset(language.split("-")[0].lower() for language in named)
    match turns["type"]:
        case "azure_semantic_vad" | "azure_semantic_vad_en":
            return frozenset({"en"})
        case "azure_semantic_vad_multilingual":
            return _MULTILINGUAL
        case _:
            return frozenset()


@rule(
    "eagerness",
    "semantic_vad waits for the rest of words that look unfinished for 8 seconds at a low eagerness, 4 at a "
    "medium one, which is also auto, and 2 at a high one.",
    API_REFERENCE.at("turn_detection.eagerness"),
    OPENAI_REALTIME.at("semantic_vad"),
    topic=Topic.TURN_DETECTION,
    holds_for="native OpenAI models",
)
def _unfinished_wait_ms(turns: dict[str, Any]) -> int:
    """How long to wait for more: by the detection of the end, or by the eagerness of semantic detection."""
    if turns["type"] == "semantic_vad":
        return _EAGERNESS_WAITS_MS.get(turns.get("eagerness") or "", _MEDIUM_EAGERNESS_WAIT_MS)
    detection: dict[str, Any] | None = turns.get("end_of_utterance_detection")
    if detection is None:
        return 0
    timeout_ms = detection.get("timeout_ms")
    if timeout_ms is None and detection.get("timeout") is not None:  # seconds, in the first version
        timeout_ms = detection["timeout"] * 1000
    return 1000 if timeout_ms is None else round(timeout_ms)
