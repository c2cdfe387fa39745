"""What the service does, each as a conversation of Microsoft's SDK, and where it is documented not to do it.

A behaviour that a model or a version does not have is asked for all the same, and has to be refused as
documented.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.ai.voicelive import models as m
from PIL import Image

from conformance.talk import RATE_HZ, Talk, expect, words_of
from conformance.wheres import Where

QUESTION = "What is the weather in Lisbon?"
STORY = "Once upon a time there was a house by the sea, and nobody knew who lived there. " * 12

Act = Callable[[Talk, "Voices"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Voices:
    """What callers say, as PCM of 24 kHz."""

    question: bytes
    stop: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One thing that the service does.

    Attributes:
        name: For the table.
        about: What is looked at, in a sentence.
        act: Has the conversation; raises what the simulator does wrong.
        has: Whether a model at a version has it.
        refused: Asks for it where it is not had, and looks at the refusal. None if it is everywhere.
        scenario: What the simulator says meanwhile.
        speed: Seconds of audio that the simulator makes in a second.
    """

    name: str
    about: str
    act: Act
    has: Callable[[Where], bool] = lambda _where: True
    refused: Act | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict[str, Any])
    speed: float = 1000.0


BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(name: str, about: str, **options: Any) -> Callable[[Act], Act]:
    """List a conversation as a behaviour."""

    def listed(act: Act) -> Act:
        BEHAVIOURS[name] = Behaviour(name=name, about=about, act=act, **options)
        return act

    return listed


def session_of(where: Where, **members: Any) -> m.RequestSession:
    """A typed session that the model takes, with audio both ways."""
    return m.RequestSession(
        **{
            "modalities": [m.Modality.TEXT, m.Modality.AUDIO],
            "instructions": "You are a weather line.",
            "input_audio_format": m.InputAudioFormat.PCM16,
            "output_audio_format": m.OutputAudioFormat.PCM16,
            "turn_detection": m.ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500),
            "input_audio_transcription": m.AudioInputTranscriptionOptions(
                model="whisper-1" if where.model.openai else "azure-speech"
            ),
            **members,
        }
    )


def _text_session(where: Where, **members: Any) -> m.RequestSession:
    return session_of(where, modalities=[m.Modality.TEXT], **members)


def _azure_voice(where: Where) -> dict[str, Any]:
    return {"voice": m.AzureStandardVoice(name="en-US-AvaNeural")}


def _refuses_session(make: Callable[[Where], m.RequestSession], *codes: str) -> Act:
    """That a session is refused, and the one before it goes on."""

    async def act(talk: Talk, _voices: Voices) -> None:
        await talk.configure(_text_session(talk.where))
        await talk.connection.session.update(session=make(talk.where), event_id="asked")
        await talk.refused("asked", *codes)
        await talk.type("Are you there?")
        await talk.connection.response.create()
        await talk.answered()

    return act


# --- the session -------------------------------------------------------------------------------------


@behaviour("session", "a typed `session.update` is answered with the whole session")
async def _session(talk: Talk, _voices: Voices) -> None:
    where = talk.where
    created = talk.events[0].session
    session = await talk.configure(session_of(where))
    expect(session.id == created.id and session.id.startswith("sess_"), f"the id is {session.id}")
    expect(session.expires_at == created.expires_at, "the end of the session has changed")
    expect(session.instructions == "You are a weather line.", f"instructions are {session.instructions!r}")
    expect(set(session.modalities) == {"text", "audio"}, f"modalities are {session.modalities}")
    expect(isinstance(session.turn_detection, m.ServerVad), f"turns are {session.turn_detection}")
    expect(session.turn_detection.prefix_padding_ms == 300, "the padding was not taken")
    expect(session.input_audio_sampling_rate == 24000, f"rate is {session.input_audio_sampling_rate}")
    kind = (
        "azure-realtime-native"
        if where.model.own_voices
        else "openai"
        if where.model.openai
        else "azure-standard"
    )
    expect(session.voice["type"] == kind, f"the voice is {session.voice}")


@behaviour(
    "semantic VAD",
    "turns by `azure_semantic_vad_multilingual`; 2025-10-01 and later",
    has=lambda where: where.since("2025-10-01"),
    refused=_refuses_session(
        lambda where: session_of(where, turn_detection=m.AzureSemanticVadMultilingual()),
        "invalid_value",
        "unknown_parameter",
    ),
    scenario={"turns": [{"user": QUESTION, "say": "Sunny."}]},
)
async def _semantic_vad(talk: Talk, voices: Voices) -> None:
    turns = m.AzureSemanticVadMultilingual(silence_duration_ms=500)
    session = await talk.configure(session_of(talk.where, turn_detection=turns))
    expect(isinstance(session.turn_detection, m.AzureSemanticVadMultilingual), f"{session.turn_detection}")
    await talk.say(voices.question)
    await talk.until(m.ServerEventInputAudioBufferSpeechStopped)
    expect(words_of(await talk.answered()) == "Sunny.", "another answer")


