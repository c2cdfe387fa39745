"""Turns that Pipecat makes: the service is sent what was said to the sample, once, and asked once each."""

import asyncio

import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    TranscriptionFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies, UserTurnStrategies

from pipecat_voicelive import SessionProperties, VoiceLiveLLMSettings

from .harness import calling
from .test_drops import Events, recovering, second_is_ready, until_back
from .test_turns import STORY

RATE_HZ = 16000
TWO_TURNS = {
    "greeting": "Hello.",
    "turns": [
        {"user": "How are you today?", "say": "Very well."},
        {"user": "And what is your name?", "say": "I have none."},
    ],
}


def manual():
    return VoiceLiveLLMSettings(session_properties=SessionProperties(turn_detection=None))


def heard_by_pipecat():
    """Turns that begin and end where Pipecat's voice activity detection hears speech."""
    turns = UserTurnStrategies(
        start=[VADUserTurnStartStrategy()],
        stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.3)],
    )
    vad = SileroVADAnalyzer(params=VADParams(start_secs=0.2, stop_secs=0.2))
    return LLMUserAggregatorParams(vad_analyzer=vad, user_turn_strategies=turns)


def push_to_talk():
    """Turns that begin and end when somebody says so."""
    return LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())


async def press(call):
    await push(call, UserStartedSpeakingFrame())


async def release(call):
    await push(call, UserStoppedSpeakingFrame())


async def push(call, frame):
    """Put a frame in, and wait until the service has taken it."""
    await call.queue(frame)
    await call.until(lambda: frame in call.pushed_by_service(type(frame)), "for the button")


def audio_sent(session):
    """How many bytes of the caller's audio a session has received."""
    return sum(len(event.audio) for event in session.received("input_audio_buffer.append"))


def committed(call, session=None):
    """The audio of each turn that was committed, and what was sent after the last."""
    turns = [b""]
    for event in (session or call.session).client_events:
        if event.type == "input_audio_buffer.append":
            turns[-1] += event.audio
        elif event.type == "input_audio_buffer.commit":
            turns.append(b"")
    return turns[:-1], turns[-1]


def said(call):
    """All that the caller's microphone has sent, silence too."""
    track = call.transport.recording.caller
    return track.samples(track.end_s, RATE_HZ).tobytes()


async def test_each_turn_is_sent_to_the_sample_from_before_its_first_sound_and_nothing_twice(speaker):
    async with calling(TWO_TURNS, speaker, settings=manual(), user_params=heard_by_pipecat()) as call:
        await call.bot_has_spoken()
        speeches = []
        for number, turn in enumerate(TWO_TURNS["turns"], 2):
            speeches.append(await call.say(turn["user"]))
            await call.bot_has_spoken(number)
        turns, rest = committed(call)
        whole, end = said(call), 0
        assert len(turns) == 2
        assert rest == b""
        for turn, speech in zip(turns, speeches, strict=True):
            begin = whole.find(turn, end)
            assert begin >= end, "not what the caller said, or some of it twice"
            end = begin + len(turn)
            assert begin / 2 / RATE_HZ < speech.start_s
            assert end / 2 / RATE_HZ > speech.end_s
        assert len(call.session.received("response.create")) == 3
        assert not call.session.received("input_audio_buffer.clear")
        assert not call.session.sent("error")
    assert not call.seen(ErrorFrame)


async def test_an_interruption_between_manual_turns_sends_nothing_again(speaker):
    scenario = {**TWO_TURNS, "otherwise": "As you say."}
    async with calling(scenario, speaker, settings=manual(), user_params=heard_by_pipecat()) as call:
        await call.bot_has_spoken()
        await call.say("How are you today?")
        await call.bot_has_spoken(2)
        typed = LLMMessagesAppendFrame([{"role": "user", "content": "Wait."}], run_llm=True)
        await call.queue(InterruptionFrame(), typed)
        await call.bot_has_spoken(3)
        await call.say("And what is your name?")
        await call.bot_has_spoken(4)
        (first, second), rest = committed(call)
        whole = said(call)
        assert whole.find(second) >= whole.find(first) + len(first) > 0
        assert rest == b""
        assert not call.session.received("input_audio_buffer.clear")
        assert len(call.session.received("response.create")) == 4
        assert not call.session.sent("error")


async def test_a_button_that_is_pressed_while_the_microphone_is_paused_commits_nothing_and_asks_nothing(
    speaker,
):
    async with calling(TWO_TURNS, speaker, settings=manual(), user_params=push_to_talk()) as call:
        await call.bot_has_spoken()
        call.service.set_audio_input_paused(True)
        await press(call)
        await call.say("How are you today?")
        await release(call)
        call.service.set_audio_input_paused(False)
        await press(call)
        await call.say("How are you today?")
        await release(call)
        await call.bot_has_spoken(2)
        (turn,), _ = committed(call)
        assert said(call).find(turn) > 0
        assert len(call.session.received("response.create")) == 2
        assert not call.session.sent("error")
    assert not call.seen(ErrorFrame)


