"""Every API version with every option, over a real socket, to a service that is as strict as the version."""

import math

import pytest

from pipecat_voicelive import (
    SessionProperties,
    VoiceLiveClient,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import (
    InputTextDeltaEvent,
    InputTextDoneEvent,
    ResponseProperties,
)
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.protocol.versions import API_VERSIONS
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

from .harness import calling

RED_DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAA"
    "AADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC"
)

EVERYTHING = {
    "modalities": ["text", "audio"],
    "instructions": "Be brief.",
    "voice": {"type": "azure-standard", "name": "en-US-AvaNeural", "rate": "1.1", "style": "cheerful"},
    "input_audio_format": "pcm16",
    "input_audio_sampling_rate": 16000,
    "output_audio_format": "pcm16_16000hz",
    "turn_detection": {
        "type": "azure_semantic_vad",
        "threshold": 0.4,
        "silence_duration_ms": 600,
        "remove_filler_words": True,
        "end_of_utterance_detection": {
            "model": "semantic_detection_v1",
            "threshold_level": "high",
            "timeout_ms": 1500,
        },
    },
    "input_audio_transcription": {"model": "azure-speech", "language": "en-US", "phrase_list": ["Contoso"]},
    "input_audio_noise_reduction": {"type": "azure_deep_noise_suppression"},
    "input_audio_echo_cancellation": {
        "type": "server_echo_cancellation",
        "reference_source": "server",
        "channels": 1,
    },
    "output_audio_timestamp_types": ["word"],
    "animation": {"outputs": ["viseme_id", "blendshapes"]},
    "tools": [
        {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}},
        {"type": "mcp", "server_label": "docs", "server_url": "https://example.com/mcp"},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "temperature": 0.6,
    "max_response_output_tokens": 500,
    "reasoning_effort": "low",
    "interim_response": {"type": "static_interim_response", "texts": ["One moment."]},
    "include": ["item.input_audio_transcription.phrases"],
    "metadata": {"call": "7"},
}
FROM = {
    "2025-10-01": {
        "session.turn_detection.end_of_utterance_detection.threshold_level",
        "session.animation.outputs=blendshapes",
    },
    "2026-01-01-preview": {
        "session.reasoning_effort",
        "session.interim_response",
        "session.tools.type=mcp",
        "item.content.type=input_image",
        "response.metadata",
        "response.reasoning_effort",
    },
    "2026-04-10": {"session.include", "session.metadata"},
    "2026-06-01-preview": {
        "session.parallel_tool_calls",
        "session.input_audio_echo_cancellation.reference_source",
        "session.input_audio_echo_cancellation.channels",
        "input_text.delta",
        "input_text.done",
    },
}
"""What of all that came with which version."""

IMAGE = ConversationItem(
    type="message",
    role="user",
    content=[ItemContent(type="input_image", image_url=RED_DOT)],
)


def connecting(simulator, version, model="gpt-4.1", session=None):
    return VoiceLiveClient(
        endpoint=simulator.endpoint, api_key="k", model=model, api_version=version, session=session
    )


async def until(client, kind, seen):
    """Signals up to and with one of this kind."""
    async for signal in client:
        seen.append(signal)
        if isinstance(signal, kind):
            return


def of(kind, signals):
    return [signal for signal in signals if isinstance(signal, kind)]


@pytest.mark.proves(
    "query.api-version",
    "feature.api-versions",
    "feature.version-warnings",
    "session.input_audio_noise_reduction",
    "session.turn_detection.end_of_utterance_detection.timeout_ms",
    "input_text.delta",
    "input_text.done",
)
@pytest.mark.parametrize("version", API_VERSIONS)
async def test_each_version_is_sent_what_it_has_in_its_own_words_and_the_rest_is_named(version):
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        connecting(simulator, version, session=EVERYTHING) as client,
    ):
        seen = []
        await until(client, effects.SessionReady, seen)
        client.add_item(IMAGE)
        client.send_text("A text to add to.", respond=False)
        await until(client, effects.ItemCreated, seen)
        await until(client, effects.ItemCreated, seen)
        client.send_event(InputTextDeltaEvent(id=seen[-1].item.id, delta=" More."))
        client.send_event(InputTextDoneEvent(id=seen[-1].item.id))
        client.respond(ResponseProperties(metadata={"mine": "1"}, reasoning_effort="low"))
        await until(client, effects.ResponseFinished, seen)

        assert of(effects.SessionRefused, seen) == of(effects.RequestRefused, seen) == []
        lacking = {name for since, names in FROM.items() if since > version for name in names}
        assert [signal.option for signal in of(effects.OptionWithheld, seen)] == sorted(
            lacking, key=[signal.option for signal in of(effects.OptionWithheld, seen)].index
        )
        for signal in of(effects.OptionWithheld, seen):
            since = next(since for since, names in FROM.items() if signal.option in names)
            assert f"API version {version} does not have it" in signal.reason
            assert since in signal.reason
        _check_words(simulator.sessions[-1], version)


