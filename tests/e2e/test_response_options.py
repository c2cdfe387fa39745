"""Options of one response, items of every kind, and what else may be asked for, over a real socket."""

import contextlib
import math

import pytest

from pipecat_voicelive import (
    AzureStandardVoice,
    ConnectionOptions,
    EndOfUtteranceDetection,
    FunctionTool,
    SessionProperties,
    StaticInterimResponse,
    ToolChoiceFunction,
    TurnDetection,
    VoiceLiveClient,
)
from pipecat_voicelive.client import EventReceived
from pipecat_voicelive.protocol import client_events as ce
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.session import effects
from pipecat_voicelive.simulator import VoiceLiveSimulator
from pipecat_voicelive.simulator.tone import ToneSpeaker

RED_DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAA"
    "AADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC"
)

SCENARIO = {"turns": [{"user": "Which river?", "say": "The Tagus."}], "otherwise": "Yes."}
QUESTION = ConversationItem(
    type="message", role="user", content=[ItemContent(type="input_text", text="Which river?")]
)


@contextlib.asynccontextmanager
async def talking(model="gpt-4.1", **options):
    """A client whose session is ready, and the session as the simulator has it."""
    async with (
        VoiceLiveSimulator(SCENARIO, speech=ToneSpeaker(), speed=math.inf) as simulator,
        VoiceLiveClient(
            endpoint=simulator.endpoint, api_key="k", model=model, every_event=True, **options
        ) as client,
    ):
        await until(client, effects.SessionReady)
        yield client, simulator.sessions[0]


async def until(client, kind):
    """The next signal, or server event, of a kind."""
    async for signal in client:
        found = signal.event if isinstance(signal, EventReceived) else signal
        assert not isinstance(found, se.Error), found.error.message
        if isinstance(found, kind):
            return found
    raise AssertionError(f"no {kind.__name__} came")


@pytest.mark.proves(
    "feature.response-overrides",
    "response.create.modalities",
    "response.create.instructions",
    "response.create.voice",
    "response.create.output_audio_format",
    "response.create.tools",
    "response.create.tool_choice",
    "response.create.temperature",
    "response.create.max_output_tokens",
    "response.create.reasoning_effort",
    "response.create.interim_response",
    "response.create.metadata",
)
async def test_one_response_has_options_of_its_own():
    look = FunctionTool(name="look", description="Looks.", parameters={"type": "object", "properties": {}})
    properties = ce.ResponseProperties(
        modalities=["text", "audio"],
        instructions="Name the river.",
        voice=AzureStandardVoice(name="pt-PT-RaquelNeural", rate="1.1"),
        output_audio_format="pcm16_16000hz",
        tools=[look],
        tool_choice=ToolChoiceFunction(name="look"),
        temperature=0.9,
        max_output_tokens=300,
        reasoning_effort="low",
        interim_response=StaticInterimResponse(texts=["One moment."]),
        metadata={"about": "rivers"},
    )
    async with talking() as (client, session):
        client.send_text("Which river?", respond=False)
        client.respond(properties)
        response = (await until(client, se.ResponseCreated)).response
        (request,) = session.received("response.create")
        asked = to_plain(request)["response"]
        assert asked.pop("metadata")["about"] == "rivers"
        assert asked == {
            "modalities": ["text", "audio"],
            "instructions": "Name the river.",
            "voice": {"type": "azure-standard", "name": "pt-PT-RaquelNeural", "rate": "1.1"},
            "output_audio_format": "pcm16_16000hz",
            "tools": [
                {
                    "type": "function",
                    "name": "look",
                    "description": "Looks.",
                    "parameters": {"type": "object", "properties": {}},
                }
            ],
            "tool_choice": {"type": "function", "name": "look"},
            "temperature": 0.9,
            "max_output_tokens": 300,
            "reasoning_effort": "low",
            "interim_response": {"type": "static_interim_response", "texts": ["One moment."]},
        }
        assert response.voice["name"] == "pt-PT-RaquelNeural"
        assert (response.output_audio_format, response.temperature) == ("pcm16_16000hz", 0.9)
        assert (response.max_output_tokens, response.metadata["about"]) == (300, "rivers")


