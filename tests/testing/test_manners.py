"""Each rule of manners is kept by a good client and broken, visibly, by a bad one."""

import pytest

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.testing.manners import breaches
from pipecat_voicelive.testing.record import Played
from simulator.voice_live_client import SPOKEN
from testing.conftest import answer_tool, settled

WEATHER = {
    "turns": [
        {
            "user": "What is the weather in Lisbon?",
            "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.degrees} degrees in Lisbon.",
        }
    ]
}
TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
TEXT = {"modalities": ["text"], "tools": [TOOL]}


def broken(service, **options):
    return [breach.rule for breach in breaches(service.record.entries, **options)]


async def ask_for_the_weather(client):
    """Ask; returns the id of the call that comes of it."""
    done = await client.ask("What is the weather in Lisbon?")
    return done["output"][-1]["call_id"]


async def test_a_conversation_with_a_tool_breaks_no_rule(simulate, join):
    service = simulate(WEATHER)
    client = await join(service, session=TEXT)
    await answer_tool(client, await ask_for_the_weather(client), '{"degrees": 21}')
    await client.send("response.create")
    await client.until("response.done")
    service.expect.manners()


async def test_a_spoken_turn_that_turn_detection_answers_breaks_no_rule(simulate, join):
    service = simulate()
    client = await join(service, session={"turn_detection": {"type": "server_vad"}})
    await client.append(SPOKEN)
    await client.until("response.done")
    service.expect.manners()


async def test_anything_before_the_session_is_configured_is_a_breach(simulate, join):
    service = simulate(strict=False)
    client = await join(service, session=None)
    await client.type("Hello")
    await client.configure(modalities=["text"])
    with pytest.raises(AssertionError, match=r"conversation.item.create was sent before session.updated"):
        service.expect.nothing_before_ready()


async def test_a_second_response_while_one_runs_is_a_breach_and_is_marked(simulate, join):
    service = simulate({"turns": [{"user": "Hello", "say": "Good day.", "delay_ms": 300}]})
    client = await join(service)
    await client.type("Hello")
    await client.send("response.create")
    await client.until("response.created")
    await client.send("response.create", event_id="mine")
    await client.until("error")
    await client.until("response.done")
    with pytest.raises(AssertionError) as failure:
        service.expect.no_second_response()
    assert "is in progress since" in str(failure.value)
    marked = [line for line in str(failure.value).splitlines() if line.startswith("!!")]
    assert [line.split(" s  ")[1] for line in marked] == ["response.create from the client"]


async def test_two_requests_for_a_response_in_a_row_are_a_breach(simulate, join):
    service = simulate()
    client = await join(service)
    await client.type("Hello")
    for _ in range(2):
        await client.send("response.create")
    await client.until("response.done")
    await settled(service)
    assert "second-response" in broken(service)


async def test_a_response_beside_the_conversation_may_run_at_any_time(simulate, join):
    service = simulate({"turns": [{"user": "Hello", "say": "Good day.", "delay_ms": 200}]})
    client = await join(service)
    await client.type("Hello")
    await client.send("response.create")
    await client.until("response.created")
    await client.send("response.create", response={"conversation": "none", "modalities": ["text"]})
    await client.until("response.done")
    await settled(service)
    assert "second-response" not in broken(service)


async def test_a_call_that_is_not_answered_is_a_breach(simulate, join):
    service = simulate(WEATHER)
    await ask_for_the_weather(await join(service, session=TEXT))
    with pytest.raises(AssertionError, match=r"get_weather was never answered"):
        service.expect.every_call_answered_once()


async def test_a_call_that_is_answered_twice_is_a_breach(simulate, join):
    service = simulate(WEATHER)
    client = await join(service, session=TEXT)
    call_id = await ask_for_the_weather(client)
    for _ in range(2):
        await answer_tool(client, call_id, "21")
    await settled(service)
    with pytest.raises(AssertionError, match=r"get_weather was answered before"):
        service.expect.every_call_answered_once()


async def test_an_output_without_a_call_is_a_breach(simulate, join):
    service = simulate()
    client = await join(service)
    await answer_tool(client, "call_of_nobody", "21")
    await client.until("error")
    with pytest.raises(AssertionError, match=r"there is no call call_of_nobody"):
        service.expect.every_call_answered_once()


async def test_an_error_of_the_service_is_a_breach_unless_its_code_is_allowed(simulate, join):
    service = simulate()
    client = await join(service)
    await client.send("response.cancel", event_id="mine")
    code = (await client.until("error"))["error"]["code"]
    assert code == "response_cancel_not_active"
    with pytest.raises(AssertionError) as failure:
        service.expect.no_errors()
    assert "^ errors: the service refused response.cancel (mine)" in str(failure.value)
    assert code in str(failure.value)
    service.expect.no_errors(allow=[code])
    service.expect.manners(allow=["errors"])


async def test_to_cancel_a_response_that_ends_just_then_is_no_breach(simulate, join):
    service = simulate()
    client = await join(service)
    await client.ask("Hello")
    await client.send("response.cancel")
    await client.until("error")
    service.expect.no_errors()


async def test_audio_of_a_response_that_is_over_is_a_breach(simulate, join):
    service = simulate()
    client = await join(service)
    response_id = (await client.ask("Hello"))["id"]
    late = {"type": "response.audio.delta", "response_id": response_id, "item_id": "item", "delta": "AAAA"}
    await service.do(service.session.send_event(late))
    with pytest.raises(AssertionError, match=rf"audio of {response_id}, which is over"):
        service.expect.no_audio_after_interruption()


async def interrupted(service, join):
    """A bot whose answer is being played when the caller begins to speak; returns when."""
    client = await join(service, session={"turn_detection": {"type": "server_vad"}})
    await client.ask("Hello")
    service.record.add(Played(service.record.now_s(), 5.0))
    await client.append(SPOKEN)
    await client.until("input_audio_buffer.speech_started")
    return next(e.at_s for e in service.record.wire if e.event.type == "input_audio_buffer.speech_started")


async def test_a_bot_that_plays_on_when_the_caller_speaks_is_a_breach(simulate, join):
    service = simulate({"turns": [{"user": "Wait", "say": "Yes?", "delay_ms": 10_000}]})
    at_s = await interrupted(service, join)
    service.record.add(Played(at_s + 0.4, 0.02))
    service.expect.no_audio_after_interruption()
    service.record.add(Played(at_s + 1.2, 0.02))
    with pytest.raises(AssertionError, match=r"still heard 1.2 s after the caller began to speak"):
        service.expect.no_audio_after_interruption()


async def test_a_truncation_beyond_what_was_played_is_a_breach(simulate, join):
    service = simulate({"otherwise": "This is a long answer, and it goes on for quite some time."})
    client = await join(service, session={"turn_detection": None})
    done = await client.ask("Hello")
    service.record.add(Played(service.record.now_s(), 0.3))
    item_id = done["output"][0]["id"]
    await settled(service)
    await client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=2500)
    await client.until("conversation.item.truncated")
    with pytest.raises(AssertionError, match=r"it says that 2.50 s were heard, but 0.\d\d s were played"):
        service.expect.truncated_where_heard()


def test_a_rule_that_does_not_exist_is_refused_with_those_that_do(simulate):
    with pytest.raises(ConfigurationError, match=r"'no-rule' is no rule.*second-response"):
        simulate(allow=["no-rule"])
    with pytest.raises(ConfigurationError, match=r"'truncaton' is no rule"):
        simulate(allow=["truncaton"])