def _check_words(session, version):
    """The renamed ones, as they arrived."""
    (update,) = session.received("session.update")
    end = update.session["turn_detection"]["end_of_utterance_detection"]
    if version == "2025-05-01-preview":
        assert end == {"model": "semantic_detection_v1", "timeout": 1.5}
    else:
        assert end == {"model": "semantic_detection_v1", "timeout_ms": 1500, "threshold_level": "high"}
    sampled = "pcm16-16000hz" if version < "2026-01-01" else "pcm16_16000hz"
    assert update.session["output_audio_format"] == sampled
    part = to_plain(session.received("conversation.item.create")[0])["item"]["content"][0]
    if version < "2026-01-01":
        assert part["type"] == "input_text"
    else:
        assert ("image_url" in part, "url" in part) == (version >= "2026-06-01", version < "2026-06-01")
    for event in session.received("input_text.delta"):
        assert isinstance(event.id, str) == (version >= "2026-07-15")


SPECIAL = [
    ("gpt-realtime", {"voice": "marin"}, "session.voice=marin", "2026-01-01-preview"),
    (
        "gpt-realtime",
        {"input_audio_transcription": {"model": "gpt-4o-transcribe-diarize"}},
        "session.input_audio_transcription.model=gpt-4o-transcribe-diarize",
        "2026-04-10",
    ),
    (
        "gpt-4.1",
        {"voice": {"type": "avatar-voice-sync", "model": "DragonLatestNeural"}},
        "session.voice.type=avatar-voice-sync",
        "2026-04-10",
    ),
    (
        "azure-realtime",
        {"voice": {"type": "azure-realtime-native", "name": "ava"}},
        "session.voice.type=azure-realtime-native",
        "2026-06-01-preview",
    ),
    (
        "gpt-4.1",
        {"turn_detection": {"type": "azure_semantic_vad_multilingual"}},
        "session.turn_detection.type=azure_semantic_vad_multilingual",
        "2025-10-01",
    ),
    (
        "gpt-4.1",
        {
            "turn_detection": {
                "type": "azure_semantic_vad",
                "end_of_utterance_detection": {"model": "smart_end_of_turn_detection"},
            }
        },
        "session.turn_detection.end_of_utterance_detection.model=smart_end_of_turn_detection",
        "2026-06-01-preview",
    ),
]


@pytest.mark.parametrize("version", API_VERSIONS)
@pytest.mark.parametrize(
    ("model", "options", "option", "since"),
    SPECIAL,
    ids=[special[2].partition("=")[2] for special in SPECIAL],
)
async def test_values_that_a_version_lacks_are_named_and_the_session_starts_without(
    version, model, options, option, since
):
    only_there = option.endswith("smart_end_of_turn_detection")
    has_it = version == since if only_there else version >= since
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        connecting(simulator, version, model, options) as client,
    ):
        seen = []
        await until(client, effects.SessionReady | effects.SessionRefused, seen)
        withheld = of(effects.OptionWithheld, seen)
        assert [signal.option for signal in withheld] == ([] if has_it else [option])
        assert isinstance(seen[-1], effects.SessionReady)


@pytest.mark.parametrize("version", API_VERSIONS)
async def test_of_an_avatar_each_version_is_sent_what_it_has(version):
    first = {"character": "anika", "customized": False, "video": {"bitrate": 1_000_000}}
    avatar = {
        **first,
        "type": "photo-avatar",
        "model": "vasa-1",
        "scene": {"zoom": 1.2},
        "output_protocol": "websocket",
        "output_audit_audio": True,
        "video": {"bitrate": 1_000_000, "background": {"color": "#FFFFFFFF"}, "gop_size": 20},
    }
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        connecting(simulator, version, session={"avatar": avatar}) as client,
    ):
        seen = []
        await until(client, effects.SessionReady, seen)
        withheld = {signal.option for signal in of(effects.OptionWithheld, seen)}
        sent = simulator.sessions[-1].received("session.update")[0].session["avatar"]
    since_2025 = {"session.avatar.video.background", "session.avatar.video.gop_size"}
    since_2026 = {f"session.avatar.{name}" for name in avatar.keys() - first.keys()}
    if version == "2025-05-01-preview":
        assert (sent, withheld) == (first, since_2025 | since_2026)
    elif version == "2025-10-01":
        assert (sent, withheld) == ({**first, "video": avatar["video"]}, since_2026)
    else:
        assert (sent, withheld) == (avatar, set())


