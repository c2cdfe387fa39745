"""What another session is told of the conversation when a connection is lost: over real sockets."""

import asyncio

from pipecat_voicelive import FoundryAgent, FunctionTool, SessionProperties
from pipecat_voicelive.client import ConnectionInterrupted, Reconnected
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.memory import MemoryOptions
from pipecat_voicelive.simulator import VoiceLiveSimulator
from recovering import fast, talking

WEATHER = FunctionTool(
    name="weather", description="The weather.", parameters={"type": "object", "properties": {}}
)
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)

SO_FAR = "Summary of the conversation so far: "


def conversation(simulator):
    """What the newest session has: roles or types, and words."""
    items = simulator.sessions[-1].conversation
    return [(item.role or item.type, item.words or item.output or item.name) for item in items]


def requests(simulator):
    return simulator.sessions[-1].received("response.create")


async def said(talk, text):
    """The caller's words, typed and answered."""
    count = len(talk.told(fx.ResponseFinished))
    talk.client.send_text(text)
    return await talk.until(fx.ResponseFinished, count + 1)


async def lose(simulator, talk):
    """The connection is cut; returns when another session goes on, and has been told everything."""
    count = len(talk.told(Reconnected))
    await simulator.sessions[-1].drop()
    await talk.until(Reconnected, count + 1)
    talk.client.send_event({"type": "conversation.item.retrieve", "item_id": "the last"})
    await simulator.sessions[-1].wait_for_received("conversation.item.retrieve")


TURNS = [{"user": "Who are you?", "say": "A bot."}, {"user": "And I?", "say": "A caller."}]


async def test_the_new_session_has_roles_and_words_in_order_and_nothing_is_asked_for():
    async with VoiceLiveSimulator({"turns": TURNS}) as simulator, talking(simulator) as talk:
        talk.client.send_text("Be polite.", role="system", respond=False)
        await said(talk, "Who are you?")
        before = conversation(simulator)
        await lose(simulator, talk)
        assert conversation(simulator) == before
        assert before == [("system", "Be polite."), ("user", "Who are you?"), ("assistant", "A bot.")]
        assert not requests(simulator)
        await said(talk, "And I?")
        assert conversation(simulator)[-1] == ("assistant", "A caller.")


async def test_calls_keep_their_results_and_images_come_again_as_they_were():
    scenario = {"turns": [{"user": "Weather?", "call": {"name": "weather"}, "then": "Fog."}]}
    session = SessionProperties(tools=[WEATHER])
    async with VoiceLiveSimulator(scenario) as simulator, talking(simulator, session=session) as talk:
        talk.client.send_image(PIXEL, text="Look.", respond=False)
        talk.client.send_text("Weather?")
        (call,) = (await talk.until(fx.ToolCalls)).calls
        talk.client.answer_tool(call.call_id, "fog")
        talk.client.respond_to_results()
        await talk.until(fx.ResponseFinished, 2)
        before = conversation(simulator)
        await lose(simulator, talk)
        assert conversation(simulator) == before
        assert [role for role, _ in before] == [
            "user",
            "user",
            "function_call",
            "function_call_output",
            "assistant",
        ]
        image = simulator.sessions[-1].conversation[0].content[1]
        assert image.image_url == PIXEL


async def test_a_call_that_runs_meanwhile_is_answered_by_a_message_and_one_answer_speaks_of_it():
    scenario = {"turns": [{"user": "Weather?", "call": {"name": "weather"}, "then": "Fog."}]}
    session = SessionProperties(tools=[WEATHER])
    async with VoiceLiveSimulator(scenario) as simulator, talking(simulator, session=session) as talk:
        talk.client.send_text("Weather?")
        (call,) = (await talk.until(fx.ToolCalls)).calls
        await lose(simulator, talk)
        talk.client.answer_tool(call.call_id, "fog")
        talk.client.respond_to_results()
        await talk.until(fx.ResponseFinished, 2)
        assert ("system", "Result of the earlier call of weather: fog") in conversation(simulator)
        assert len(requests(simulator)) == 1