async def test_a_button_that_is_pressed_and_released_twice_is_one_turn(speaker):
    async with calling(TWO_TURNS, speaker, settings=manual(), user_params=push_to_talk()) as call:
        await call.bot_has_spoken()
        await press(call)
        await press(call)
        await call.say("How are you today?")
        await release(call)
        await release(call)
        await call.bot_has_spoken(2)
        (turn,), rest = committed(call)
        assert said(call).find(turn) > 0
        assert rest == b""
        assert len(call.session.received("response.create")) == 2
        assert not call.session.sent("error")


async def test_a_manual_turn_during_an_answer_cuts_it_to_what_was_heard_and_is_answered(speaker):
    scenario = {"greeting": STORY, "turns": TWO_TURNS["turns"]}
    async with calling(scenario, speaker, settings=manual(), user_params=heard_by_pipecat()) as call:
        await call.until(lambda: len(call.heard(TTSTextFrame)) > 4, "for some words")
        await call.say("How are you today?")
        await call.until(lambda: call.said[-1:] == [("assistant", "Very well.")], "for the answer")
        (_, story), (_, question), _ = call.said
        assert STORY.startswith(story)
        assert len(story) < len(STORY) - 20
        assert question == "How are you today?"
        (cut,) = call.session.received("conversation.item.truncate")
        on_the_server = call.session.heard_text(cut.item_id)
        assert abs(len(on_the_server.split()) - len(story.split())) <= 2
        assert len(committed(call)[0]) == 1
        assert not call.session.sent("error")


@pytest.mark.parametrize("fault", ["reject input_audio_buffer_commit_empty at input_audio_buffer.commit 1"])
async def test_a_turn_that_the_service_refuses_is_told_and_the_next_is_answered(speaker, fault):
    async with calling(
        TWO_TURNS, speaker, settings=manual(), user_params=heard_by_pipecat(), sim_options={"faults": [fault]}
    ) as call:
        await call.bot_has_spoken()
        await call.say("How are you today?")
        await call.until(lambda: call.seen(ErrorFrame), "for the error")
        await call.bot_has_spoken(2)
        await call.say("How are you today?")
        await call.bot_has_spoken(3)
        assert len(call.session.sent("input_audio_buffer.committed")) == 1


@pytest.mark.parametrize("faults", [[], ["slow-handshake 1.5s at connect 2"]])
async def test_a_turn_that_a_loss_divides_is_committed_once_and_whole(speaker, faults):
    question = "How are you today?"
    async with calling(
        TWO_TURNS,
        speaker,
        settings=manual(),
        user_params=push_to_talk(),
        sim_options={"faults": faults},
        service_options=recovering(),
    ) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        first = call.session
        await press(call)
        saying = asyncio.create_task(call.say(question))
        await call.until(lambda: audio_sent(first) > RATE_HZ, "for half a second of it")
        await first.drop()
        await call.until(lambda: events.count("connection_lost"), "for the loss")
        speech = await saying
        await release(call)
        await call.bot_has_spoken(2)
        await until_back(call, events)
        await call.until(lambda: call.said[-1:] == [("assistant", "Very well.")], "for the context")
        assert call.said[1:] == [("user", question), ("assistant", "Very well.")]
        assert [frame.text for frame in call.seen(TranscriptionFrame)] == [question]
        check_one_turn(call, speech)
    assert not call.seen(ErrorFrame)


@pytest.mark.quiet
async def test_a_session_is_not_left_while_a_button_is_pressed(speaker):
    question = "How are you today?"
    async with calling(
        TWO_TURNS,
        speaker,
        settings=manual(),
        user_params=push_to_talk(),
        greet=False,
        sim_options={"faults": ["expire after 7s in session 1"]},
        service_options=recovering(),
    ) as call:
        events = Events(call.service)
        await press(call)
        await call.until(lambda: second_is_ready(call), "for the second session")
        speech = await call.say(question)
        assert not events.count("reconnected")
        await release(call)
        await until_back(call, events)
        await call.until(lambda: len(call.said) == 2, "for the context")
        assert call.said == [("user", question), ("assistant", "Very well.")]
        assert events.names == ["session_expiring", "reconnected"]
        check_one_turn(call, speech)
    assert not call.seen(ErrorFrame)


def check_one_turn(call, speech):
    """One turn was committed in all sessions, and it is what the microphone gave, from before this speech."""
    (session,) = [one for one in call.sim.sessions if one.received("input_audio_buffer.commit")]
    (turn,), rest = committed(call, session)
    assert rest == b""
    begin = said(call).find(turn)
    assert begin >= 0, "not what the caller said, or some of it twice"
    assert begin / 2 / RATE_HZ < speech.start_s
    # The button may overtake what the microphone gave last.
    assert (begin + len(turn)) / 2 / RATE_HZ > speech.end_s - 0.2
