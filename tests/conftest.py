"""Hypothesis profiles: quick and repeatable; HYPOTHESIS_PROFILE=thorough (with `--timeout 0`) goes deep.

`seeded` is quick too, but content with any failure: nobody reads a smaller one.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from loguru import logger

settings.register_profile(
    "quick",
    max_examples=150,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    parent=settings.get_profile("quick"),
    max_examples=3000,
    stateful_step_count=40,
    derandomize=False,
    print_blob=True,
)
settings.register_profile(
    "seeded", parent=settings.get_profile("quick"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def caplog_loguru():
    """The lines that are logged, level first."""
    lines = []
    sink = logger.add(lambda message: lines.append(str(message)), format="{level} {message}", level="DEBUG")
    yield lines
    logger.remove(sink)
