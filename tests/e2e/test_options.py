"""Every option and every value of it, as the classes have it, over a real socket to the service."""

import math

import pytest

from pipecat_voicelive import (
    Animation,
    AvatarConfig,
    AzureAvatarVoiceSyncVoice,
    AzureCustomVoice,
    AzurePersonalVoice,
    AzureRealtimeNativeVoice,
    AzureStandardVoice,
    Background,
    EndOfUtteranceDetection,
    FoundryAgentTool,
    FunctionTool,
    IceServer,
    InputAudioEchoCancellation,
    InputAudioNoiseReduction,
    InputAudioTranscription,
    LlmInterimResponse,
    MCPServer,
    OpenAIVoice,
    Scene,
    SessionProperties,
    StaticInterimResponse,
    ToolChoiceFunction,
    TurnDetection,
    VideoCrop,
    VideoParams,
    VideoResolution,
    VoiceLiveClient,
)
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.protocol.server_events import SessionUpdated
from pipecat_voicelive.session.effects import SessionReady, SessionRefused
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

HOW = {
    "temperature": 0.7,
    "custom_lexicon_url": "https://example.com/lexicon.xml",
    "custom_text_normalization_url": "https://example.com/rules.json",
    "prefer_locales": ["en-GB", "pt-PT"],
    "locale": "en-GB",
    "style": "cheerful",
    "pitch": "+5%",
    "rate": "1.2",
    "volume": "-10%",
}


