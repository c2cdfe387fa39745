"""What is told of a loss and after it: which session, how much, and once."""

from pipecat.frames.frames import InputAudioRawFrame, LLMRunFrame

from .harness import calling
from .test_drops import TALK, Events, errors, recovering, until_back

SECOND = 32_000
FATAL = {"type": "invalid_request_error", "code": "insufficient_quota", "message": "You have no money."}


def live_id(call):
    return call.session.sent("session.updated")[0].session.id


async def test_an_error_after_a_reconnect_names_the_session_that_it_came_from(speaker):
    refused = {"faults": ["reject rate_limit_exceeded at response.create 1 in session 2"]}
    async with calling(TALK, speaker, sim_options=refused, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await until_back(call, events)
        await call.queue(LLMRunFrame())
        await call.until(lambda: errors(call), "for the error")
        assert errors(call)[0].exception.session_id == live_id(call)
        assert len(call.sim.sessions) == 2


async def test_the_error_at_the_end_names_the_session_that_was_lost_last(speaker):
    faults = {"faults": ["refuse 401 at connect 3"]}
    async with calling(TALK, speaker, sim_options=faults, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        await call.session.drop()
        await until_back(call, events)
        last = live_id(call)
        await call.session.drop()
        await call.until(lambda: errors(call), "for the end")
        (error,) = errors(call)
        assert error.exception.session_id == last


async def test_a_fatal_error_that_ends_the_session_is_one_error(speaker):
    async with calling(TALK, speaker, service_options=recovering()) as call:
        await call.bot_has_spoken()
        await call.session.send_event({"type": "error", "error": FATAL})
        await call.session.close(1008, "Bye.")
        await call.until(lambda: not call.service.is_usable, "for the end")
    (error,) = errors(call)
    assert "insufficient_quota" in error.error


async def test_a_fatal_error_after_which_the_session_goes_on_is_told_too(speaker):
    async with calling(TALK, speaker, service_options=recovering()) as call:
        await call.bot_has_spoken()
        await call.session.send_event({"type": "error", "error": FATAL})
        await call.until(lambda: errors(call), "for the error")
        assert call.service.is_usable
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)
    (error,) = errors(call)
    assert "insufficient_quota" in error.error


async def test_what_is_dropped_of_the_callers_audio_is_told_once_an_outage_with_how_much(
    speaker, caplog_loguru
):
    def told():
        return [line for line in caplog_loguru if "reached no session" in line]

    def heard():
        return sum(len(event.audio) for event in call.session.received("input_audio_buffer.append"))

    faults = {"faults": ["slow-handshake 1s at connect 2", "slow-handshake 1s at connect 3"]}
    async with calling(TALK, speaker, sim_options=faults, service_options=recovering()) as call:
        events = Events(call.service)
        await call.bot_has_spoken()
        for outage in (1, 2):
            await call.session.drop()
            await call.until(lambda times=outage: events.count("connection_lost") == times, "for the loss")
            for _ in range(10 + 30 * outage):
                await call.queue(InputAudioRawFrame(bytes(SECOND), 16000, 1))
            await until_back(call, events, outage)
            await call.until(lambda times=outage: len(told()) == times, "for the warning")
            seconds = float(told()[-1].split(" s of the caller")[0].split()[-1])
            # 30 s are kept. The microphone goes on meanwhile, and up to 30 s from before may be unconfirmed.
            assert 10 + 30 * outage - 30 <= seconds < 10 + 30 * outage + 6
            await call.until(lambda: heard() >= 29 * SECOND, "for the audio that was kept")
        assert not errors(call)
