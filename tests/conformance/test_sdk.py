"""Microsoft's SDK in conversations with the simulator: two models, at the newest version and at v1.

`make conformance` has them with every model at every version.
"""

import pytest

from conformance.behaviours import BEHAVIOURS
from conformance.matrix import callers, run
from conformance.wheres import API_VERSIONS, QUICK, V1, Model, Where


@pytest.mark.parametrize("model", QUICK, ids=lambda model: model.name)
async def test_the_sdk_sees_the_service_behave(model: Model):
    async with callers() as (speaker, voices):
        outcomes = await run([Where(model, API_VERSIONS[-1]), Where(model, V1)], speaker, voices)
    assert {outcome.behaviour: outcome.wrong for outcome in outcomes if outcome.wrong} == {}
    assert {outcome.behaviour for outcome in outcomes} == set(BEHAVIOURS)
