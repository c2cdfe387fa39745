"""When the service refuses, fails or goes away: one clear error, brackets closed, no words in it."""

import asyncio

import pytest
from loguru import logger
from pipecat.frames.frames import (
    ErrorFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.errors import ErrorCategory
from pipecat.workers.runner import WorkerRunner

from pipecat_voicelive import RecoveryOptions, SessionProperties, VoiceLiveLLMService, VoiceLiveLLMSettings
from pipecat_voicelive.simulator import VoiceLiveSimulator

from .harness import calling

LOST_FOR_GOOD = {"api_key": "key", "recovery": RecoveryOptions(budget_s=0)}


def errors(call):
    return call.pushed_by_service(ErrorFrame, direction=FrameDirection.UPSTREAM)


async def test_a_lost_connection_closes_the_answer_and_is_told_once(speaker):
    text = "A long answer that is never finished because somebody pulls the plug in the middle of it."
    async with calling({"greeting": text}, speaker, speed=1.5, service_options=LOST_FOR_GOOD) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the answer to begin")
        await call.session.drop()
        await call.until(lambda: errors(call), "for the error")
        (error,) = errors(call)
        assert "connection to Voice Live was lost" in error.error
        assert error.category is ErrorCategory.CONNECTIVITY
        assert not call.service.is_usable
        brackets = (LLMFullResponseStartFrame, LLMFullResponseEndFrame, TTSStartedFrame, TTSStoppedFrame)
        assert [type(frame) for frame in call.pushed_by_service(*brackets)] == [
            LLMFullResponseStartFrame,
            TTSStartedFrame,
            TTSStoppedFrame,
            LLMFullResponseEndFrame,
        ]


async def test_a_close_by_the_service_tells_its_code_and_reason(speaker):
    async with calling({"greeting": "Hello."}, speaker, service_options=LOST_FOR_GOOD) as call:
        await call.bot_has_spoken()
        await call.session.close(1001, "session expired")
        await call.until(lambda: errors(call), "for the error")
        assert "code 1001, session expired" in errors(call)[0].error


@pytest.mark.proves("feature.errors", "error")
async def test_an_error_of_the_service_is_told_without_what_it_quotes_and_the_call_goes_on(speaker):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        await call.session.send_event(
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "code": "invalid_value",
                    "message": "Invalid 'item.text': got 'MY SECRET WORDS'.",
                    "param": "item.text",
                },
            }
        )
        await call.until(lambda: errors(call), "for the error")
        (error,) = errors(call)
        assert "invalid_value" in error.error
        assert "item.text" in error.error
        assert "SECRET" not in error.error + str(error.exception)
        assert call.service.is_usable
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)


@pytest.mark.parametrize(
    "message",
    [
        b"\xff\xfe not text",
        "not json",
        "[]",
        "{}",
        '{"type": null}',
        '{"type": "response.audio.delta", "response_id": 1, "delta": "@@"}',
        '{"type": "response.done", "response": null}',
        '{"type": "a.new.event", "words": "SECRET"}',
    ],
)
async def test_a_message_that_cannot_be_read_leaves_the_call_running(speaker, message, caplog_loguru):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.until(lambda: call.heard(TTSAudioRawFrame), "for the bot")
        await call.session.send_raw(message)
        await call.session.send_raw(message)
        await call.bot_has_spoken()
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)
        assert not errors(call)
    warnings = [line for line in caplog_loguru if "passed over an event" in line]
    assert len(warnings) == 1
    assert "SECRET" not in "".join(caplog_loguru)


async def test_options_that_the_service_refuses_make_the_service_unusable_and_say_why(speaker):
    settings = VoiceLiveLLMSettings(
        session_properties=SessionProperties(modalities=["audio"], input_audio_transcription=None)
    )
    async with VoiceLiveSimulator(speech=speaker) as simulator:
        error = await first_error(endpoint=simulator.endpoint, api_key="key", settings=settings)
    assert "refused the session's options" in error.error
    assert error.category is ErrorCategory.INVALID_REQUEST


@pytest.mark.parametrize(
    ("options", "hint", "category"),
    [
        ({"api_key": "wrong"}, "key was refused", ErrorCategory.AUTHENTICATION),
        ({"api_key": "right", "profile": "byom-nothing"}, "Check the model", ErrorCategory.INVALID_REQUEST),
        ({"token_provider": lambda: ""}, "empty token", ErrorCategory.AUTHENTICATION),
        ({"token_provider": lambda: "two\r\nlines"}, "no token", ErrorCategory.AUTHENTICATION),
    ],
)
async def test_a_refused_handshake_makes_the_service_unusable_and_says_what_to_do(
    speaker, options, hint, category
):
    async with VoiceLiveSimulator(speech=speaker, api_key="right") as simulator:
        error = await first_error(endpoint=simulator.endpoint, **options)
    assert hint in error.error
    assert error.category is category
    assert "wrong" not in error.error


async def test_nothing_that_we_log_holds_words_or_keys(speaker):
    secrets = {"prompt": "ocelot", "greeting": "zebra", "typed": "tapir", "key": "marmot", "result": "lemur"}
    lines = []
    sink = logger.add(
        lines.append, format="{name} {message}", filter="pipecat_voicelive", level=0, diagnose=True
    )

    async def get_weather(params, city: str):
        """Get the weather.

        Args:
            city: The city.
        """
        await params.result_callback({"weather": secrets["result"]})

    turn = {"user": secrets["typed"], "call": {"name": "get_weather", "arguments": {"city": "okapi"}}}
    scenario = {"greeting": secrets["greeting"], "turns": [{**turn, "then": "It is {result.weather}."}]}
    async with calling(
        scenario,
        speaker,
        tools=[get_weather],
        settings=VoiceLiveLLMSettings(system_instruction=secrets["prompt"]),
        service_options={"api_key": secrets["key"], "recovery": RecoveryOptions(budget_s=0)},
    ) as call:
        await call.bot_has_spoken()
        typed = [{"role": "user", "content": secrets["typed"]}]
        await call.queue(LLMMessagesAppendFrame(typed, run_llm=True))
        await call.bot_has_spoken(2)
        for kind in ("error", "warning"):
            details = {"message": "It can't be 'zebra' or the o'clock \"okapi", "code": "c"}
            await call.session.send_event({"type": kind, kind: details})
        await call.session.drop()
        await call.until(lambda: not call.service.is_usable, "for the loss")
    logger.remove(sink)
    said = [str(line) for line in lines] + [frame.error + repr(frame.exception) for frame in errors(call)]
    assert len(said) >= 4
    assert not [line for line in said if any(word in line for word in [*secrets.values(), "okapi"])]


async def first_error(**options):
    """The first error of a service that is alone in a pipeline; the pipeline is cancelled then."""
    service = VoiceLiveLLMService(**options)
    worker = PipelineWorker(Pipeline([service]), enable_rtvi=False, idle_timeout_secs=None)
    seen = []

    @worker.event_handler("on_pipeline_error")
    async def on_error(_worker, frame):
        seen.append(frame)
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    async with asyncio.timeout(10):
        await runner.run()
    assert not service.is_usable
    return seen[0]
