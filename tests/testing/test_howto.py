"""The pages about testing are true: their files, in a folder of their own, do what the pages say."""

import re
from pathlib import Path

from testing.inner import run_inner

DOCS = Path(__file__).parents[2] / "docs" / "howto"


def files_of(page):
    """The files that a page shows, by name."""
    text = (DOCS / page).read_text()
    return dict(re.findall(r"^```\w+ title=(\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def test_a_test_of_a_users_own_bot_has_under_fifteen_lines_and_passes(tmp_path):
    files = files_of("test-your-bot.md")
    assert set(files) == {"bot.py", "weather.yaml", "test_bot.py"}
    assert len(files["test_bot.py"].splitlines()) < 15
    output = run_inner(tmp_path, files)
    assert "1 passed" in output, output


def test_a_bot_that_is_wrong_fails_that_test_with_the_conversation(tmp_path):
    files = files_of("test-your-bot.md")
    files["bot.py"] = files["bot.py"].replace('{"degrees": 21}', '{"degrees": 4}')
    output = run_inner(tmp_path, files)
    assert "1 failed" in output, output
    assert "expected that the bot said '21 degrees'; the bot said:" in output
    assert 'tool answers: {"degrees": 4}' in output
    assert "assistant: It is 4 degrees in Lisbon." in output
    assert "(the bot is heard)" in output
