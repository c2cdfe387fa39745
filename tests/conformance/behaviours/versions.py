"""What came with later versions, and the contract of v1."""

from __future__ import annotations

import base64
import io
from typing import Any

from azure.ai.voicelive import models as m
from PIL import Image

from conformance.behaviours.core import (
    QUESTION,
    Voices,
    azure_voice,
    behaviour,
    in_order,
    refuses_session,
    session_of,
    text_session,
)
from conformance.talk import RATE_HZ, Talk, expect, words_of
from conformance.wheres import V1, Where


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
    await talk.configure(text_session(talk.where))
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
    await talk.configure(text_session(talk.where))
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
    await talk.configure(text_session(talk.where))
    await talk.connection.response.create(response={"metadata": {"for": "me"}}, event_id="asked")
    await talk.refused("asked", "unknown_parameter")


@behaviour(
    "metadata",
    "a response carries the `metadata` it was asked for with; 2026-01-01-preview and later",
    has=lambda where: where.since("2026-01-01-preview"),
    refused=_metadata_refused,
)
async def _metadata(talk: Talk, _voices: Voices) -> None:
    await talk.configure(text_session(talk.where))
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
    refused=refuses_session(_with_phrases, "unknown_parameter"),
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
        **azure_voice(where),
        output_audio_timestamp_types=[m.AudioTimestampType.WORD],
        animation=m.Animation(outputs=[m.AnimationOutputType.VISEME_ID]),
    )


@behaviour(
    "words, visemes",
    "with a voice of Azure's, words and visemes are told with their places in the audio",
    has=lambda where: not where.model.own_voices,
    refused=refuses_session(_with_places, "invalid_value"),
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
    in_order(talk, "response.audio_timestamp.done", "response.done")
    in_order(talk, "response.animation_viseme.done", "response.done")


def _with_faces(where: Where) -> m.RequestSession:
    animation = m.Animation(outputs=[m.AnimationOutputType.BLENDSHAPES])
    return session_of(where, **azure_voice(where), animation=animation)


@behaviour(
    "blendshapes",
    "with a voice of Azure's, 60 faces a second before the audio they go with; 2025-10-01 and later",
    has=lambda where: not where.model.own_voices and where.since("2025-10-01"),
    refused=refuses_session(_with_faces, "invalid_value"),
)
async def _blendshapes(talk: Talk, _voices: Voices) -> None:
    await talk.configure(_with_faces(talk.where))
    await talk.type("Good morning.")
    await talk.connection.response.create()
    await talk.answered()
    faces = [
        face for event in talk.of(m.ServerEventResponseAnimationBlendshapeDelta) for face in event.frames
    ]
    sizes = {len(face) for face in faces}
    expect(sizes == {55}, f"faces have {sizes} values")
    audio = b"".join(event.delta for event in talk.of(m.ServerEventResponseAudioDelta))
    wanted = len(audio) / 2 / RATE_HZ * 60
    expect(abs(len(faces) - wanted) < 3, f"there are {len(faces)} faces for {wanted:.0f}")


def _with_echo(where: Where) -> m.RequestSession:
    echo = m.AudioEchoCancellation(reference_source="server", channels=1)
    return session_of(where, input_audio_echo_cancellation=echo)


@behaviour(
    "echo reference",
    "echo cancellation with `reference_source` and `channels`; 2026-06-01-preview and later",
    has=lambda where: where.since("2026-06-01-preview"),
    refused=refuses_session(_with_echo, "unknown_parameter"),
)
async def _echo_reference(talk: Talk, _voices: Voices) -> None:
    echo = (await talk.configure(_with_echo(talk.where))).input_audio_echo_cancellation
    expect((echo.reference_source, echo.channels) == ("server", 1), f"the echo's reference is {echo}")


async def _interim_refused(talk: Talk, _voices: Voices) -> None:
    await talk.configure(text_session(talk.where))
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
    await talk.configure(text_session(talk.where))
    await _stream(talk)
    await talk.refused("typing", "invalid_value")


@behaviour(
    "streamed text",
    "`input_text.delta` and `.done` make a message; 2026-06-01-preview and later",
    has=lambda where: where.since("2026-06-01-preview"),
    refused=_stream_refused,
)
async def _streamed_text(talk: Talk, _voices: Voices) -> None:
    await talk.configure(text_session(talk.where))
    await _stream(talk)
    await talk.connection.response.create()
    expect(words_of(await talk.answered()) == "You said: Good morning.", "another answer")


@behaviour(
    "v1",
    "the SDK's session, of the dated versions, is refused; one of `v1` is held in its own names",
    versions=(V1,),
)
async def _v1(talk: Talk, _voices: Voices) -> None:
    await talk.connection.session.update(session=text_session(talk.where), event_id="dated")
    await talk.refused("dated", "unknown_parameter")
    session = {
        "type": "realtime",
        "output_modalities": ["text"],
        "audio": {"input": {"turn_detection": None}},
    }
    await talk.connection.send({"type": "session.update", "session": session})
    updated = (await talk.until("session.updated")).session
    expect(updated["output_modalities"] == ["text"], f"the session is {updated}")
    expect(updated["audio"]["input"]["turn_detection"] is None, f"the session is {updated}")
    await talk.type("Good morning.")
    await talk.until("conversation.item.added")
    await talk.connection.response.create()
    told = (await talk.until("response.output_text.done")).get("text")
    expect(told == "You said: Good morning.", f"it says {told!r}")
    await talk.until("response.done")
