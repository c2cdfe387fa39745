"""Nothing secret and nothing that was said is in any log, at any level, whatever goes wrong.

Whole bots have calls with a canary in each place, through each kind of fault; then everything that was
logged, by anybody, and the repr of every object of this package that is alive, is searched for them.

Pipecat prints the frames that it pushes at level TRACE, and what an application's handlers raise. What is
said may be in Pipecat's own lines, therefore; keys may not be in anybody's.
"""

import asyncio
import base64
import contextlib
import io

import pytest
from loguru import logger
from PIL import Image
from pipecat.frames.frames import (
    ErrorFrame,
    InputTextRawFrame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    LLMRunFrame,
    LLMUpdateSettingsFrame,
    TTSSpeakFrame,
    UserImageRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams

from certificates import Authority
from everything_logged import everything_logged
from mcp_servers import mcp_server
from pipecat_voicelive import (
    AvatarConfig,
    AzureStandardVoice,
    ConnectionOptions,
    IceServer,
    InputAudioTranscription,
    MCPServer,
    SessionProperties,
    TurnDetection,
    VoiceLiveClient,
    VoiceLiveError,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
)
from pipecat_voicelive.simulator.faults.kinds import KINDS
from proxy_servers import connect_proxy

from .harness import calling

KEY = "canary0key0canary0key"
TOKEN = "canary0token0canary0token"
GATEWAY = "canary0gateway0key"
MCP_HEADER, MCP_BEARER = "canary0mcp0header", "canary0mcp0bearer"
ICE = "canary0ice0credential"
PROXY_PASSWORD = "canary0proxy0password"
SECRETS = [
    PROXY_PASSWORD,
    KEY,
    TOKEN,
    GATEWAY,
    MCP_HEADER,
    MCP_BEARER,
    ICE,
    base64.b64encode(KEY.encode()).decode(),
]

SYSTEM, CONTEXT, HINT = "canarysystem", "canarycontext", "canaryhint"
CALLER, BOT, TYPED, GIVEN = "canarycaller", "canarybot", "canarytyped", "canarygiven"
ARGUMENT, RESULT, RAISED = "canaryargument", "canaryresult", "canaryraised"
TOLD, TENANT = "canarytold", "canarytenant"
PICTURE = io.BytesIO()
Image.new("RGB", (8, 8), "red").save(PICTURE, "PNG")
PIXELS = base64.b64encode(PICTURE.getvalue()).decode()[-60:]
SAID = [SYSTEM, CONTEXT, HINT, CALLER, BOT, TYPED, GIVEN, ARGUMENT, RESULT, TOLD, PIXELS]

SCENARIO = {
    "greeting": f"Hello, {BOT} speaking.",
    "turns": [
        {
            "user": f"What is the weather in {CALLER}?",
            "call": {"name": "look_up", "arguments": {"place": ARGUMENT}},
            "then": f"It is {{result}}, {BOT}.",
        },
        {"user": f"Fail, {TYPED}.", "call": {"name": "fail", "arguments": {"place": ARGUMENT}}, "then": BOT},
        {"user": f"Greet {TYPED}.", "call": {"name": "greet", "arguments": {"name": ARGUMENT}}, "then": BOT},
        {"user": f"What is {TYPED}?", "say": f"A {BOT}."},
    ],
    "otherwise": f"So says {BOT}.",
}

SAYINGS = {
    "close": f"close 1011 \"Bad value '{TOLD}'.\" at response.created 2",
    "send": f'send {{"type": "brand.new", "said": "{TOLD}", "key": "{KEY}"}} at response.created',
    "send-text": f'send-text "{{broken {TOLD} {KEY}" at response.created',
    "send-binary": f"send-binary {TOLD.encode().hex()} at response.created",
    "reject": f"reject invalid_value \"Invalid 'text': '{TOLD}'.\" at response.create 2",
    "fail-response": f"fail-response server_error \"The model said '{TOLD}'.\" at response 2",
    "refuse": f'refuse 400 "{TOLD}" at connect 1',
    "redirect": f"redirect 307 wss://elsewhere.example/{TOLD}?key={TOLD} at connect 1",
    "expire": "expire at response.done 3",  # unannounced: else it is never waited for
    "silent-handshake": "silent-handshake at connect 1",
    "slow-handshake": "slow-handshake 300ms at connect 1",
    "stop-reading": "stop-reading for 1s at response.created",
    "go-silent": "go-silent for 1s at response.created",
    "answer-late": "answer-late 1s at response 2",
    "send-malformed": "send-malformed at every response.created",
    "transcribe": "transcribe fail at turn 1",
    "transcribe-late": "transcribe-late 1s at turn 1",
    "send-unknown": "send-unknown at every response.created",
    "drop": "drop at response.audio.delta 2",
    "corrupt": "corrupt 3 at every response.output_item.added",
    "corrupt-bytes": "corrupt-bytes at response.created",
}
"""Faults that repeat what was said, or come early enough; of the other kinds the example is taken."""


async def look_up(params: FunctionCallParams, place: str):
    """Look something up.

    Args:
        place: Where.
    """
    await params.result_callback(RESULT)


async def fail(params: FunctionCallParams, place: str):
    """Fail.

    Args:
        place: Where.
    """
    raise RuntimeError(RAISED)


def settings(**options):
    return VoiceLiveLLMSettings(
        system_instruction=f"You are {SYSTEM}.",
        session_properties=SessionProperties(
            voice=AzureStandardVoice(name="en-US-AvaNeural"),
            turn_detection=TurnDetection(type="server_vad"),
            input_audio_transcription=InputAudioTranscription(model="azure-speech", phrase_list=[HINT]),
            **options,
        ),
    )


def typed(text):
    return LLMMessagesAppendFrame(messages=[{"role": "user", "content": text}], run_llm=True)


def service_options(**options):
    return {
        "api_key": KEY,
        "query": {"tenant": TENANT},
        "connection_options": ConnectionOptions(
            headers={"Ocp-Apim-Subscription-Key": GATEWAY}, open_timeout_s=1, close_timeout_s=0.2
        ),
        **options,
    }


async def within(call, condition, timeout_s=2.0):
    """Wait for something that the fault may well have made impossible."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while not condition():
                call.watcher.changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await call.watcher.changed.wait()


async def converse(call, logged):
    """All that a bot does, as far as the fault lets it."""
    await within(call, lambda: call.sim.sessions and call.sim.sessions[-1].sent("session.updated"))
    await call.queue(LLMRunFrame())
    await call.say("Hello?")
    await within(call, lambda: RESULT in str(call.said))
    logged.show_objects()
    await call.queue(InterruptionFrame(), typed(f"Fail, {TYPED}."))
    await within(call, lambda: RAISED in str(call.seen(ErrorFrame)), 1)
    await call.queue(TTSSpeakFrame(f"One moment, {GIVEN}."))
    image = Image.open(PICTURE)
    await call.queue(
        UserImageRawFrame(image=image.tobytes(), size=image.size, format="RGB", text=f"This is {TYPED}"),
        InputTextRawFrame(text=f"What is {TYPED}?"),
    )
    await call.queue(LLMUpdateSettingsFrame(delta=VoiceLiveLLMSettings(system_instruction=f"Be {SYSTEM}.")))
    await call.queue(InterruptionFrame(), typed(f"What is {TYPED}?"))
    await within(call, lambda: call.sim.faults.fired, 10)  # at once, unless the machine is busy
    logged.show_objects()


def assert_nothing_told(logged):
    """No secret is in anybody's line, and nothing that was said in a line that is not Pipecat's."""
    # The simulator tells the text of the fault that it was given; mcp is what it calls MCP servers with.
    others = ("pipecat.", "pipecat_voicelive.simulator.faults.handshakes", "mcp.")
    found = logged.with_any(SECRETS) + logged.with_any(
        SAID, among=lambda source: not source.startswith(others)
    )
    once = {(source, word): text for source, word, text in found}
    assert not once, "\n".join(f"{word} in {source}: {text}" for (source, word), text in once.items())


def told(call, logged):
    """Add what the bot's error frames say; those of the application's own handlers are Pipecat's."""
    for frame in call.pushed_by_service(ErrorFrame, direction=FrameDirection.UPSTREAM):
        if RAISED in frame.error:
            continue
        logged.add("error frame", f"{frame} {frame.error} {frame!r}")
        if frame.exception is not None:
            logged.show_error(frame.exception)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_no_fault_makes_a_bot_tell_a_secret_or_what_was_said(speaker, kind):
    fault = SAYINGS.get(kind, KINDS[kind].example)
    with everything_logged() as logged:
        async with calling(
            SCENARIO,
            speaker,
            tools=[look_up, fail],
            messages=[{"role": "user", "content": CONTEXT}],
            settings=settings(),
            service_options=service_options(),
            sim_options={"faults": [fault], "seed": 7},
            greet=False,
            await_ready=False,
        ) as call:
            call.service.add_event_handler("on_session_ready", _stumble)
            await converse(call, logged)
            told(call, logged)
            fired = call.sim.faults.fired
            assert fired, f"{fault} did not happen"
            await call.worker.cancel()  # and not to the end of what is being said
    assert_nothing_told(logged)


async def test_log_content_tells_what_was_said_and_no_key(speaker):
    with everything_logged() as logged:
        async with (
            mcp_server() as sums,
            calling(
                SCENARIO,
                speaker,
                tools=[look_up, fail],
                messages=[{"role": "user", "content": CONTEXT}],
                settings=settings(tools=[sums_server(sums.url)]),
                service_options=service_options(log_content=True),
                greet=False,
            ) as call,
        ):
            await call.session.send_event({"type": "error", "error": {"message": f"The key '{KEY}' is old."}})
            await converse(call, logged)
            await call.worker.cancel()
    assert logged.with_any(SECRETS) == []
    ours = "".join(line.text for line in logged.lines if line.source.endswith("content_log"))
    assert [word for word in SAID if word not in ours] == [TOLD, PIXELS]
    assert "Sent to Voice Live: " in ours
    assert "Received from Voice Live: " in ours


def sums_server(url):
    return MCPServer(
        server_label="sums", server_url=url, headers={"x-key": MCP_HEADER}, authorization=MCP_BEARER
    )


@pytest.mark.parametrize("fault", ["lose at response.mcp_call.completed", "drop at mcp_list_tools.completed"])
async def test_tools_that_the_service_runs_tell_nothing(fault):
    with everything_logged() as logged:
        async with (
            mcp_server() as sums,
            calling(
                SCENARIO,
                None,
                settings=settings(tools=[sums_server(sums.url)]),
                service_options=service_options(),
                sim_options={"faults": [fault]},
                greet=False,
            ) as call,
        ):

            @call.service.event_handler("on_mcp_approval_request")
            def on_mcp_approval_request(service, request):
                request.approve()
                raise RuntimeError("A handler of the application stumbles")

            await within(call, lambda: call.session.sent("mcp_list_tools.completed"))
            await call.queue(typed(f"Greet {TYPED}."))
            await within(call, lambda: ("greet", ARGUMENT) in sums.calls)
            await within(call, lambda: BOT in str(call.said), 1)
            logged.show_objects()
            told(call, logged)
            assert call.sim.faults.fired
            assert any(MCP_HEADER in headers.values() for headers in sums.headers)
            await call.worker.cancel()
    assert_nothing_told(logged)


@pytest.mark.parametrize("media", ["client", "pipeline"])
async def test_an_avatar_tells_nothing(media):
    avatar = AvatarConfig(
        character="lisa",
        ice_servers=[IceServer(urls=[], username=ICE, credential=ICE)],
    )
    with everything_logged() as logged:
        async with calling(
            SCENARIO,
            None,
            settings=settings(avatar=avatar),
            service_options=service_options(avatar_media=media),
            greet=False,
        ) as call:
            await call.queue(typed(f"What is {TYPED}?"))
            await within(call, lambda: BOT in str(call.said), 3)
            logged.show_objects()
            told(call, logged)
            await call.worker.cancel()
    # Credentials of a relay are what a browser is told; Pipecat prints what it pushes to it at TRACE.
    printed = [line for line in logged.lines if line.text.startswith("TRACE pipecat.processors.frame_proc")]
    assert (media == "client") == any(ICE in line.text for line in printed)
    logged.lines = [line for line in logged.lines if line not in printed]
    assert_nothing_told(logged)


async def test_a_token_and_the_password_of_a_proxy_are_told_by_nobody(speaker, tmp_path):
    authority = Authority(tmp_path)
    with everything_logged() as logged:
        async with contextlib.AsyncExitStack() as stack:
            sims = []

            def through_a_proxy(*, endpoint, **options):
                sims.append(int(endpoint.rsplit(":", 1)[1]))
                return VoiceLiveLLMService(endpoint="wss://voice.example", **options)

            proxy = await stack.enter_async_context(
                connect_proxy(lambda: sims[0], user=f"me:{PROXY_PASSWORD}")
            )
            options = ConnectionOptions(
                ca_file=authority.file, proxy=f"http://me:{PROXY_PASSWORD}@{proxy.address}"
            )
            call = await stack.enter_async_context(
                calling(
                    SCENARIO,
                    speaker,
                    settings=settings(),
                    service_options={"token_provider": lambda: TOKEN, "connection_options": options},
                    service_type=through_a_proxy,
                    sim_options={
                        "tls": authority.files("voice.example"),
                        "faults": ["drop at response.done"],
                    },
                )
            )
            await within(call, lambda: BOT in str(call.said), 3)
            logged.show_objects()
            told(call, logged)
            assert proxy.asked
            assert call.sim.faults.fired
            await call.worker.cancel()
    assert_nothing_told(logged)


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_key": f" {KEY}\n"},
        {"api_key": KEY, "token_provider": lambda: TOKEN},
        {"api_key": KEY, "endpoint": f"https://r.example?api-key={KEY}"},
        {"api_key": KEY, "endpoint": f"https://me:{KEY}@r.example"},
        {"api_key": KEY, "endpoint": "ws://r.example"},
        {"api_key": KEY, "endpoint": f"https://me:{KEY}"},
        {"api_key": KEY, "query": {"api-key": KEY}},
        {"api_key": KEY, "api_version": "1999-01-01"},
        {"api_key": KEY, "session": {"instructions": SYSTEM, "temperature": {SYSTEM}}},
        {"api_key": KEY, "session": {"instructions": SYSTEM, "metadata": {SYSTEM: 7}}},
        {"api_key": KEY, "session": {"instructions": SYSTEM, "input_audio_format": SYSTEM}},
    ],
    ids=lambda wrong: ",".join(wrong),
)
async def test_what_is_given_wrong_is_told_without_it(wrong):
    with everything_logged(callers=False) as logged:
        try:
            VoiceLiveClient(**{"endpoint": "wss://r.example", "model": "m", **wrong})
        except VoiceLiveError as error:
            logged.add("error", f"{error!r} {error}")
            logger.opt(exception=_inside(error)).error("An error")
            assert logged.lines
    assert_nothing_told(logged)


def _inside(error):
    """An error without the frame of this test, whose own variables hold it all."""
    return error.with_traceback(error.__traceback__.tb_next)


async def _stumble(service, session):
    raise RuntimeError("A handler of the application stumbles")
