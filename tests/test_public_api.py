"""What users may rely on is written down here: a name that goes or changes is seen in this file's history."""

import inspect

import pipecat_voicelive
from pipecat_voicelive import client, questions, simulator

PUBLIC = sorted(
    """
Animation
AuthenticationError
AvatarConfig
AzureAvatarVoiceSyncVoice
AzureCustomVoice
AzurePersonalVoice
AzureRealtimeNativeVoice
AzureStandardVoice
Background
ConfigurationError
ConnectionFailedError
ConnectionOptions
EndOfUtteranceDetection
Failover
FoundryAgent
FoundryAgentTool
FunctionTool
ImageInput
IceServer
InputAudioEchoCancellation
InputAudioNoiseReduction
InputAudioTranscription
LlmInterimResponse
MCPServer
McpApprovalRequest
MemoryOptions
OpenAIVoice
ProtocolError
RecoveryOptions
ResponseProperties
Scene
ServiceError
SessionProperties
StaticInterimResponse
ToolChoiceFunction
TurnDetection
V1Dialect
VideoCrop
VideoParams
VideoResolution
VoiceLiveAgentEventFrame
VoiceLiveAuditAudioFrame
VoiceLiveBlendshapesFrame
VoiceLiveAnnotationFrame
VoiceLiveClient
VoiceLiveError
VoiceLiveLLMAdapter
VoiceLiveLLMService
VoiceLiveLLMSettings
VoiceLiveRespondFrame
VoiceLiveVideoFrame
VoiceLiveVisemeFrame
VoiceLiveWordFrame
""".split()
)

SIMULATOR = """
Aside ClientSent Exchanged Handshake Scenario ServiceSent SimulatedSession Speaker SpokenViseme SpokenWord
TlsFiles ToolCall Turn Utterance VoiceLiveSimulator VoiceTurn open_speaker
Fault FaultFired FaultPlan Noted
Departure ReplayedSession Tape TapeReplay
Call OpenAIBrain Question Reply Say Thinker ThinkingFailedError
""".split()

ERRORS = {
    "VoiceLiveError": "Exception",
    "ConfigurationError": "VoiceLiveError",
    "AuthenticationError": "VoiceLiveError",
    "ConnectionFailedError": "VoiceLiveError",
    "ProtocolError": "VoiceLiveError",
    "ServiceError": "VoiceLiveError",
}

SERVICE = {
    "endpoint": inspect.Parameter.empty,
    "api_key": None,
    "credential": None,
    "token_provider": None,
    "scope": "https://ai.azure.com/.default",
    "api_version": "2026-07-15",
    "dialect": None,
    "agent": None,
    "profile": None,
    "settings": None,
    "start_audio_paused": False,
    "start_video_paused": False,
    "image_input": None,
    "connection_options": None,
    "query": None,
    "send_speech_marks": False,
    "blendshape_rate_hz": 60.0,
    "mcp_approval_timeout_s": 30.0,
    "avatar_media": "client",
    "log_content": False,
    "recovery": None,
    "memory": None,
    "failover": None,
}

SERVICE_METHODS = sorted(
    """
invoke
reset_conversation
send_client_event
send_text_stream
set_audio_input_paused
set_video_input_paused
""".split()
)

CLIENT_METHODS = sorted(
    """
add_item
answer_approval
answer_coming
answer_pending
answer_tool
ask
begin_text
close
commit_turn
configure
connect
connect_avatar
conversation_id
count_downstream
handle
hears_caller
interrupt
invoke
is_open
is_ready
respond
respond_to_results
results_waiting
send_audio
send_event
send_image
send_text speak
speeches
session_info
start_turn
takes_images
turn_answer_ids
""".split()
)


def public(names):
    return sorted(name for name in names if not name.startswith("_"))


def test_the_package_offers_these_names_and_each_can_be_had():
    assert sorted(pipecat_voicelive.__all__) == PUBLIC
    assert all(getattr(pipecat_voicelive, name) for name in PUBLIC)
    assert sorted(dir(pipecat_voicelive)) == PUBLIC


def test_the_simulator_offers_these_names_and_each_can_be_had():
    assert sorted(simulator.__all__) == sorted(SIMULATOR)
    assert all(getattr(simulator, name) for name in SIMULATOR)


def test_every_error_is_one_of_ours():
    for name, base in ERRORS.items():
        assert getattr(pipecat_voicelive, name).__bases__[0].__name__ == base
    assert issubclass(pipecat_voicelive.ConfigurationError, ValueError)


def test_the_service_is_made_with_these_options_by_keyword_only():
    parameters = inspect.signature(pipecat_voicelive.VoiceLiveLLMService.__init__).parameters
    options = {n: p.default for n, p in parameters.items() if n not in ("self", "kwargs")}
    assert options == SERVICE
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in SERVICE)
    assert all(hasattr(pipecat_voicelive.VoiceLiveLLMService, name) for name in SERVICE_METHODS)
    assert pipecat_voicelive.VoiceLiveLLMService.Settings is pipecat_voicelive.VoiceLiveLLMSettings


def test_the_client_has_these_methods():
    assert public({**vars(questions.Asks), **vars(client.VoiceLiveClient)}) == CLIENT_METHODS


def test_everything_public_says_what_it_is():
    for name in PUBLIC:
        assert inspect.getdoc(getattr(pipecat_voicelive, name)), name
