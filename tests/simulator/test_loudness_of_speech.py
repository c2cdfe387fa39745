"""How loud the service speaks."""

import base64

import numpy as np
import pytest

AVA = {"type": "azure-standard", "name": "en-US-AvaNeural"}


async def loudest(client):
    await client.send("response.create")
    await client.until("response.done")
    deltas = client.of_type("response.audio.delta")
    return max(np.abs(np.frombuffer(base64.b64decode(delta["delta"]), "<i2")).max() for delta in deltas)


@pytest.mark.proves("session.voice.volume", "rule.prosody-of-voices")
@pytest.mark.parametrize(("volume", "share"), [("50", 0.5), ("-75%", 0.25), ("silent", 0.0)])
async def test_a_voice_speaks_as_loud_as_it_is_told(start, join, volume, share):
    simulator = await start()
    usual = await loudest(await join(simulator, model="gpt-4.1", session={"voice": AVA}))
    softer = {"voice": {**AVA, "volume": volume}}
    assert await loudest(await join(simulator, model="gpt-4.1", session=softer)) == pytest.approx(
        usual * share, abs=2
    )