# --- turns -------------------------------------------------------------------------------------------


@behaviour("text turn", "a typed message is answered in text, with its usage")
async def _text_turn(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    await talk.type("Good morning.")
    item = (await talk.until(m.ServerEventConversationItemCreated)).item
    expect(isinstance(item, m.ResponseMessageItem) and item.role == "user", f"the item is {item}")
    await talk.connection.response.create()
    response = await talk.answered()
    told = "".join(event.delta for event in talk.of(m.ServerEventResponseTextDelta))
    expect(told == words_of(response) == "You said: Good morning.", f"it says {told!r}")
    expect(response.usage.total_tokens > 0, "nothing was used")
    _in_order(
        talk,
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.text.delta",
        "response.text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    )


@behaviour(
    "voice turn",
    "speech is found, committed, transcribed and answered aloud, in the order of the model's pipeline",
    scenario={"turns": [{"user": QUESTION, "say": "It is sunny in Lisbon."}]},
)
async def _voice_turn(talk: Talk, voices: Voices) -> None:
    await talk.configure(session_of(talk.where))
    await talk.say(voices.question)
    started = await talk.until(m.ServerEventInputAudioBufferSpeechStarted)
    stopped = await talk.until(m.ServerEventInputAudioBufferSpeechStopped)
    expect(started.item_id == stopped.item_id, "the item has changed")
    response = await talk.answered()
    expect(words_of(response) == "It is sunny in Lisbon.", f"it says {words_of(response)!r}")
    audio = b"".join(event.delta for event in talk.of(m.ServerEventResponseAudioDelta))
    expect(len(audio) > RATE_HZ, f"there are {len(audio)} bytes of audio")
    spoken = "".join(event.delta for event in talk.of(m.ServerEventResponseAudioTranscriptDelta))
    expect(spoken == words_of(response), f"the transcript is {spoken!r}")
    heard = talk.of(m.ServerEventConversationItemInputAudioTranscriptionCompleted)
    heard = heard or [await talk.until(m.ServerEventConversationItemInputAudioTranscriptionCompleted)]
    expect([event.transcript for event in heard] == [QUESTION], f"heard was {heard}")
    expect(heard[0].item_id == started.item_id, "another item was transcribed")
    order = ["conversation.item.input_audio_transcription.completed", "response.created"]
    if talk.where.model.native:
        order.reverse()
    _in_order(
        talk,
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        *order,
    )
    _in_order(
        talk,
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    )


@behaviour(
    "function call",
    "a typed function is called, its output spoken of",
    scenario={
        "turns": [
            {
                "user": QUESTION,
                "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
                "then": "It is {result.temperature} degrees.",
            }
        ]
    },
)
async def _function_call(talk: Talk, voices: Voices) -> None:
    tool = m.FunctionTool(
        name="get_weather",
        description="The weather in a city.",
        parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
    session = await talk.configure(session_of(talk.where, tools=[tool], tool_choice="auto"))
    expect([tool.name for tool in session.tools] == ["get_weather"], f"tools are {session.tools}")
    await talk.say(voices.question)
    done = await talk.until(m.ServerEventResponseFunctionCallArgumentsDone)
    expect(done.arguments == '{"city":"Lisbon"}' or "Lisbon" in done.arguments, done.arguments)
    response = await talk.answered()
    (call,) = response.output
    expect(isinstance(call, m.ResponseFunctionCallItem), f"the output is {call}")
    expect(call.call_id == done.call_id and call.name == done.name == "get_weather", "another call")
    output = m.FunctionCallOutputItem(call_id=call.call_id, output='{"temperature": 21}')
    await talk.connection.conversation.item.create(item=output, previous_item_id=call.id)
    created = await talk.until(m.ServerEventConversationItemCreated)
    expect(isinstance(created.item, m.ResponseFunctionCallOutputItem), f"created was {created.item}")
    await talk.connection.response.create()
    expect(words_of(await talk.answered()) == "It is 21 degrees.", "another answer")


# --- interruptions -----------------------------------------------------------------------------------

_TELLING = {"turns": [{"user": "Tell me a story.", "say": STORY}, {"user": "Stop.", "say": "All right."}]}


async def _begin_a_story(talk: Talk) -> m.ServerEventResponseAudioDelta:
    await talk.configure(session_of(talk.where))
    await talk.type("Tell me a story.")
    await talk.connection.response.create()
    return await talk.until(m.ServerEventResponseAudioDelta)


@behaviour(
    "interruption",
    "speech ends the running response (`turn_detected`); what was not heard is truncated",
    scenario=_TELLING,
    speed=8.0,
)
async def _interruption(talk: Talk, voices: Voices) -> None:
    heard = await _begin_a_story(talk)
    await talk.say(voices.stop)
    await talk.until(m.ServerEventInputAudioBufferSpeechStarted)
    response = (await talk.until(m.ServerEventResponseDone)).response
    expect(response.status == "cancelled", f"the response is {response.status}")
    expect(response.status_details.reason == "turn_detected", f"because of {response.status_details}")
    expect(response.output[0].status == "incomplete", f"the item is {response.output[0].status}")
    sent = b"".join(event.delta for event in talk.of(m.ServerEventResponseAudioDelta))
    end_ms = len(sent) * 1000 // 2 // RATE_HZ // 2
    await talk.connection.conversation.item.truncate(
        item_id=heard.item_id, content_index=0, audio_end_ms=end_ms
    )
    truncated = await talk.until(m.ServerEventConversationItemTruncated)
    expect((truncated.item_id, truncated.audio_end_ms) == (heard.item_id, end_ms), "another truncation")
    expect(words_of(await talk.answered()) == "All right.", "another answer")


@behaviour(
    "cancel",
    "`response.cancel` ends the running response (`client_cancelled`)",
    scenario=_TELLING,
    speed=8.0,
)
async def _cancel(talk: Talk, _voices: Voices) -> None:
    await _begin_a_story(talk)
    await talk.connection.response.cancel(event_id="cancelled")
    response = (await talk.until(m.ServerEventResponseDone)).response
    expect(response.status == "cancelled", f"the response is {response.status}")
    expect(response.status_details.reason == "client_cancelled", f"because of {response.status_details}")


# --- items -------------------------------------------------------------------------------------------


@behaviour("items", "an item is retrieved and deleted; `previous_item_id` puts one in its place")
async def _items(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    items = talk.connection.conversation.item
    await talk.type("First.")
    first = (await talk.until(m.ServerEventConversationItemCreated)).item
    system = m.SystemMessageItem(content=[m.InputTextContentPart(text="Before.")])
    await items.create(item=system, previous_item_id="root")
    expect((await talk.until(m.ServerEventConversationItemCreated)).item.role == "system", "no system item")
    assistant = m.AssistantMessageItem(content=[m.OutputTextContentPart(text="After.")])
    await items.create(item=assistant, previous_item_id=first.id)
    created = await talk.until(m.ServerEventConversationItemCreated)
    expect(created.previous_item_id == first.id, f"it stands behind {created.previous_item_id}")
    await items.retrieve(item_id=first.id)
    found = (await talk.until(m.ServerEventConversationItemRetrieved)).item
    expect(found.id == first.id and found.content[0].text == "First.", f"retrieved was {found}")
    await items.delete(item_id=first.id)
    expect((await talk.until(m.ServerEventConversationItemDeleted)).item_id == first.id, "another item")
    await items.retrieve(item_id=first.id, event_id="gone")
    await talk.refused("gone", "invalid_value", "item_not_found", "item_retrieve_invalid_item_id")


# --- what came later ---------------------------------------------------------------------------------


def _picture() -> str:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


def _showing(where: Where) -> dict[str, Any]:
    member = "image_url" if where.since("2026-06-01-preview") else "url"
    content = [
        {"type": "input_image", member: _picture()},
        {"type": "input_text", "text": "What colour is it?"},
    ]
    return {"type": "message", "role": "user", "content": content}


async def _image_refused(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    await talk.connection.send(
        {"type": "conversation.item.create", "event_id": "shown", "item": _showing(talk.where)}
    )
    await talk.refused("shown", "invalid_value", "unknown_parameter")


@behaviour(
    "image",
    "an image is seen; 2026-01-01-preview and later, models that see",
    has=lambda where: where.model.sees and where.since("2026-01-01-preview"),
    refused=_image_refused,
    scenario={"turns": [{"user": "What colour is it?", "say": "It is {image.color}.", "image": True}]},
)
async def _image(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    if talk.where.since("2026-06-01-preview"):
        image = m.RequestImageContentPart(image_url=_picture())
        text = m.InputTextContentPart(text="What colour is it?")
        await talk.connection.conversation.item.create(item=m.UserMessageItem(content=[image, text]))
    else:
        # Older versions call the member otherwise than the SDK.
        await talk.connection.send({"type": "conversation.item.create", "item": _showing(talk.where)})
    await talk.connection.response.create()
    expect(words_of(await talk.answered()) == "It is red.", "another answer")


async def _metadata_refused(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    await talk.connection.response.create(response={"metadata": {"for": "me"}}, event_id="asked")
    await talk.refused("asked", "unknown_parameter")


@behaviour(
    "metadata",
    "a response carries the `metadata` it was asked for with; 2026-01-01-preview and later",
    has=lambda where: where.since("2026-01-01-preview"),
    refused=_metadata_refused,
)
async def _metadata(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    await talk.type("Good morning.")
    await talk.connection.response.create(response={"metadata": {"for": "me"}})
    expect((await talk.answered()).metadata == {"for": "me"}, "the metadata is lost")


def _given_words() -> m.ResponseCreateParams:
    message = m.AssistantMessageItem(content=[m.OutputTextContentPart(text="Welcome.")])
    return m.ResponseCreateParams(pre_generated_assistant_message=message)


async def _given_words_refused(talk: Talk, _voices: Voices) -> None:
    await talk.configure(session_of(talk.where))
    await talk.connection.response.create(response=_given_words(), event_id="asked")
    await talk.refused("asked", "unknown_parameter")


@behaviour(
    "given words",
    "`pre_generated_assistant_message` is spoken as it is; 2026-01-01-preview and later",
    has=lambda where: where.since("2026-01-01-preview"),
    refused=_given_words_refused,
)
async def _given_words_spoken(talk: Talk, _voices: Voices) -> None:
    await talk.configure(session_of(talk.where))
    await talk.connection.response.create(response=_given_words())
    expect(words_of(await talk.answered()) == "Welcome.", "other words")
    expect(talk.of(m.ServerEventResponseAudioDelta) != [], "it is not spoken")


def _with_phrases(where: Where) -> m.RequestSession:
    include = ["item.input_audio_transcription.phrases", "item.input_audio_transcription.logprobs"]
    return session_of(where, include=include)


@behaviour(
    "phrases",
    "`include` adds phrases and log probabilities to transcripts; 2026-04-10 and later",
    has=lambda where: where.since("2026-04-10"),
    refused=_refuses_session(_with_phrases, "unknown_parameter"),
    scenario={"turns": [{"user": QUESTION, "say": "Sunny."}]},
)
async def _phrases(talk: Talk, voices: Voices) -> None:
    await talk.configure(_with_phrases(talk.where))
    await talk.say(voices.question)
    heard = await talk.until(m.ServerEventConversationItemInputAudioTranscriptionCompleted)
    expect(" ".join(phrase.text for phrase in heard.phrases) == QUESTION, f"phrases are {heard.phrases}")
    expect(heard.phrases[0].words[0].text == "What", "there are no words")
    expect("".join(token.token for token in heard.logprobs) == QUESTION, f"tokens are {heard.logprobs}")


def _with_places(where: Where) -> m.RequestSession:
    return session_of(
        where,
        **_azure_voice(where),
        output_audio_timestamp_types=[m.AudioTimestampType.WORD],
        animation=m.Animation(outputs=[m.AnimationOutputType.VISEME_ID]),
    )


@behaviour(
    "words, visemes",
    "with a voice of Azure's, words and visemes are told with their places in the audio",
    has=lambda where: not where.model.own_voices,
    refused=_refuses_session(_with_places, "invalid_value"),
)
async def _places(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_with_places(talk.where))
    await talk.type("Good morning.")
    await talk.connection.response.create()
    await talk.answered()
    words = [event.text for event in talk.of(m.ServerEventResponseAudioTimestampDelta)]
    expect(words == ["You", "said", "Good", "morning"], f"words are {words}")
    offsets = [event.audio_offset_ms for event in talk.of(m.ServerEventResponseAnimationVisemeDelta)]
    expect(len(offsets) > 4 and offsets == sorted(offsets), f"visemes are at {offsets}")
    audio = b"".join(event.delta for event in talk.of(m.ServerEventResponseAudioDelta))
    expect(offsets[-1] <= len(audio) * 1000 // 2 // RATE_HZ, "there are visemes behind the audio")
    _in_order(talk, "response.audio_timestamp.done", "response.done")
    _in_order(talk, "response.animation_viseme.done", "response.done")


async def _interim_refused(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    await talk.connection.session.update(session=_with_interim(talk.where), event_id="asked")
    error = (await talk.until(m.ServerEventError)).error
    expect(error.event_id == "asked", "the error answers something else")
    expect("interim" in error.message, f"it says {error.message!r}")


def _with_interim(where: Where) -> m.RequestSession:
    interim = m.StaticInterimResponseConfig(texts=["One moment."], latency_threshold_ms=50)
    return session_of(where, interim_response=interim)


@behaviour(
    "interim response",
    "words for while the caller waits; 2026-01-01-preview and later, cascaded models",
    has=lambda where: where.since("2026-01-01-preview") and not where.model.native,
    refused=_interim_refused,
    scenario={"turns": [{"user": "Good morning.", "say": "Hello.", "delay_ms": 300}]},
)
async def _interim(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_with_interim(talk.where))
    await talk.type("Good morning.")
    await talk.connection.response.create()
    while "Hello." not in (text := words_of(await talk.answered())):
        pass
    said = [event.transcript for event in talk.of(m.ServerEventResponseAudioTranscriptDone)]
    expect(said == ["One moment.", "Hello."], f"it says {said}, in the end {text!r}")


async def _stream(talk: Talk) -> None:
    item = {}
    if talk.where.api_version != "2026-06-01-preview":
        item = {"id": "typed"}
        empty = m.UserMessageItem(id="typed", content=[m.InputTextContentPart(text="")])
        await talk.connection.conversation.item.create(item=empty)
    await talk.connection.send({"type": "input_text.delta", "event_id": "typing", "delta": "Good ", **item})
    await talk.connection.send({"type": "input_text.delta", "delta": "morning.", **item})
    await talk.connection.send({"type": "input_text.done", **item})


async def _stream_refused(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    await _stream(talk)
    await talk.refused("typing", "invalid_value")


@behaviour(
    "streamed text",
    "`input_text.delta` and `.done` make a message; 2026-06-01-preview and later",
    has=lambda where: where.since("2026-06-01-preview"),
    refused=_stream_refused,
)
async def _streamed_text(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_text_session(talk.where))
    await _stream(talk)
    await talk.connection.response.create()
    expect(words_of(await talk.answered()) == "You said: Good morning.", "another answer")


# --- errors ------------------------------------------------------------------------------------------


@behaviour(
    "errors",
    "what cannot be done is refused with the documented code and the event's id, and the session goes on",
    scenario=_TELLING,
    speed=8.0,
)
async def _errors(talk: Talk, _voices: Voices) -> None:
    connection, items = talk.connection, talk.connection.conversation.item
    await talk.configure(session_of(talk.where))
    await connection.response.cancel(event_id="nothing-runs")
    await talk.refused("nothing-runs", "response_cancel_not_active")
    await connection.input_audio_buffer.commit(event_id="no-audio")
    await talk.refused("no-audio", "input_audio_buffer_commit_empty")
    await connection.input_audio_buffer.append(audio="?", event_id="no-base64")
    await talk.refused("no-base64", "invalid_value")
    await items.truncate(item_id="item_none", content_index=0, audio_end_ms=0, event_id="no-item")
    error = await talk.refused("no-item", "invalid_value", "item_truncate_invalid_item_id")
    expect("item_none" in error.message, f"it says {error.message!r}")
    output = m.FunctionCallOutputItem(call_id="call_none", output="{}")
    await items.create(item=output, event_id="no-call")
    await talk.refused("no-call", "invalid_value", "invalid_tool_call_id")
    await connection.send({"type": "session.update", "event_id": "no-option", "session": {"colour": "red"}})
    await talk.refused("no-option", "unknown_parameter")
    await talk.type("Tell me a story.")
    await connection.response.create()
    heard = await talk.until(m.ServerEventResponseAudioDelta)
    await connection.response.create(event_id="second")
    await talk.refused("second", "conversation_already_has_active_response")
    await connection.response.cancel()
    done = await talk.until(m.ServerEventResponseDone)
    expect(done.response.status == "cancelled", f"the response is {done.response.status}")
    await items.truncate(item_id=heard.item_id, content_index=0, audio_end_ms=3_600_000, event_id="beyond")
    error = await talk.refused("beyond", "invalid_value")
    expect("already shorter" in error.message, f"it says {error.message!r}")


def _in_order(talk: Talk, *kinds: str) -> None:
    """That the first events of these types came, in this order."""
    come = talk.kinds()
    missing = [kind for kind in kinds if kind not in come]
    expect(not missing, f"{missing} did not come")
    places = [come.index(kind) for kind in kinds]
    # Items of the caller are created before the response's.
    if "conversation.item.created" in kinds and "response.output_item.added" in kinds:
        begun = come.index("response.output_item.added")
        places[kinds.index("conversation.item.created")] = come.index("conversation.item.created", begun)
    expect(places == sorted(places), f"the order is {sorted(zip(places, kinds, strict=True))}")