async def test_beyond_the_budget_the_oldest_turns_are_dropped():
    turns = [{"user": f"Say {number}. " + "x" * 100, "say": "y" * 100} for number in range(8)]
    memory = MemoryOptions(budget_chars=1_000)
    async with VoiceLiveSimulator({"turns": turns}) as simulator, talking(simulator, memory=memory) as talk:
        for turn in turns:
            await said(talk, turn["user"])
        await lose(simulator, talk)
        told = conversation(simulator)
        assert [words for _, words in told[-2:]] == [turns[-1]["user"], turns[-1]["say"]]
        assert told[0] == ("user", turns[-len(told) // 2]["user"])
        assert 2 <= len(told) <= 7


async def test_the_oldest_turns_stand_summarised_by_a_function():
    given = []

    async def summarize(items):
        given.append([item.words for item in items])
        return f"{len(items)} things were said."

    turns = [{"user": f"Say {number}. " + "x" * 100, "say": "y" * 100} for number in range(8)]
    memory = MemoryOptions(budget_chars=1_000, oldest="summarize", summarize=summarize)
    async with VoiceLiveSimulator({"turns": turns}) as simulator, talking(simulator, memory=memory) as talk:
        for turn in turns:
            await said(talk, turn["user"])
        await lose(simulator, talk)
        told = conversation(simulator)
        assert told[0] == (
            "system",
            f"Summary of the conversation so far: {len(given[-1])} things were said.",
        )
        assert told[-1] == ("assistant", "y" * 100)
        assert given[0][0].startswith("Say 0.")
        if len(given) > 1:
            assert given[1][0] == f"{SO_FAR}{len(given[0])} things were said."
        assert not requests(simulator)


async def test_a_function_that_fails_to_summarise_is_told_without_what_it_was_given():
    async def summarize(items):
        raise LookupError(items[0].words)

    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    turns = [{"user": f"Say {number}. " + "x" * 100, "say": "y" * 100} for number in range(8)]
    memory = MemoryOptions(budget_chars=1_000, oldest="summarize", summarize=summarize)
    async with VoiceLiveSimulator({"turns": turns}) as simulator, talking(simulator, memory=memory) as talk:
        for turn in turns:
            await said(talk, turn["user"])
        await lose(simulator, talk)
        assert conversation(simulator)[-1] == ("assistant", "y" * 100)
    assert told
    assert all("summarize failed (LookupError)" in context["message"] for context in told)
    assert "Say 0." not in str(told)


async def test_the_oldest_turns_stand_summarised_by_the_model():
    turns = [{"user": f"Say {number}. " + "x" * 100, "say": "y" * 100} for number in range(8)]
    memory = MemoryOptions(budget_chars=1_000, oldest="summarize")
    async with VoiceLiveSimulator({"turns": turns}) as simulator, talking(simulator, memory=memory) as talk:
        for turn in turns:
            await said(talk, turn["user"])
        await talk.until(fx.AskAnswered)
        await lose(simulator, talk)
        assert conversation(simulator)[0][1].startswith(SO_FAR)
        assert conversation(simulator)[-1] == ("assistant", "y" * 100)


async def test_an_agent_keeps_the_conversation_itself_and_is_told_nothing_again():
    agent = FoundryAgent(name="clerk", project="office")
    options = {"agent": agent, "model": None, "api_key": None, "token_provider": lambda: "token"}
    async with VoiceLiveSimulator({"turns": TURNS}) as simulator, talking(simulator, **options) as talk:
        await said(talk, "Who are you?")
        conversation_id = talk.client.conversation_id
        before = conversation(simulator)
        await simulator.sessions[0].drop()
        await talk.until(Reconnected)
        assert simulator.sessions[1].handshake.query["conversation-id"] == conversation_id
        assert not simulator.sessions[1].received("conversation.item.create")
        await said(talk, "And I?")
        assert conversation(simulator)[-2:] == [("user", "And I?"), ("assistant", "A caller.")]
        assert before


async def test_an_agent_that_does_not_name_its_conversation_is_told_it_again():
    agent = FoundryAgent(name="clerk", project="office")
    options = {"agent": agent, "model": None, "api_key": None, "token_provider": lambda: "token"}
    unnamed = 'send {"type": "session.updated", "session": {"agent": {}}} at response.done in session 1'
    async with (
        VoiceLiveSimulator({"turns": TURNS}, faults=[unnamed]) as simulator,
        talking(simulator, **options) as talk,
    ):
        await said(talk, "Who are you?")
        await simulator.sessions[0].drop()
        await talk.until(Reconnected)
        assert "conversation-id" not in simulator.sessions[1].handshake.query
        await said(talk, "And I?")
        assert conversation(simulator)[:2] == [("user", "Who are you?"), ("assistant", "A bot.")]


async def test_words_typed_and_answers_asked_for_while_nobody_is_there_come_after_the_conversation():
    async with (
        VoiceLiveSimulator({"turns": TURNS}) as simulator,
        talking(simulator, recovery=fast(first_delay_s=0.1)) as talk,
    ):
        await said(talk, "Who are you?")
        await simulator.sessions[0].drop()
        await talk.until(ConnectionInterrupted)
        await said(talk, "And I?")
        assert [words for _, words in conversation(simulator)] == [
            "Who are you?",
            "A bot.",
            "And I?",
            "A caller.",
        ]
        assert len(requests(simulator)) == 1
