"""Where the rules of the simulator are known from. `Source.at` names the place in a source."""

from __future__ import annotations

from datetime import date

from pipecat_voicelive.simulator.fidelity import Kind, Source

_LOOKED_AT = date(2026, 11, 21)
_LEARN = "https://learn.microsoft.com/azure/ai-services/speech-service/"
_SPECIFICATION = (
    "https://github.com/Azure/azure-rest-api-specs/tree/main/specification/ai/data-plane/VoiceLive"
)
_RECORDINGS = (
    "https://github.com/pydantic/pydantic-ai/tree/main/tests/realtime/cassettes/test_azure_voice_live_ws"
)

VOICE_TURN = Source(Kind.TAPE, "native-voice-turn", _LOOKED_AT, _RECORDINGS)
TEXT_TURN = Source(Kind.TAPE, "native-text-in-audio-out", _LOOKED_AT, _RECORDINGS)
TOOL_CALL = Source(Kind.TAPE, "native-tool-call", _LOOKED_AT, _RECORDINGS)
CASCADED_TAPES = Source(Kind.TAPE, "public recordings of gpt-4.1 and gpt-5 with Azure voices", _LOOKED_AT)
LIVE_TESTS = Source(
    Kind.TAPE,
    "what the SDK's tests assert of the live service",
    _LOOKED_AT,
    "https://pypi.org/project/azure-ai-voicelive/1.3.1/#files",
)

OTHER_LIVE_TESTS = Source(
    Kind.TAPE,
    "what the tests of the .NET and JavaScript SDKs assert of the live service",
    _LOOKED_AT,
    "https://github.com/Azure/azure-sdk-for-net",
)

API_REFERENCE = Source(
    Kind.DOCUMENTATION,
    "API reference 2026-07-15",
    _LOOKED_AT,
    f"{_LEARN}voice-live-api-reference-2026-07-15",
)
PREVIEW_REFERENCE = Source(
    Kind.DOCUMENTATION,
    "API reference 2026-06-01-preview",
    _LOOKED_AT,
    f"{_LEARN}voice-live-api-reference-2026-06-01-preview",
)
HOW_TO = Source(Kind.DOCUMENTATION, "How to use Voice Live", _LOOKED_AT, f"{_LEARN}voice-live-how-to")
OVERVIEW = Source(Kind.DOCUMENTATION, "Voice Live overview", _LOOKED_AT, f"{_LEARN}voice-live")
FAQ = Source(Kind.DOCUMENTATION, "Voice Live FAQ", _LOOKED_AT, f"{_LEARN}voice-live-faq")
LANGUAGES = Source(
    Kind.DOCUMENTATION, "Voice Live languages", _LOOKED_AT, f"{_LEARN}voice-live-language-support"
)
CUSTOMIZE = Source(Kind.DOCUMENTATION, "Customize speech", _LOOKED_AT, f"{_LEARN}voice-live-how-to-customize")
TRUNCATION = Source(
    Kind.DOCUMENTATION, "Auto truncation", _LOOKED_AT, f"{_LEARN}how-to-voice-live-auto-truncation"
)
INTERIM = Source(
    Kind.DOCUMENTATION, "Interim responses", _LOOKED_AT, f"{_LEARN}how-to-voice-live-interim-response"
)
PROACTIVE = Source(
    Kind.DOCUMENTATION, "Proactive messages", _LOOKED_AT, f"{_LEARN}how-to-voice-live-proactive-messages"
)
HOSTED_AGENTS = Source(
    Kind.DOCUMENTATION, "Hosted agents", _LOOKED_AT, f"{_LEARN}how-to-voice-live-hosted-agent-integration"
)
OWN_MODELS = Source(
    Kind.DOCUMENTATION, "Bring your own model", _LOOKED_AT, f"{_LEARN}how-to-bring-your-own-model"
)
SSML = Source(
    Kind.DOCUMENTATION,
    "Voice and sound with SSML",
    _LOOKED_AT,
    f"{_LEARN}speech-synthesis-markup-voice",
)
VISEMES = Source(Kind.DOCUMENTATION, "Visemes", _LOOKED_AT, f"{_LEARN}how-to-speech-synthesis-viseme")
QUOTAS = Source(
    Kind.DOCUMENTATION, "Quotas and limits", _LOOKED_AT, f"{_LEARN}speech-services-quotas-and-limits"
)
FIRST_HOW_TO = Source(Kind.DOCUMENTATION, "the how-to page of 2025-05-01-preview", _LOOKED_AT)
SPECIFICATION = Source(Kind.DOCUMENTATION, "TypeSpec of Voice Live", _LOOKED_AT, _SPECIFICATION)
V1_SPECIFICATION = Source(Kind.DOCUMENTATION, "TypeSpec of v1", _LOOKED_AT, f"{_SPECIFICATION}/v1")
CHANGELOG = Source(
    Kind.DOCUMENTATION,
    "changelog of azure-ai-voicelive",
    _LOOKED_AT,
    "https://pypi.org/project/azure-ai-voicelive/1.3.1/",
)
ECHO_SAMPLE = Source(
    Kind.DOCUMENTATION,
    "Microsoft's sample live-reference-aec",
    _LOOKED_AT,
    "https://github.com/microsoft-foundry/voicelive-samples/tree/main/javascript/live-reference-aec",
)
AVATAR_SAMPLE = Source(
    Kind.DOCUMENTATION,
    "Microsoft's sample voice-live-avatar",
    _LOOKED_AT,
    "https://github.com/microsoft-foundry/voicelive-samples/tree/main/python/voice-live-avatar",
)
MCP_SAMPLE = Source(
    Kind.DOCUMENTATION,
    "Microsoft's MCP quickstart",
    _LOOKED_AT,
    "https://github.com/microsoft-foundry/voicelive-samples/tree/main/python/voice-live-quickstarts",
)

SDK = Source(
    Kind.SDK, "azure-ai-voicelive 1.3.1", _LOOKED_AT, "https://pypi.org/project/azure-ai-voicelive/1.3.1/"
)

PIPECAT = Source(
    Kind.OBSERVATION,
    "Pipecat 1.14's service and its comments",
    _LOOKED_AT,
    "https://github.com/pipecat-ai/pipecat/tree/main/src/pipecat/services/azure/voice_live",
)
PROBES = Source(Kind.OBSERVATION, "others' probes of 2025-10-01, August 2026", _LOOKED_AT)
CLIENT_TEST = Source(Kind.OBSERVATION, "what a client of others expects in its tests", _LOOKED_AT)

OPENAI_REALTIME = Source(
    Kind.INFERENCE,
    "OpenAI's Realtime API, which is behind native models",
    _LOOKED_AT,
)
OUR_CHOICE = Source(Kind.INFERENCE, "nothing says it; our choice", _LOOKED_AT)
