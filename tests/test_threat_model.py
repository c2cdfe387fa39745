"""The threat model names tests, and they are there."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "explanation" / "threat-model.md"


def test_every_test_that_is_named_is_there():
    named = re.findall(r"`([\w/]+\.py|fuzz/)`(?:: ([^|;`]+?))?(?= \||, `|$)", PAGE.read_text(), re.MULTILINE)
    assert len(named) > 30
    for path, sentence in named:
        assert (TESTS / path).exists(), path
        if sentence:
            begins = sentence.split(":")[0].strip().lower().replace(" ", "_").replace("'", "")
            assert f"def test_{begins}" in (TESTS / path).read_text(), (path, sentence)