@pytest.mark.proves(
    "response.create.commit",
    "response.create.cancel_previous",
    "response.create.append_input_items",
    "response.create.input_items",
    "response.create.additional_instructions",
    "response.create.conversation",
)
async def test_what_only_the_schema_has_reaches_the_service():
    properties = ce.ResponseProperties(
        conversation="none",
        commit=False,
        cancel_previous=False,
        append_input_items=[QUESTION],
        input_items=[QUESTION],
        metadata={"kind": "aside"},
    )
    event = ce.ResponseCreateEvent(response=properties, additional_instructions="Be brief.")
    async with talking() as (client, session):
        client.send_event(event)
        response = (await until(client, se.ResponseDone)).response
        assert session.received("response.create") == [event]
        assert response.metadata == {"kind": "aside"}
        assert session.conversation == ()


@pytest.mark.proves("response.create.pre_generated_assistant_message")
async def test_an_answer_may_be_given_word_for_word():
    words = ConversationItem(
        type="message", role="assistant", content=[ItemContent(type="text", text="Mind the gap.")]
    )
    async with talking() as (client, _):
        client.respond(ce.ResponseProperties(pre_generated_assistant_message=words))
        done = await until(client, effects.ResponseFinished)
        assert [item.words for item in done.response.output] == ["Mind the gap."]


@pytest.mark.proves(
    "item=message",
    "item=function_call",
    "item=function_call_output",
    "content=input_text",
    "content=input_audio",
    "content=input_image",
    "content=text",
)
@pytest.mark.parametrize(
    "item",
    [
        QUESTION,
        ConversationItem(
            type="message",
            role="user",
            content=[ItemContent(type="input_audio", audio="AAAA", transcript="Hm.")],
        ),
        ConversationItem(
            type="message",
            role="user",
            content=[ItemContent(type="input_image", image_url=RED_DOT, detail="low")],
        ),
        ConversationItem(type="message", role="system", content=QUESTION.content),
        ConversationItem(
            type="message", role="assistant", content=[ItemContent(type="text", text="The Tagus.")]
        ),
        ConversationItem(type="function_call", call_id="c", name="look", arguments="{}"),
        ConversationItem(type="function_call_output", call_id="c", output="far"),
    ],
    ids=lambda item: f"{item.type}-{item.role or ''}",
)
async def test_items_of_every_kind_enter_the_conversation(item):
    async with talking() as (client, session):
        if item.type == "function_call_output":
            client.add_item(ConversationItem(type="function_call", call_id="c", name="look", arguments="{}"))
            await until(client, effects.ItemCreated)
        client.add_item(item)
        created = (await until(client, effects.ItemCreated)).item
        sent = to_plain(session.received("conversation.item.create")[-1])["item"]
        assert sent.pop("id") == created.id
        assert sent == to_plain(ce.ConversationItemCreateEvent(item=item))["item"]
        assert (created.type, created.call_id or "") == (item.type, item.call_id or "")
        assert session.conversation[-1].id == created.id


@pytest.mark.proves("content=audio")
async def test_what_is_spoken_is_a_part_with_its_transcript():
    async with talking() as (client, _):
        client.send_text("Which river?")
        part = (await until(client, se.ResponseContentPartDone)).part
        assert (part.type, part.transcript) == ("audio", "The Tagus.")


@pytest.mark.proves(
    "session.turn_detection.end_of_utterance_detection.threshold",
    "feature.end-of-utterance",
)
async def test_the_first_version_has_a_number_for_the_end_of_utterance():
    end = EndOfUtteranceDetection(model="semantic_detection_v1", threshold=0.02)
    options = SessionProperties(turn_detection=TurnDetection(end_of_utterance_detection=end))
    async with talking(session=options, api_version="2025-05-01-preview") as (_, session):
        (update,) = session.received("session.update")
        wire = update.session["turn_detection"]["end_of_utterance_detection"]
        assert wire == {"model": "semantic_detection_v1", "threshold": 0.02}


@pytest.mark.proves("query.features", "feature.extra-query", "feature.extra-headers")
async def test_further_parameters_and_headers_reach_the_service():
    options = ConnectionOptions(headers={"X-Trace": "t-1"})
    query = {"features": "client_ec_reference:true", "new-one": "1"}
    async with talking(query=query, options=options) as (_, session):
        assert session.handshake.query["features"] == "client_ec_reference:true"
        assert session.handshake.query["new-one"] == "1"
        assert session.handshake.headers["x-trace"] == "t-1"
