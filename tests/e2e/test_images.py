"""Images and video: shown once, small enough, in order, and never in a log."""

import asyncio
import base64
import io

import pytest
from PIL import Image
from pipecat.frames.frames import (
    ErrorFrame,
    FunctionCallResultFrame,
    InputImageRawFrame,
    InputTextRawFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    UserImageRawFrame,
    UserImageRequestFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from pipecat_voicelive import ConfigurationError, ImageInput, VoiceLiveClient, VoiceLiveLLMSettings
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.service import camera
from pipecat_voicelive.service.camera import Camera
from pipecat_voicelive.service.pictures import Pictures
from pipecat_voicelive.service.seeing import Seeing
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.simulator import VoiceLiveSimulator

from .harness import calling

SEEN = "A {image.color} {image.format}, {image.width} wide."
RED = {"turns": [{"user": "What is this?", "image": True, "say": SEEN}]}


def pixels(color="red", size=(64, 48)):
    return Image.new("RGB", size, color).tobytes()


def frame(color="red", size=(64, 48), kind=InputImageRawFrame, **options):
    return kind(image=pixels(color, size), size=size, format="RGB", **options)


def file_of(image, form="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format=form, **options)
    return buffer.getvalue()


def uri(file):
    return f"data:image/png;base64,{base64.b64encode(file).decode()}"


def asking(text):
    return LLMMessagesAppendFrame(messages=[{"role": "user", "content": text}], run_llm=True)


def shown(session):
    """The items of the conversation that show an image."""
    return [item for item in session.conversation if any(p.type == "input_image" for p in item.content or ())]


def answers(call):
    return [text for role, text in call.said if role == "assistant"]


@pytest.mark.proves("feature.images")
async def test_an_image_in_the_context_is_shown_with_its_words_and_answered(speaker):
    async with calling(RED, speaker, greet=False) as call:
        message = await LLMContext.create_image_message(
            format="RGB", size=(64, 48), image=pixels(), text="What is this?"
        )
        await call.queue(LLMMessagesAppendFrame(messages=[message], run_llm=True))
        await call.until(lambda: answers(call), "for the answer")
        assert answers(call) == ["A red jpeg, 64 wide."]
        (item,) = shown(call.session)
        assert [part.type for part in item.content] == ["input_text", "input_image"]
        (done,) = call.session.sent("response.done")
        assert done.response.usage.input_token_details.image_tokens > 0


async def test_an_image_in_the_history_is_shown_again_in_a_new_conversation(speaker):
    history = [
        LLMContext.create_image_url_message(
            url=uri(file_of(Image.new("RGB", (64, 48), "blue"))), text="Look."
        ),
        {"role": "assistant", "content": "I see."},
    ]
    async with calling(RED, speaker, messages=history) as call:
        await call.until(lambda: len(shown(call.session)) == 1, "for the image")
        await call.service.reset_conversation()
        await call.until(lambda: len(call.sim.sessions) == 2 and shown(call.session), "for the image again")
        await call.queue(InputTextRawFrame(text="What is this?"))
        await call.until(lambda: "A blue jpeg, 64 wide." in answers(call), "for the answer")
    assert not call.seen(ErrorFrame)


async def test_an_image_for_the_context_is_in_the_conversation_once(speaker):
    async with calling(RED, speaker, greet=False) as call:
        await call.queue(
            frame(kind=UserImageRawFrame, user_id="u", text="What is this?", append_to_context=True)
        )
        await call.until(lambda: answers(call), "for the answer")
        assert answers(call) == ["A red jpeg, 64 wide."]
        assert len(shown(call.session)) == 1
        assert len(call.session.received("response.create")) == 1


@pytest.mark.parametrize("encoded", [False, True])
async def test_an_image_put_into_the_pipeline_is_shown_and_answered_outside_the_context(speaker, encoded):
    image = frame(kind=UserImageRawFrame, text="What is this?")
    if encoded:
        image.image, image.format = file_of(Image.new("RGB", (64, 48), "red")), "image/jpeg"
    async with calling(RED, speaker, greet=False) as call:
        await call.queue(image)
        await call.until(lambda: answers(call), "for the answer")
        assert call.said == [("assistant", "A red jpeg, 64 wide.")]
        assert len(shown(call.session)) == 1


async def test_an_image_that_is_kept_from_the_context_or_was_asked_for_by_others_is_not_shown(speaker):
    async with calling(RED, speaker, greet=False) as call:
        request = UserImageRequestFrame(user_id="u")
        await call.queue(
            frame(kind=UserImageRawFrame, append_to_context=False),
            frame(kind=UserImageRawFrame, request=request),
            InputTextRawFrame(text="Hello"),
        )
        await call.bot_has_spoken()
        assert shown(call.session) == []


async def test_an_image_without_an_answer_wanted_waits_for_a_question(speaker):
    async with calling(RED, speaker, greet=False) as call:
        await call.queue(frame(kind=UserImageRawFrame, run_llm=False))
        await call.until(lambda: shown(call.session), "for the image")
        assert not call.session.received("response.create")
        await call.queue(InputTextRawFrame(text="What is this?"))
        await call.until(lambda: answers(call) == ["A red jpeg, 64 wide."], "for the answer")


async def test_an_image_that_a_tool_asks_for_is_shown_once_and_answered(speaker):
    scenario = {
        "turns": [
            {"user": "Look at me", "call": {"name": "look", "arguments": {}}},
            {"user": "The picture", "image": True, "say": "You wear {image.color}."},
        ]
    }

    async def look(params):
        """Look."""
        request = UserImageRequestFrame(
            user_id="u",
            append_to_context=True,
            text="The picture",
            function_name=params.function_name,
            tool_call_id=params.tool_call_id,
            result_callback=params.result_callback,
        )
        await params.llm.push_frame(
            frame("green", kind=UserImageRawFrame, request=request, append_to_context=True, text=request.text)
        )

    async with calling(scenario, speaker, greet=False, tools=[look]) as call:
        await call.queue(asking("Look at me"))
        await call.until(lambda: "You wear green." in answers(call), "for the answer")
        assert call.seen(FunctionCallResultFrame)
        assert len(shown(call.session)) == 1


async def test_an_image_sent_by_a_browser_is_shown_once_and_made_small_enough(speaker):
    photo = file_of(Image.effect_noise((900, 700), 90).convert("RGB"), "PNG")
    options = ImageInput(max_bytes=200_000)
    assert len(photo) > options.max_bytes
    data = {
        "content": "What is this?",
        "file": {
            "format": "image/png",
            "name": "photo.png",
            "source": {"type": "bytes", "bytes": base64.b64encode(photo).decode()},
        },
        "options": {"run_immediately": True},
    }
    message = {"label": "rtvi-ai", "type": "send-file", "id": "1", "data": data}
    async with calling(
        RED, speaker, greet=False, enable_rtvi=True, service_options={"api_key": "k", "image_input": options}
    ) as call:
        await call.queue(InputTransportMessageFrame(message=message))
        await call.until(lambda: answers(call), "for the answer")
        assert answers(call) == ["A gray jpeg, 512 wide."]
        (item,) = shown(call.session)
        assert len(item.content[1].image_url) < options.max_bytes * 1.4


async def test_an_interruption_while_a_large_image_is_made_smaller_loses_no_image(speaker):
    photo = Image.effect_noise((3000, 2000), 90).convert("RGB")
    message = LLMContext.create_image_url_message(url=uri(file_of(photo, "PNG")), text="What is this?")
    async with calling(RED, speaker, greet=False) as call:
        await call.queue(LLMMessagesAppendFrame(messages=[message], run_llm=True))
        await call.queue(InterruptionFrame())
        await call.queue(asking("Well?"))
        await call.until(lambda: answers(call), "for an answer")
        assert len(shown(call.session)) == 1
    assert not call.seen(ErrorFrame)


async def test_an_image_that_cannot_be_read_is_told_and_the_question_is_answered(speaker):
    message = LLMContext.create_image_url_message(url=uri(bytes(1_500_000)), text="Hello")
    async with calling({}, speaker, greet=False) as call:
        await call.queue(LLMMessagesAppendFrame(messages=[message], run_llm=True))
        await call.until(lambda: answers(call), "for the answer")
        (error,) = call.seen(ErrorFrame)
        assert "cannot be made smaller" in error.error
        assert call.service.is_usable


async def test_a_model_that_does_not_see_is_told_of_plainly(speaker):
    settings = VoiceLiveLLMSettings(model="phi4-mini")
    async with calling({}, speaker, greet=False, settings=settings) as call:
        await call.queue(frame(kind=UserImageRawFrame, text="What is this?"))
        await call.until(lambda: call.seen(ErrorFrame), "for the error")
        assert "Not every model sees" in call.seen(ErrorFrame)[0].error
        await call.bot_has_spoken()


def video_options(**options):
    return {"api_key": "key", "image_input": ImageInput(**{"video_fps": 10, **options})}


@pytest.mark.proves("feature.video-frames")
async def test_video_is_shown_now_and_then_and_only_the_newest_frames_stay(speaker):
    async with calling(
        RED, speaker, greet=False, service_options=video_options(video_frames_kept=2, detail="low")
    ) as call:
        for number in range(60):
            await call.queue(frame("red" if number < 50 else "blue"))
            await asyncio.sleep(0.02)
        await call.until(lambda: len(call.session.received("conversation.item.delete")) >= 2, "for deletions")
        sent = len(call.session.received("conversation.item.create"))
        assert 4 <= sent <= 20
        await call.until(lambda: len(shown(call.session)) == 2, "for two to stay")
        assert {part.detail for item in shown(call.session) for part in item.content} == {"low"}
        await call.queue(frame("blue"), InputTextRawFrame(text="What is this?"))
        await call.until(lambda: answers(call) == ["A blue jpeg, 64 wide."], "for the answer")
        assert call.said == [("assistant", "A blue jpeg, 64 wide.")]
        assert not call.session.sent("error")


async def test_video_that_is_paused_is_not_shown(speaker):
    async with calling(
        {}, speaker, greet=False, service_options={**video_options(), "start_video_paused": True}
    ) as call:
        await call.queue(frame(), InputTextRawFrame(text="Hello"))
        await call.bot_has_spoken()
        assert shown(call.session) == []
        call.service.set_video_input_paused(False)
        await call.queue(frame())
        await call.until(lambda: len(shown(call.session)) == 1, "for a frame")


async def test_video_is_not_shown_unless_asked_for_and_that_is_said_once(speaker, caplog_loguru):
    async with calling({}, speaker, greet=False) as call:
        await call.queue(frame(), frame(), InputTextRawFrame(text="Hello"))
        await call.bot_has_spoken()
        assert shown(call.session) == []
    assert sum("video_fps" in line for line in caplog_loguru) == 1


async def test_video_for_a_model_that_does_not_see_is_told_once_and_stops(speaker):
    settings = VoiceLiveLLMSettings(model="phi4-mini")
    async with calling({}, speaker, greet=False, settings=settings, service_options=video_options()) as call:
        for _ in range(30):
            await call.queue(frame())
            await asyncio.sleep(0.02)
        await call.queue(InputTextRawFrame(text="Hello"))
        await call.bot_has_spoken()
        assert len(call.seen(ErrorFrame)) == 1
        assert "no more is shown" in call.seen(ErrorFrame)[0].error
        creates = call.session.received("conversation.item.create")
        assert len([event for event in creates if event.item.content[0].type == "input_image"]) == 1


async def test_images_are_in_no_log(speaker, caplog_loguru):
    message = await LLMContext.create_image_message(format="RGB", size=(64, 48), image=pixels(), text="x")
    url = message["content"][1]["image_url"]["url"]
    async with calling(RED, speaker, greet=False, service_options=video_options()) as call:
        await call.queue(LLMMessagesAppendFrame(messages=[message], run_llm=True), frame())
        await call.bot_has_spoken()
        await call.until(lambda: len(shown(call.session)) == 2, "for both images")
    assert caplog_loguru
    assert not [line for line in caplog_loguru if url[40:120] in line or "base64," in line]


async def test_without_pipecat_a_client_shows_an_image_and_refuses_what_is_none(speaker):
    async with (
        VoiceLiveSimulator(RED, speech=speaker, speed=50) as sim,
        VoiceLiveClient(endpoint=sim.endpoint, api_key="key", model="gpt-realtime") as client,
    ):
        with pytest.raises(ConfigurationError, match="JPEG"):
            client.send_image(b"a picture, honestly")
        client.send_image(
            file_of(Image.new("RGB", (64, 48), "red"), "PNG"), text="What is this?", detail="low"
        )
        said = ""
        async for signal in client:
            match signal:
                case fx.SpokenText(text=heard):
                    said += heard
                case fx.ResponseFinished():
                    break
        assert said == "A red png, 64 wide."


async def test_of_a_history_of_many_large_images_the_newest_are_shown_and_the_call_goes_on(speaker):
    photo = uri(file_of(Image.effect_noise((1000, 900), 90).convert("RGB"), "JPEG", quality=90))
    assert 700_000 < len(photo) * 3 / 4 < 1_000_000
    history = [LLMContext.create_image_url_message(url=photo, text=f"Number {number}") for number in range(8)]
    async with calling(RED, speaker, messages=history) as call:
        await call.bot_has_spoken()
        numbers = [item.content[0].text for item in shown(call.session)]
        assert numbers == [f"Number {number}" for number in range(8 - len(numbers), 8)]
        assert 0 < len(numbers) < 8
        assert len(call.session.conversation) == 9
        await call.queue(InputTextRawFrame(text="What is this?"))
        await call.until(lambda: "A gray jpeg, 1000 wide." in answers(call), "for the answer")
    assert not call.seen(ErrorFrame)


async def test_video_is_not_shown_to_an_api_version_without_images_and_that_is_said_once(
    speaker, caplog_loguru
):
    options = {**video_options(), "api_version": "2025-10-01"}
    async with calling({}, speaker, greet=False, service_options=options) as call:
        await call.queue(frame(), frame(), InputTextRawFrame(text="Hello"))
        await call.bot_has_spoken()
        assert [item.words for item in call.session.conversation if item.role == "user"] == ["Hello"]
    assert sum("has no images" in line for line in caplog_loguru) == 1


def client_of(simulator):
    return VoiceLiveClient(endpoint=simulator.endpoint, api_key="key", model="gpt-realtime")


async def confirmations(client, number):
    """The ids of that many items, as they enter the conversation."""
    ids = []
    async for signal in client:
        if isinstance(signal, fx.ItemCreated):
            ids.append(signal.item.id)
            if len(ids) == number:
                return ids
    raise AssertionError("the connection ended")


async def test_a_frame_that_is_confirmed_late_leaves_the_conversation_too(speaker, monkeypatch):
    monkeypatch.setattr(camera, "CONFIRMED_WITHIN_S", 0.0)
    async with VoiceLiveSimulator({}, speech=speaker) as sim, client_of(sim) as client:
        await anext(signal async for signal in client if isinstance(signal, fx.SessionReady))
        tasks = []
        shows = Camera(
            client,
            ImageInput(video_fps=10, video_frames_kept=1),
            lambda work, _: tasks.append(asyncio.create_task(work)),
        )
        while len(tasks) < 2:
            shows.see(frame())
            await asyncio.sleep(0.02)
        await asyncio.gather(*tasks)
        for item_id in await confirmations(client, 2):
            shows.confirmed(item_id)
        await sim.sessions[0].wait_for_received("conversation.item.delete")


async def test_images_added_one_after_the_other_share_what_may_be_under_way(speaker):
    photo = uri(file_of(Image.effect_noise((1000, 900), 90).convert("RGB"), "JPEG", quality=90))
    part = ItemContent(type="input_image", image_url=photo)
    items = [ConversationItem(type="message", role="user", content=[part]) for _ in range(2)]
    options = ImageInput()

    async def complain(problem):
        raise AssertionError(problem)

    async with VoiceLiveSimulator({}, speech=speaker) as sim:
        client = client_of(sim)
        seeing = Seeing(client, Pictures(options), options, lambda work, _: None, complain)
        seeing.add(items)
        seeing.add(items)
        async with client:
            for item_id in await confirmations(client, 4):
                seeing.confirmed(item_id)
            assert len(photo) * len(shown(sim.sessions[0])) < 3_200_000
            assert len(shown(sim.sessions[0])) in (2, 3)
            seeing.add(items)
            await confirmations(client, 2)
            assert len(shown(sim.sessions[0])) in (4, 5)


async def test_an_image_that_is_ready_after_a_reset_is_shown_to_the_new_conversation(speaker):
    async with calling(RED, speaker) as call:
        await call.bot_has_spoken()
        image = frame(size=(6000, 4000), kind=UserImageRawFrame, text="What is this?")
        await call.queue(image)
        await call.until(lambda: call.pushed_by_service(UserImageRawFrame), "for the frame to pass")
        await call.service.reset_conversation()
        await call.until(lambda: "A red jpeg, 1024 wide." in answers(call), "for the answer")
        assert len(call.sim.sessions) == 2
        assert not shown(call.sim.sessions[0])
