"""What happens to a session when something around it fails: it goes on if it can, else it ends at once."""

import asyncio
import base64

import pytest
from voice_live_client import tone
from websockets.exceptions import ConnectionClosedError

from pipecat_voicelive.simulator.exchange import ClientSent
from pipecat_voicelive.simulator.tone import ToneSpeaker
from pipecat_voicelive.simulator.utterance import Utterance


class FailingOnce(ToneSpeaker):
    """Fails at its first line: by an exception, or by what cannot be samples."""

    def __init__(self, first):
        self.first = [first]

    async def speak(self, text, **how):
        if not self.first:
            return await super().speak(text, **how)
        first = self.first.pop()
        if isinstance(first, Exception):
            raise first
        return first


async def answered(client):
    await client.send("response.create")
    return (await client.until("response.done"))["response"]


async def test_a_speaker_that_raises_anything_fails_its_response_only(start, join):
    client = await join(await start(speech=FailingOnce(RuntimeError("no sound card"))))
    failed = await answered(client)
    assert failed["status_details"]["error"]["code"] == "speech_failed"
    assert "sound card" not in str(failed)
    assert (await answered(client))["status"] == "completed"


async def test_speech_that_makes_no_sense_is_told_and_the_session_goes_on(start, join):
    client = await join(await start(speech=FailingOnce(None)))
    await client.send("response.create")
    assert (await client.refused()).code == "internal_error"
    await client.send("response.cancel")
    await client.until("response.done")
    assert (await answered(client))["status"] == "completed"


async def test_a_line_of_the_caller_that_cannot_be_heard_is_told_when_its_time_comes(start, join):
    simulator = await start(speech=FailingOnce(Utterance(b"odd", (), ())))
    client = await join(simulator)
    session = await simulator.wait_for_session()
    saying = asyncio.create_task(session.caller_says("Hello?"))
    assert (await client.refused()).code == "internal_error"
    assert (await answered(client))["status"] == "completed"
    saying.cancel()


async def test_a_listener_that_raises_at_what_the_client_sends_ends_the_session(start, join):
    def listener(_session, exchanged):
        if isinstance(exchanged, ClientSent) and exchanged.event.type == "input_audio_buffer.clear":
            raise RuntimeError("a mistake in a test")

    simulator = await start(listener=listener)
    client = await join(simulator)
    await client.send("input_audio_buffer.clear")
    with pytest.raises(ConnectionClosedError) as closed:
        await client.until("input_audio_buffer.cleared")
    assert closed.value.rcvd.code == 1011
    async with asyncio.timeout(5):
        await simulator.aclose()


async def test_a_session_whose_voice_model_fails_ends(start, join, monkeypatch):
    onnxruntime = pytest.importorskip("onnxruntime")

    def fail(*_):
        raise RuntimeError("out of memory")

    simulator = await start(turn_detector="silero")
    client = await join(simulator)
    monkeypatch.setattr(onnxruntime.InferenceSession, "run", fail)
    await client.send("input_audio_buffer.append", audio=base64.b64encode(tone(200)).decode())
    with pytest.raises(ConnectionClosedError) as closed:
        await client.until("input_audio_buffer.speech_started")
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, "the voice model failed")
    async with asyncio.timeout(5):
        await simulator.aclose()
