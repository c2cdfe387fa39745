"""Foundry agents: a bot that talks to one, goes on another day, and hears what is not speech."""

import pytest
from pipecat.frames.frames import LLMConfigureOutputFrame, LLMMessagesAppendFrame

from e2e.harness import calling
from pipecat_voicelive import (
    FoundryAgent,
    SessionProperties,
    VoiceLiveAgentEventFrame,
    VoiceLiveClient,
    VoiceLiveLLMService,
)
from pipecat_voicelive.session.effects import AgentEvent, ResponseFinished, SessionReady, TextDelta
from pipecat_voicelive.simulator import VoiceLiveSimulator

AGENT = FoundryAgent(name="clerk", project="office")
PAID = {"type": "order", "state": "paid"}
SCENARIO = {
    "turns": [
        {"user": "My name is Ida", "say": "Good day, Ida."},
        {"user": "What is my name?", "say": "Ida."},
        {"user": '{"action": "confirm"}', "say": "Confirmed.", "events": [PAID]},
    ],
    "otherwise": "What?",
}


async def token():
    return "a-token"


def typed(text):
    return LLMMessagesAppendFrame(messages=[{"role": "user", "content": text}], run_llm=True)


async def answer(client):
    """The signals of one answer."""
    signals = []
    async for signal in client:
        signals.append(signal)
        if isinstance(signal, ResponseFinished):
            return signals
    raise AssertionError("the session is over")


def written(signals):
    return "".join(signal.delta for signal in signals if isinstance(signal, TextDelta))


@pytest.mark.proves("feature.agent-mode")
async def test_a_bot_talks_to_an_agent_without_a_model_and_without_instructions(speaker, caplog_loguru):
    options = {"token_provider": token, "agent": AGENT}
    settings = VoiceLiveLLMService.Settings(system_instruction="Be brief.")
    ready = []

    async def note(_service, session):
        ready.append(session)

    async with calling(
        SCENARIO, speaker, service_options=options, settings=settings, greet=False, await_ready=False
    ) as call:
        call.service.add_event_handler("on_session_ready", note)
        await call.until(lambda: ready, "for the session")
        await call.queue(typed("My name is Ida"))
        await call.bot_has_spoken()
        query = call.session.handshake.query
        assert (query["agent-name"], query["agent-project-name"]) == ("clerk", "office")
        assert "model" not in query
        assert all("instructions" not in update.session for update in call.session.received("session.update"))
        await call.until(lambda: ("assistant", "Good day, Ida.") in call.said, "for the context")
        assert ready[0].agent["name"] == "clerk"
        assert ready[0].agent["thread_id"] == call.service.conversation_id
    assert sum("its own instructions" in line for line in caplog_loguru) == 1


@pytest.mark.proves("rule.agent-thread")
@pytest.mark.proves("feature.agent-resumes", "query.conversation-id")
async def test_a_conversation_is_gone_on_with_by_its_id(speaker):
    async with VoiceLiveSimulator(SCENARIO, speech=speaker, speed=50) as sim:

        def client(conversation_id=None):
            agent = FoundryAgent(name="clerk", project="office", conversation_id=conversation_id)
            session = SessionProperties(modalities=["text"])
            return VoiceLiveClient(endpoint=sim.endpoint, agent=agent, token_provider=token, session=session)

        async with client() as first:
            first.send_text("My name is Ida")
            assert written(await answer(first)) == "Good day, Ida."
            conversation_id = first.conversation_id
        async with client(conversation_id) as second:
            second.send_text("What is my name?")
            assert written(await answer(second)) == "Ida."
            assert second.conversation_id == conversation_id
        remembered = [item.words for item in sim.sessions[-1].conversation]
        assert remembered == ["My name is Ida", "Good day, Ida.", "What is my name?", "Ida."]
        async with client("conv_of_another_agent") as third:
            async for signal in third:
                if isinstance(signal, SessionReady):
                    break
            assert third.conversation_id not in (None, conversation_id, "conv_of_another_agent")


@pytest.mark.proves(
    "response.invocation.delta", "response.create.invoke_input", "feature.hosted-agent-invocation"
)
async def test_a_hosted_agent_is_handed_an_object_and_its_events_come_out(speaker):
    options = {"token_provider": token, "agent": AGENT}
    async with calling(SCENARIO, speaker, service_options=options, greet=False) as call:
        await call.service.invoke({"action": "confirm"})
        await call.bot_has_spoken()
        (frame,) = call.pushed_by_service(VoiceLiveAgentEventFrame)
        assert frame.event == PAID
        await call.until(lambda: call.said == [("assistant", "Confirmed.")], "for the context")


async def test_an_object_is_handed_over_for_a_silent_answer_if_answers_are_to_be_silent(speaker):
    options = {"token_provider": token, "agent": AGENT}
    async with calling(SCENARIO, speaker, service_options=options, greet=False) as call:
        await call.queue(LLMConfigureOutputFrame(skip_tts=True))
        await call.until(lambda: call.service.skips_speech, "for silence")
        await call.service.invoke({"action": "confirm"})
        (request,) = await call.session.wait_for_received("response.create")
        assert request.response.modalities == ["text"]
        assert request.response.invoke_input == {"action": "confirm"}


async def test_the_client_hands_an_object_over_too(speaker):
    async with (
        VoiceLiveSimulator(SCENARIO, speech=speaker, speed=50) as sim,
        VoiceLiveClient(endpoint=sim.endpoint, agent=AGENT, token_provider=token) as client,
    ):
        client.invoke({"action": "confirm"})
        assert AgentEvent(PAID) in await answer(client)


async def test_a_conversation_that_is_reset_is_a_new_one_of_the_agents(speaker):
    begun = FoundryAgent(name="clerk", project="office", conversation_id="conv_of_yesterday")
    options = {"token_provider": token, "agent": begun}
    async with calling(SCENARIO, speaker, service_options=options, greet=False) as call:
        await call.queue(typed("My name is Ida"))
        await call.bot_has_spoken()
        assert call.session.handshake.query["conversation-id"] == "conv_of_yesterday"
        first = call.service.conversation_id
        await call.service.reset_conversation()
        await call.until(lambda: call.service.conversation_id not in (None, first), "for another")
        assert "conversation-id" not in call.session.handshake.query