async def taken(*, model="gpt-4.1", **options):
    """What the service was sent, and what it says it has, for options that it takes."""
    options = SessionProperties(**options)
    async with (
        VoiceLiveSimulator(speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(endpoint=simulator.endpoint, api_key="k", model=model, session=options) as client,
    ):
        async for signal in client:
            assert not isinstance(signal, SessionRefused), signal.error.message
            if isinstance(signal, SessionReady):
                (update,) = simulator.sessions[0].received("session.update")
                return update.session, to_plain(SessionUpdated(session=signal.session))["session"]
    raise AssertionError("the connection was lost")


def holds(has, wanted):
    """Whether the service has what was wanted; it may say more of each object."""
    if isinstance(wanted, dict) and isinstance(has, dict):
        return all(holds(has.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(has, list) and len(has) == len(wanted):
        return all(map(holds, has, wanted))
    return has == wanted


async def goes_through(wire, *, model="gpt-4.1", **options):
    sent, has = await taken(model=model, **options)
    assert sent == wire
    assert holds(has, wire)


# --- voices ------------------------------------------------------------------------------------------


@pytest.mark.proves(
    "feature.voices",
    "session.voice",
    "session.voice.type",
    "session.voice.name",
    "session.voice.temperature",
    "session.voice.custom_lexicon_url",
    "session.voice.custom_text_normalization_url",
    "session.voice.prefer_locales",
    "session.voice.locale",
    "session.voice.style",
    "session.voice.pitch",
    "session.voice.rate",
    "session.voice.volume",
    "session.voice.endpoint_id",
    "session.voice.model",
    "voice=openai",
    "voice=azure-standard",
    "voice=azure-custom",
    "voice=azure-personal",
    "voice=azure-realtime-native",
    "voice=avatar-voice-sync",
)
@pytest.mark.parametrize(
    ("voice", "wire", "model"),
    [
        (OpenAIVoice(name="cedar"), {"type": "openai", "name": "cedar"}, "gpt-realtime"),
        (
            AzureStandardVoice(name="en-US-Ava:DragonHDLatestNeural", **HOW),
            {"type": "azure-standard", "name": "en-US-Ava:DragonHDLatestNeural", **HOW},
            "gpt-4.1",
        ),
        (
            AzureCustomVoice(name="ours", endpoint_id="e-1", **HOW),
            {"type": "azure-custom", "name": "ours", "endpoint_id": "e-1", **HOW},
            "gpt-4.1",
        ),
        (
            AzurePersonalVoice(name="mine", model="DragonLatestNeural", **HOW),
            {"type": "azure-personal", "name": "mine", "model": "DragonLatestNeural", **HOW},
            "gpt-4.1",
        ),
        (
            AzureAvatarVoiceSyncVoice(model="DragonLatestNeural", **HOW),
            {"type": "avatar-voice-sync", "model": "DragonLatestNeural", **HOW},
            "gpt-4.1",
        ),
        (
            AzureRealtimeNativeVoice(name="ava", temperature=0.6),
            {"type": "azure-realtime-native", "name": "ava", "temperature": 0.6},
            "azure-realtime",
        ),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
async def test_every_kind_of_voice_goes_through_with_all_its_members(voice, wire, model):
    await goes_through({"voice": wire}, model=model, voice=voice)


# --- turns -------------------------------------------------------------------------------------------

COMMON = {"create_response": False, "interrupt_response": False, "auto_truncate": True}
BY_SOUND = COMMON | {
    "threshold": 0.4,
    "prefix_padding_ms": 250,
    "silence_duration_ms": 700,
    "speech_duration_ms": 90,
}


@pytest.mark.proves(
    "session.turn_detection",
    "session.turn_detection.type",
    "session.turn_detection.threshold",
    "session.turn_detection.prefix_padding_ms",
    "session.turn_detection.silence_duration_ms",
    "session.turn_detection.speech_duration_ms",
    "session.turn_detection.create_response",
    "session.turn_detection.interrupt_response",
    "session.turn_detection.auto_truncate",
    "session.turn_detection.appended_text_after_truncation",
    "session.turn_detection.remove_filler_words",
    "session.turn_detection.languages",
    "session.turn_detection.eagerness",
    "turn_detection=server_vad",
    "turn_detection=semantic_vad",
    "turn_detection=azure_semantic_vad",
    "turn_detection=azure_semantic_vad_en",
    "turn_detection=azure_semantic_vad_multilingual",
    "eagerness=auto",
    "eagerness=low",
    "eagerness=high",
)
@pytest.mark.parametrize(
    "members",
    [
        {"type": "server_vad", **BY_SOUND},
        {"type": "semantic_vad", "eagerness": "auto", **COMMON},
        {"type": "semantic_vad", "eagerness": "low", **COMMON},
        {"type": "semantic_vad", "eagerness": "high", **COMMON},
        {
            "type": "azure_semantic_vad",
            "remove_filler_words": True,
            "appended_text_after_truncation": "(cut off)",
            **BY_SOUND,
        },
        {"type": "azure_semantic_vad_en", "remove_filler_words": True, **BY_SOUND},
        {"type": "azure_semantic_vad_multilingual", "languages": ["en", "pt"], **BY_SOUND},
    ],
    ids=lambda members: members["type"],
)
async def test_every_turn_detection_goes_through_with_all_its_members(members):
    await goes_through(
        {"turn_detection": members}, model="gpt-realtime", turn_detection=TurnDetection(**members)
    )


@pytest.mark.proves(
    "feature.end-of-utterance",
    "session.turn_detection.end_of_utterance_detection",
    "session.turn_detection.end_of_utterance_detection.model",
    "session.turn_detection.end_of_utterance_detection.threshold_level",
    "session.turn_detection.end_of_utterance_detection.timeout_ms",
    "end_of_utterance_detection=semantic_detection_v1",
    "end_of_utterance_detection=semantic_detection_v1_en",
    "end_of_utterance_detection=semantic_detection_v1_multilingual",
    "threshold_level=low",
    "threshold_level=medium",
    "threshold_level=high",
    "threshold_level=default",
)
@pytest.mark.parametrize("level", ["low", "medium", "high", "default"])
@pytest.mark.parametrize(
    "model", ["semantic_detection_v1", "semantic_detection_v1_en", "semantic_detection_v1_multilingual"]
)
async def test_every_end_of_utterance_detection_goes_through(model, level):
    end = {"model": model, "threshold_level": level, "timeout_ms": 1500}
    detection = TurnDetection(end_of_utterance_detection=EndOfUtteranceDetection(**end))
    wire = {"type": "azure_semantic_vad", "end_of_utterance_detection": end}
    await goes_through({"turn_detection": wire}, turn_detection=detection)


# --- what is heard -----------------------------------------------------------------------------------


@pytest.mark.proves(
    "session.input_audio_transcription",
    "session.input_audio_transcription.model",
    "session.input_audio_transcription.language",
    "session.input_audio_transcription.phrase_list",
    "session.input_audio_transcription.custom_speech",
    "session.input_audio_transcription.prompt",
    "feature.phrase-list",
    "input_audio_transcription=azure-speech",
    "input_audio_transcription=mai-transcribe",
    "input_audio_transcription=mai-transcribe-1",
    "input_audio_transcription=mai-transcribe-2",
    "input_audio_transcription=whisper-1",
    "input_audio_transcription=gpt-4o-transcribe",
    "input_audio_transcription=gpt-4o-mini-transcribe",
    "input_audio_transcription=gpt-4o-transcribe-diarize",
)
@pytest.mark.parametrize(
    ("transcription", "options"),
    [
        (
            "azure-speech",
            {"language": "en-US,pt-PT", "phrase_list": ["Tagus"], "custom_speech": {"en-US": "m-1"}},
        ),
        ("mai-transcribe", {"language": "en"}),
        ("mai-transcribe-1", {"language": "en"}),
        ("mai-transcribe-2", {"language": "en"}),
        ("whisper-1", {"language": "pt", "prompt": "Rivers."}),
        ("gpt-4o-transcribe", {"language": "pt", "prompt": "Rivers."}),
        ("gpt-4o-mini-transcribe", {"language": "pt", "prompt": "Rivers."}),
        ("gpt-4o-transcribe-diarize", {"language": "pt"}),
    ],
)
async def test_every_transcription_goes_through_with_its_members(transcription, options):
    wire = {"model": transcription, **options}
    await goes_through(
        {"input_audio_transcription": wire},
        model="gpt-realtime",
        input_audio_transcription=InputAudioTranscription(model=transcription, **options),
    )


@pytest.mark.proves(
    "session.input_audio_noise_reduction",
    "session.input_audio_noise_reduction.type",
    "input_audio_noise_reduction=azure_deep_noise_suppression",
    "input_audio_noise_reduction=near_field",
    "input_audio_noise_reduction=far_field",
)
@pytest.mark.parametrize("kind", ["azure_deep_noise_suppression", "near_field", "far_field"])
async def test_every_noise_reduction_goes_through(kind):
    await goes_through(
        {"input_audio_noise_reduction": {"type": kind}},
        model="gpt-realtime",
        input_audio_noise_reduction=InputAudioNoiseReduction(type=kind),
    )


@pytest.mark.proves(
    "session.input_audio_echo_cancellation",
    "session.input_audio_echo_cancellation.type",
    "session.input_audio_echo_cancellation.reference_source",
    "session.input_audio_echo_cancellation.channels",
    "input_audio_echo_cancellation=server_echo_cancellation",
    "reference_source=server",
    "reference_source=client",
)
@pytest.mark.parametrize(("source", "channels"), [("server", 1), ("client", 2)])
async def test_every_echo_cancellation_goes_through(source, channels):
    members = {"reference_source": source, "channels": channels}
    await goes_through(
        {"input_audio_echo_cancellation": {"type": "server_echo_cancellation", **members}},
        input_audio_echo_cancellation=InputAudioEchoCancellation(**members),
    )


# --- what is said, and with what ---------------------------------------------------------------------


@pytest.mark.proves(
    "session.instructions",
    "session.modalities",
    "session.input_audio_format",
    "session.input_audio_sampling_rate",
    "session.output_audio_format",
    "session.output_audio_timestamp_types",
    "session.animation",
    "session.animation.model_name",
    "session.animation.outputs",
    "session.temperature",
    "session.max_response_output_tokens",
    "session.metadata",
    "session.include",
    "modalities=text",
    "modalities=audio",
    "modalities=animation",
    "output_audio_timestamp_types=word",
    "animation.outputs=viseme_id",
    "animation.outputs=blendshapes",
    "include=item.input_audio_transcription.logprobs",
    "include=item.input_audio_transcription.phrases",
    "include=file_search_call.results",
)
async def test_plain_options_go_through():
    plain = {
        "instructions": "Be brief.",
        "modalities": ["text", "audio", "animation"],
        "input_audio_format": "pcm16",
        "input_audio_sampling_rate": 16000,
        "output_audio_format": "pcm16_16000hz",
        "output_audio_timestamp_types": ["word"],
        "animation": {"model_name": "default", "outputs": ["viseme_id", "blendshapes"]},
        "temperature": 0.6,
        "max_response_output_tokens": 900,
        "metadata": {"call": "7"},
        "include": [
            "item.input_audio_transcription.logprobs",
            "item.input_audio_transcription.phrases",
            "file_search_call.results",
        ],
    }
    await goes_through(plain, **plain | {"animation": Animation(**plain["animation"])})


@pytest.mark.proves("session.max_response_output_tokens")
async def test_answers_may_be_as_long_as_they_get():
    await goes_through({"max_response_output_tokens": "inf"}, max_response_output_tokens="inf")


@pytest.mark.proves(
    "session.reasoning_effort",
    "reasoning_effort=none",
    "reasoning_effort=minimal",
    "reasoning_effort=low",
    "reasoning_effort=medium",
    "reasoning_effort=high",
    "reasoning_effort=xhigh",
)
@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh"])
async def test_every_reasoning_effort_goes_through(effort):
    await goes_through({"reasoning_effort": effort}, reasoning_effort=effort)


@pytest.mark.proves(
    "session.interim_response",
    "session.interim_response.type",
    "session.interim_response.triggers",
    "session.interim_response.latency_threshold_ms",
    "session.interim_response.texts",
    "session.interim_response.model",
    "session.interim_response.instructions",
    "session.interim_response.max_completion_tokens",
    "interim_response=static_interim_response",
    "interim_response=llm_interim_response",
    "interim_response.triggers=latency",
    "interim_response.triggers=tool",
)
@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (StaticInterimResponse, {"texts": ["One moment."]}),
        (
            LlmInterimResponse,
            {"model": "gpt-4.1-mini", "instructions": "Stall.", "max_completion_tokens": 20},
        ),
    ],
)
async def test_both_interim_responses_go_through(kind, members):
    members = {"triggers": ["latency", "tool"], "latency_threshold_ms": 800, **members}
    interim = kind(**members)
    await goes_through({"interim_response": {"type": interim.type, **members}}, interim_response=interim)


# --- tools -------------------------------------------------------------------------------------------

FUNCTION = {
    "type": "function",
    "name": "look",
    "description": "Looks.",
    "parameters": {"type": "object", "properties": {}},
}
AGENT = {
    "type": "foundry_agent",
    "agent_name": "planner",
    "project_name": "travel",
    "agent_version": "3",
    "client_id": "id-1",
    "description": "Plans.",
    "foundry_resource_override": "elsewhere",
    "agent_context_type": "no_context",
    "return_agent_response_directly": False,
}
MCP = {
    "type": "mcp",
    "server_label": "wiki",
    "server_url": "https://mcp.example/mcp",
    "authorization": "Bearer t",
    "headers": {"x": "y"},
    "allowed_tools": ["search"],
}


@pytest.mark.proves(
    "session.tools",
    "session.tools.type",
    "session.tools.name",
    "session.tools.description",
    "session.tools.parameters",
    "session.tools.agent_name",
    "session.tools.project_name",
    "session.tools.agent_version",
    "session.tools.client_id",
    "session.tools.foundry_resource_override",
    "session.tools.agent_context_type",
    "session.tools.return_agent_response_directly",
    "tool=function",
    "tool=foundry_agent",
)
@pytest.mark.parametrize(("kind", "wire"), [(FunctionTool, FUNCTION), (FoundryAgentTool, AGENT)])
async def test_functions_and_agents_go_through(kind, wire):
    await goes_through({"tools": [wire]}, tools=[kind(**wire)])


@pytest.mark.proves(
    "session.tools.server_label",
    "session.tools.server_url",
    "session.tools.authorization",
    "session.tools.headers",
    "session.tools.allowed_tools",
    "session.tools.require_approval",
    "tool=mcp",
    "require_approval=always",
    "require_approval=never",
)
@pytest.mark.parametrize("approval", ["always", "never", {"always": ["search"], "never": []}])
async def test_mcp_servers_are_sent_with_all_their_members(approval):
    sent, _ = await taken(tools=[MCPServer(**MCP, require_approval=approval)])
    assert sent == {"tools": [{**MCP, "require_approval": approval}]}


@pytest.mark.proves(
    "session.tool_choice",
    "session.tool_choice.type",
    "session.tool_choice.name",
    "session.parallel_tool_calls",
    "tool_choice=auto",
    "tool_choice=none",
    "tool_choice=required",
    "tool_choice=function",
)
@pytest.mark.parametrize("choice", ["auto", "none", "required", ToolChoiceFunction(name="look")])
async def test_every_tool_choice_goes_through(choice):
    wire = choice if isinstance(choice, str) else {"type": "function", "name": "look"}
    await goes_through(
        {"tools": [FUNCTION], "tool_choice": wire, "parallel_tool_calls": False},
        tools=[FunctionTool(**FUNCTION)],
        tool_choice=choice,
        parallel_tool_calls=False,
    )


# --- avatars -----------------------------------------------------------------------------------------


@pytest.mark.proves(
    "session.avatar",
    "session.avatar.type",
    "session.avatar.character",
    "session.avatar.style",
    "session.avatar.customized",
    "session.avatar.ice_servers",
    "session.avatar.ice_servers.urls",
    "session.avatar.ice_servers.username",
    "session.avatar.ice_servers.credential",
    "session.avatar.video",
    "session.avatar.video.bitrate",
    "session.avatar.video.codec",
    "session.avatar.video.crop",
    "session.avatar.video.crop.top_left",
    "session.avatar.video.crop.bottom_right",
    "session.avatar.video.resolution",
    "session.avatar.video.resolution.width",
    "session.avatar.video.resolution.height",
    "session.avatar.video.background",
    "session.avatar.video.background.color",
    "session.avatar.video.gop_size",
    "session.avatar.output_protocol",
    "session.avatar.output_audit_audio",
    "avatar=video-avatar",
    "avatar.output_protocol=webrtc",
)
async def test_a_video_avatar_goes_through_with_all_its_members():
    avatar = AvatarConfig(
        type="video-avatar",
        character="lisa",
        style="casual-sitting",
        customized=False,
        ice_servers=[IceServer(urls=["turn:turn.example"], username="u", credential="c")],
        video=VideoParams(
            bitrate=1_000_000,
            codec="h264",
            crop=VideoCrop(top_left=[100, 0], bottom_right=[1820, 1080]),
            resolution=VideoResolution(width=860, height=540),
            background=Background(color="#00FF00FF"),
            gop_size=20,
        ),
        output_protocol="webrtc",
        output_audit_audio=True,
    )
    wire = {
        "type": "video-avatar",
        "character": "lisa",
        "style": "casual-sitting",
        "customized": False,
        "ice_servers": [{"urls": ["turn:turn.example"], "username": "u", "credential": "c"}],
        "video": {
            "bitrate": 1_000_000,
            "codec": "h264",
            "crop": {"top_left": [100, 0], "bottom_right": [1820, 1080]},
            "resolution": {"width": 860, "height": 540},
            "background": {"color": "#00FF00FF"},
            "gop_size": 20,
        },
        "output_protocol": "webrtc",
        "output_audit_audio": True,
    }
    sent, has = await taken(avatar=avatar, modalities=["text", "audio", "avatar"])
    assert sent["avatar"] == wire
    assert holds(has["avatar"], {name: value for name, value in wire.items() if name != "ice_servers"})


@pytest.mark.proves(
    "session.avatar.model",
    "session.avatar.scene",
    "session.avatar.scene.zoom",
    "session.avatar.scene.position_x",
    "session.avatar.scene.position_y",
    "session.avatar.scene.rotation_x",
    "session.avatar.scene.rotation_y",
    "session.avatar.scene.rotation_z",
    "session.avatar.scene.amplitude",
    "session.avatar.video.background.image_url",
    "avatar=photo-avatar",
    "avatar.output_protocol=websocket",
    "modalities=avatar",
)
async def test_a_photo_avatar_goes_through_with_its_scene():
    scene = {
        "zoom": 1.2,
        "position_x": 0.1,
        "position_y": -0.1,
        "rotation_x": 0.2,
        "rotation_y": -0.2,
        "rotation_z": 0.05,
        "amplitude": 0.8,
    }
    picture = "https://example.com/room.png"
    avatar = AvatarConfig(
        type="photo-avatar",
        character="anika",
        model="vasa-1",
        scene=Scene(**scene),
        video=VideoParams(background=Background(image_url=picture)),
        output_protocol="websocket",
    )
    wire = {
        "type": "photo-avatar",
        "character": "anika",
        "model": "vasa-1",
        "scene": scene,
        "video": {"background": {"image_url": picture}},
        "output_protocol": "websocket",
    }
    await goes_through(
        {"avatar": wire, "modalities": ["text", "audio", "avatar"]},
        avatar=avatar,
        modalities=["text", "audio", "avatar"],
    )
