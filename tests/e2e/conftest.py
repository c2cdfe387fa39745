import pytest

from pipecat_voicelive.simulator.speech import open_speaker


@pytest.fixture
async def speaker():
    speaker = await open_speaker()
    yield speaker
    await speaker.aclose()
