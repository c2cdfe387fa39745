"""Losses of other kinds than a cut, and what the next session is told: whole bots, over a real socket."""

import asyncio

import pytest
from PIL import Image
from pipecat.frames.frames import InputAudioRawFrame, InputTextRawFrame, LLMMessagesAppendFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from pipecat_voicelive import ConnectionOptions, FoundryAgent, MemoryOptions

from .harness import calling
from .test_drops import TALK, Events, errors, recovering, second_is_ready, told_again, until_back
from .test_images import RED, answers, file_of, shown, uri
from .test_manual_turns import TWO_TURNS, manual, press, push_to_talk, release

ADA = [("user", "My name is Ada."), ("assistant", "Nice to meet you, Ada.")]
SO_FAR = "Summary of the conversation so far: "
LONG_AGO = [
    {"role": role, "content": f"{role} {number} " + "x" * 150}
    for number in range(8)
    for role in ("user", "assistant")
]


def typed(text):
    return LLMMessagesAppendFrame([{"role": "user", "content": text}], run_llm=True)


def connecting(**options):
    return {**recovering(), "connection_options": ConnectionOptions(close_timeout_s=0.5, **options)}


async def introduced(call):
    await call.until(lambda: len(call.said) == 3, "for the context")
    assert call.said[1:] == ADA
    assert not errors(call)


async def test_a_peer_that_reads_nothing_is_left_when_too_much_waits_for_it_and_the_call_goes_on(speaker):
    async with calling(TALK, speaker, service_options=connecting(max_unsent_bytes=4 * 2**20)) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        first = call.session
        first.inject("stop-reading")
        for _ in range(40):  # 34 MB in base64: sockets hold some of it
            await call.queue(InputAudioRawFrame(bytes(640_000), 16000, 1))
            await asyncio.sleep(0)
        await until_back(call, events)
        assert events.names == ["connection_lost", "reconnected"]
        assert "stopped reading" in str(events.told[0][1])
        await call.queue(typed("My name is Ada."))
        await call.bot_has_spoken(2)
        await introduced(call)
        first.lift_faults()


async def test_a_message_beyond_the_limit_is_a_loss_that_says_so_and_the_call_goes_on(speaker):
    async with calling(TALK, speaker, service_options=connecting(max_message_bytes=2**20)) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.send_event({"type": "brand.new", "x": "a" * 2**21})
        await until_back(call, events)
        assert events.names == ["connection_lost", "reconnected"]
        assert "max_message_bytes" in str(events.told[0][1])
        await call.queue(typed("My name is Ada."))
        await call.bot_has_spoken(2)
        await introduced(call)


@pytest.mark.quiet
@pytest.mark.parametrize(
    "fault",
    ["drop at session.created in session 2", "hang-up at connect 2", "slow-handshake 1s at connect 2"],
)
async def test_a_second_connection_that_is_lost_or_slow_while_renewing_is_not_noticed(speaker, fault):
    faults = {"faults": ["expire after 6s in session 1", fault]}
    async with calling(TALK, speaker, sim_options=faults, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await until_back(call, events)
        assert events.names == ["session_expiring", "reconnected"]
        assert events.told[-1][1].planned
        await call.queue(typed("My name is Ada."))
        await call.bot_has_spoken(2)
        await introduced(call)


@pytest.mark.quiet
async def test_a_second_connection_that_waits_for_the_end_of_a_turn_goes_on_when_the_first_is_lost(speaker):
    async with calling(
        TWO_TURNS,
        speaker,
        settings=manual(),
        user_params=push_to_talk(),
        greet=False,
        sim_options={"faults": ["expire after 6s in session 1"]},
        service_options=recovering(),
    ) as call:
        events = Events(call.service)
        await press(call)
        await call.until(lambda: second_is_ready(call), "for the second session")
        await call.sim.sessions[0].drop()
        await call.say("How are you today?")
        await release(call)
        await until_back(call, events)
        await call.until(lambda: len(call.said) == 2, "for the context")
        assert call.said == [("user", "How are you today?"), ("assistant", "Very well.")]
        assert events.names == ["session_expiring", "reconnected"]
        assert sum(len(one.received("input_audio_buffer.commit")) for one in call.sim.sessions) == 1
        assert not errors(call)


async def test_a_conversation_that_is_begun_anew_while_the_service_is_away_waits_for_it_as_long(speaker):
    options = recovering(connect_budget_s=0)
    refused = [f"refuse 503 at connect {number}" for number in (2, 3, 4)]
    async with calling(TALK, speaker, sim_options={"faults": refused}, service_options=options) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await call.until(lambda: events.names == ["connection_lost"], "for the loss")
        await call.service.reset_conversation()
        await call.queue(typed("My name is Ada."))
        await call.bot_has_spoken(2)
        await introduced(call)


async def test_an_agents_conversation_goes_on_by_its_id_after_a_loss(speaker):
    async def token():
        return "a-token"

    agent = FoundryAgent(name="clerk", project="office")
    options = {"token_provider": token, "agent": agent, "recovery": recovering()["recovery"]}
    async with calling(TALK, speaker, service_options=options) as call:
        events = Events(call.service)
        await call.queue(typed("My name is Ada."))
        await call.until(lambda: ADA[1] in call.said, "for the answer")
        conversation_id = call.service.conversation_id
        remembered = [item.words for item in call.session.conversation]
        await call.session.drop()
        await until_back(call, events)
        assert call.session.handshake.query["conversation-id"] == conversation_id
        assert call.service.conversation_id == conversation_id
        assert told_again(call.session) == []
        await call.queue(typed("What can you do for me?"))
        await call.until(lambda: ("assistant", "I can tell you the time.") in call.said, "for the answer")
        assert [item.words for item in call.session.conversation][: len(remembered)] == remembered
        assert not errors(call)


async def test_an_image_is_shown_to_the_next_session_once(speaker):
    blue = uri(file_of(Image.new("RGB", (64, 48), "blue")))
    history = [
        LLMContext.create_image_url_message(url=blue, text="Look."),
        {"role": "assistant", "content": "I see."},
    ]
    async with calling(RED, speaker, messages=history, service_options=recovering()) as call:
        events = Events(call.service)
        await call.until(lambda: len(shown(call.session)) == 1, "for the image")
        await call.session.drop()
        await until_back(call, events)
        await call.until(lambda: shown(call.session), "for the image again")
        await call.queue(InputTextRawFrame(text="What is this?"))
        await call.until(lambda: "A blue jpeg, 64 wide." in answers(call), "for the answer")
        assert len(shown(call.session)) == 1
        assert not errors(call)


@pytest.mark.parametrize("by", ["a function", "the model"])
async def test_the_oldest_turns_of_a_long_call_stand_summarised_in_the_next_session(speaker, by):
    async def summarize(items):
        return f"{len(items)} things were said."

    memory = MemoryOptions(
        budget_chars=1_000, oldest="summarize", summarize=summarize if by == "a function" else None
    )
    options = {**recovering(), "memory": memory}
    async with calling(
        {"otherwise": "Hello there."}, speaker, messages=LONG_AGO, service_options=options
    ) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        if by == "the model":
            await call.until(lambda: len(call.session.sent("response.done")) == 2, "for the summary")
        await call.session.drop()
        await until_back(call, events)
        (role, summary), *rest = told_again(call.session)
        assert role == "system"
        assert summary.startswith(SO_FAR)
        assert len(summary) > len(SO_FAR)
        assert rest[-1] == ("assistant", "Hello there.")
        assert len(rest) < len(LONG_AGO)
        assert not errors(call)
