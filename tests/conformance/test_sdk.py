"""Microsoft's SDK in conversations with the simulator: a native and a cascaded model, the newest version.

`make conformance` has them with every model at every version.
"""

import pytest

from conformance.behaviours import BEHAVIOURS
from conformance.matrix import callers, run
from conformance.wheres import QUICK, Model, Where


@pytest.mark.parametrize("model", QUICK, ids=lambda model: model.name)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
async def test_the_sdk_sees_the_service_behave(behaviour: str, model: Model):
    where = Where(model, BEHAVIOURS[behaviour].versions[-1])
    async with callers() as (speaker, voices):
        (outcome,) = await run([where], speaker, voices, [behaviour])
    assert outcome.wrong == ""