@pytest.mark.parametrize(
    ("version", "padding_ms"), [("2025-10-01", 300), ("2026-04-10", 400), ("2026-07-15", 400)]
)
async def test_the_simulated_defaults_are_those_of_the_version(version, padding_ms):
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        connecting(simulator, version, "gpt-realtime") as client,
    ):
        seen = []
        await until(client, effects.SessionReady, seen)
        assert seen[-1].session.turn_detection["prefix_padding_ms"] == padding_ms


@pytest.mark.proves("session.turn_detection.end_of_utterance_detection.threshold")
async def test_the_first_version_takes_the_threshold_and_the_timeout_it_knew():
    end = {"model": "semantic_detection_v1", "threshold": 0.05, "timeout": 1}
    session = {"turn_detection": {"type": "azure_semantic_vad", "end_of_utterance_detection": end}}
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        connecting(simulator, "2025-05-01-preview", session=session) as client,
    ):
        seen = []
        await until(client, effects.SessionReady, seen)
        told = seen[-1].session.turn_detection["end_of_utterance_detection"]
        assert {**told, **end} == told
        assert of(effects.OptionWithheld, seen) == []


async def test_own_answers_are_told_apart_where_requests_cannot_carry_an_id():
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        connecting(simulator, "2025-10-01", session={}) as client,
    ):
        seen = []
        for text in ("One.", "Two.", "Three."):
            client.send_text(text)
            await until(client, effects.ResponseFinished, seen)
        assert of(effects.OptionWithheld, seen) == []
        assert [len(of(kind, seen)) for kind in (effects.ResponseOpened, effects.RequestRefused)] == [3, 0]
        assert len(simulator.sessions[-1].received("response.create")) == 3


async def test_an_echo_reference_that_the_version_would_take_for_speech_is_refused_early():
    echo = {"type": "server_echo_cancellation", "reference_source": "client", "channels": 2}
    session = SessionProperties(input_audio_echo_cancellation=echo)
    with pytest.raises(ConfigurationError, match="needs api_version 2026-06-01-preview"):
        VoiceLiveClient(
            endpoint="ws://127.0.0.1:1", api_key="k", model="m", api_version="2026-04-10", session=session
        )
    with pytest.raises(ConfigurationError, match="needs api_version 2026-06-01-preview"):
        VoiceLiveLLMService(
            endpoint="ws://127.0.0.1:1",
            api_key="k",
            api_version="2026-04-10",
            settings=VoiceLiveLLMSettings(session_properties=session),
        )


@pytest.mark.proves("feature.version-warnings")
async def test_a_bot_on_an_older_version_talks_and_warns_once_for_each_option(speaker, caplog_loguru):
    properties = SessionProperties(
        input_audio_transcription={"model": "azure-speech"},
        output_audio_format="pcm16_16000hz",
        reasoning_effort="low",
        parallel_tool_calls=True,
    )
    async with calling(
        {"greeting": "Hello.", "turns": [{"user": "How are you?", "say": "Fine."}]},
        speaker,
        settings=VoiceLiveLLMSettings(model="gpt-5", session_properties=properties),
        service_options={"api_key": "key", "api_version": "2025-05-01-preview"},
    ) as call:
        await call.bot_has_spoken()
        await call.say("How are you?")
        await call.bot_has_spoken(2)
        (update,) = call.session.received("session.update")
        assert update.session["output_audio_format"] == "pcm16-16000hz"
    warnings = [line for line in caplog_loguru if line.startswith(("WARNING", "ERROR"))]
    assert len(warnings) == 2
    for name, since in (
        ("session.reasoning_effort", "2026-01-01-preview"),
        ("session.parallel_tool_calls", "2026-06-01-preview"),
    ):
        (line,) = [line for line in warnings if name in line]
        assert line.startswith("WARNING")
        assert since in line
