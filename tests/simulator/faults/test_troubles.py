"""What goes wrong in understanding and answering, over a real socket, at a count."""

import time

import pytest
from voice_live_client import SPOKEN, spoken_text

LINES = {"turns": [{"user": "One", "say": "First."}, {"user": "Two", "say": "Second."}]}
HEARD = {"input_audio_transcription": {"model": "whisper-1"}}
OPTIONS = [("gpt-realtime", HEARD), ("gpt-4.1", {"input_audio_transcription": {"model": "azure-speech"}})]
COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"


async def say_both(client):
    """Speak both lines; returns the responses."""
    responses = []
    for _ in range(2):
        await client.append(SPOKEN)
        responses.append((await client.until("response.done"))["response"])
    return responses


@pytest.mark.parametrize(("model", "session"), OPTIONS)
@pytest.mark.parametrize(
    ("fault", "transcripts", "failures"),
    [
        ("transcribe empty at turn 2", ["One", ""], 0),
        ("transcribe never at turn 1", ["Two"], 0),
        ("transcribe fail at every turn 2", ["One"], 1),
        ("transcribe never", [], 0),
    ],
)
async def test_a_turn_is_transcribed_badly(start, join, model, session, fault, transcripts, failures):
    client = await join(await start(LINES, faults=[fault]), model=model, session=session)
    responses = await say_both(client)
    assert [spoken_text(response) for response in responses] == ["First.", "Second."]
    assert [event["transcript"] for event in client.of_type(COMPLETED)] == transcripts
    assert len(client.of_type(FAILED)) == failures


@pytest.mark.parametrize(("model", "session"), OPTIONS)
async def test_a_turn_that_nobody_knows_can_have_an_empty_transcript_too(start, join, model, session):
    client = await join(await start(faults=["transcribe empty"]), model=model, session=session)
    await client.append(SPOKEN)
    assert (await client.until(COMPLETED))["transcript"] == ""


async def test_a_transcript_is_late(start, join):
    client = await join(await start(LINES, faults=["transcribe-late 300ms at turn 1"]), session=HEARD)
    await client.append(SPOKEN)
    await client.until("response.done")
    assert client.of_type(COMPLETED) == []
    assert (await client.until(COMPLETED))["transcript"] == "One"


@pytest.mark.quiet
async def test_an_answer_is_late(start, join):
    client = await join(await start(faults=["answer-late 300ms at response 2"]))
    times = []
    for _ in range(2):
        await client.type("Hello")
        await client.send("response.create")
        await client.until("response.created")
        began = time.monotonic()
        await client.until("response.output_item.added")
        times.append(time.monotonic() - began)
        await client.until("response.done")
    assert times[0] < 0.25 < times[1]


async def test_a_response_fails(start, join):
    simulator = await start(faults=['fail-response overloaded "Too busy." at response 1'])
    client = await join(simulator)
    response = await client.ask("Hello")
    assert response["status"] == "failed"
    assert response["status_details"]["error"]["code"] == "overloaded"
    assert response["status_details"]["error"]["message"] == "Too busy."
    assert (await client.ask("Hello"))["status"] == "completed"
    assert [str(fault) for fault in simulator.faults.fired] == [
        'fail-response overloaded "Too busy." at response 1'
    ]


@pytest.mark.parametrize(
    ("fault", "arguments"), [('bad-arguments "{city: Lis"', "{city: Lis"), ("bad-arguments", "")]
)
async def test_a_call_has_bad_arguments_wherever_they_are_told(start, join, fault, arguments):
    scenario = {"turns": [{"user": "Weather?", "call": {"name": "look", "arguments": {"city": "Lisbon"}}}]}
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    client = await join(await start(scenario, faults=[f"{fault} at response 1"]), session={"tools": [tool]})
    (item,) = (await client.ask("Weather?"))["output"]
    (done,) = client.of_type("response.function_call_arguments.done")
    assert item["arguments"] == done["arguments"] == arguments
    assert "".join(e["delta"] for e in client.of_type("response.function_call_arguments.delta")) == arguments


@pytest.mark.proves("rule.rate-limit-exceeded", "rule.rate-limits-updated")
async def test_a_response_meets_the_rate_limit(start, join):
    client = await join(await start(faults=["rate-limit reset 5s at response 1"]))
    response = await client.ask("Hello")
    assert response["status_details"]["error"]["code"] == "rate_limit_exceeded"
    limits = client.of_type("rate_limits.updated")[0]["rate_limits"]
    assert [(limit["name"], limit["remaining"], limit["reset_seconds"]) for limit in limits] == [
        ("requests", 0, 5),
        ("tokens", 0, 5),
    ]
    types = client.types()
    assert types.index("response.created") < types.index("rate_limits.updated") < types.index("response.done")
    assert (await client.ask("Hello"))["status"] == "completed"


async def test_troubles_can_be_injected_while_the_session_runs(start, join):
    simulator = await start()
    client = await join(simulator)
    await client.ask("Hello")
    simulator.sessions[0].inject("fail-response at response 1")
    assert (await client.ask("Hello"))["status"] == "failed"
    assert (await client.ask("Hello"))["status"] == "completed"
    simulator.sessions[0].inject("fail-response after 50ms")
    while (await client.ask("Hello"))["status"] == "completed":
        pass
