"""An application's objects stay its own: never changed, never shared, however deep they are."""

import copy
import threading

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema

from pipecat_voicelive import (
    EndOfUtteranceDetection,
    FunctionTool,
    SessionProperties,
    TurnDetection,
    VoiceLiveClient,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.connection.connection import ConnectionOptions
from pipecat_voicelive.protocol.options.base import own_copy
from pipecat_voicelive.service.options import session_options

Settings = VoiceLiveLLMSettings


class Bot:
    """Owner of a tool, with something in it that cannot be copied."""

    def __init__(self):
        self.lock, self.looked = threading.Lock(), 0

    async def look(self, params, city: str):
        """Look at a city.

        Args:
            city: Its name.
        """
        self.looked += 1


def deep_properties():
    return SessionProperties(
        voice={"type": "azure-standard", "name": "a", "prefer_locales": ["en-GB"], "odd": {"deep": [1]}},
        turn_detection=TurnDetection(
            languages=["en"],
            end_of_utterance_detection=EndOfUtteranceDetection(model="semantic_detection_v1", odd=[1]),
        ),
        input_audio_transcription=None,
        tools=[
            FunctionTool(name="f", parameters={"type": "object", "properties": {"a": {"type": "string"}}}),
            {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}},
        ],
        metadata={"a": "1"},
        own_member={"deep": {"deeper": [1]}},
    )


def spoil(properties):
    """Change everything that can be changed inside."""
    properties.voice["prefer_locales"].append("x")
    properties.voice["odd"]["deep"].append(2)
    properties.turn_detection.languages.append("x")
    properties.turn_detection.end_of_utterance_detection.odd.append(2)
    properties.turn_detection.end_of_utterance_detection.timeout_ms = 1
    properties.tools[0].parameters["properties"]["a"]["type"] = "x"
    properties.tools[1]["parameters"]["properties"]["x"] = {}
    properties.tools.append({"type": "function", "name": "x"})
    properties.metadata["x"] = "x"
    properties.own_member["deep"]["deeper"].append(2)
    properties.temperature = 0.1


def service_of(properties, **options):
    return VoiceLiveLLMService(
        endpoint="ws://127.0.0.1:1", api_key="k", settings=Settings(session_properties=properties), **options
    )


def wire(service):
    """The options that a service would send."""
    return session_options(service.settings, service.get_llm_adapter(), None)


def test_a_change_of_ones_objects_after_construction_changes_no_service():
    properties = deep_properties()
    service = service_of(properties)
    before = copy.deepcopy(wire(service))
    spoil(properties)
    assert wire(service) == before


@pytest.mark.proves("feature.options-not-shared")
def test_two_services_of_the_same_objects_share_nothing():
    properties = deep_properties()
    one, two = service_of(properties), service_of(properties)
    before = copy.deepcopy(wire(two))
    spoil(one.settings.session_properties)
    assert wire(one) != before
    assert wire(two) == before
    assert properties == deep_properties()


async def test_an_update_is_not_shared_with_the_services_that_take_it():
    one, two = service_of(SessionProperties()), service_of(SessionProperties())
    delta = Settings(session_properties=deep_properties(), extra={"deep": {"er": [1]}})
    for service in (one, two):
        service.settings.apply_update(delta)
    before = copy.deepcopy(wire(two))
    spoil(one.settings.session_properties)
    one.settings.extra["deep"]["er"].append(2)
    spoil(delta.session_properties)
    assert wire(two) == before
    assert two.settings.extra == {"deep": {"er": [1]}}


def test_a_merge_shares_nothing_with_either_side():
    ours, delta = deep_properties(), deep_properties()
    delta.model_fields_set.discard("metadata")
    merged = ours.merged_with(delta)
    spoil(merged)
    assert ours == deep_properties()
    assert delta == deep_properties()


def test_a_merge_replaces_members_as_a_whole():
    ours = SessionProperties(turn_detection=TurnDetection(threshold=0.4, languages=["en"]), temperature=0.4)
    merged = ours.merged_with(SessionProperties(turn_detection=TurnDetection(silence_duration_ms=300)))
    assert merged.to_wire() == {
        "turn_detection": {"type": "azure_semantic_vad", "silence_duration_ms": 300},
        "temperature": 0.4,
    }


@pytest.mark.parametrize("form", ["function", "schema", "tools schema"])
def test_a_tool_of_a_bot_stays_with_that_bot_and_its_schema_with_the_service(form):
    bot = Bot()
    schema = FunctionSchema("see", "See.", {"city": {"type": "string"}}, ["city"], handler=bot.look)
    tools = {
        "function": [bot.look],
        "schema": [schema],
        "tools schema": ToolsSchema([bot.look, schema]),
    }[form]
    service = service_of(SessionProperties(tools=tools, input_audio_transcription=None))
    before = copy.deepcopy(wire(service))
    assert before["tools"]
    schema.properties["x"] = {}
    schema.required.append("x")
    assert wire(service) == before
    kept = service.settings.session_properties.tools
    if form == "function":
        assert kept == [bot.look]
    else:
        assert [s.handler for s in (kept if form == "schema" else kept.standard_tools)][-1] == bot.look


def test_a_copy_of_options_keeps_what_was_set_and_what_was_not():
    given = deep_properties()
    assert own_copy(given).to_wire() == given.to_wire()
    assert own_copy(given).model_fields_set == given.model_fields_set
    assert own_copy([(1, {2}), None, "a"]) == [(1, {2}), None, "a"]


def test_a_change_of_ones_headers_changes_no_later_connection():
    headers = {"X-Custom": "1"}
    options = ConnectionOptions(headers=headers)
    headers["X-Custom"] = "2"
    assert options.headers == {"X-Custom": "1"}


def test_a_client_leaves_what_it_is_given_as_it_is():
    session = {"tools": [{"type": "function", "name": "f"}], "output_audio_format": "pcm16_16000hz"}
    properties = deep_properties()
    given = copy.deepcopy(session)
    for options in (session, properties):
        client = VoiceLiveClient(
            endpoint="ws://127.0.0.1:1", api_key="k", model="m", api_version="2025-10-01", session=options
        )
        client.configure(options)
    assert session == given
    assert properties == deep_properties()
