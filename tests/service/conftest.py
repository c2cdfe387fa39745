import pytest
from loguru import logger


@pytest.fixture
def caplog_loguru():
    """The lines that are logged, level first."""
    lines = []
    sink = logger.add(lambda message: lines.append(str(message)), format="{level} {message}", level="DEBUG")
    yield lines
    logger.remove(sink)
