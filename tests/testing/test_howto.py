"""The pages about testing are true: their files, in a folder of their own, do what the pages say."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

from pipecat_voicelive.cli import main
from testing.inner import run_inner

DOCS = Path(__file__).parents[2] / "docs" / "howto"


def files_of(page):
    """The files that a page shows, by name."""
    text = (DOCS / page).read_text()
    return dict(re.findall(r"^```\w+ title=(\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@pytest.mark.timeout(150)
def test_a_test_of_a_users_own_bot_has_under_fifteen_lines_and_passes(tmp_path):
    files = files_of("test-your-bot.md")
    assert set(files) == {"bot.py", "weather.yaml", "test_bot.py"}
    assert len(files["test_bot.py"].splitlines()) < 15
    output = run_inner(tmp_path, files, timeout_s=140)
    assert "1 passed" in output, output


@pytest.mark.timeout(150)
def test_a_bot_that_is_wrong_fails_that_test_with_the_conversation(tmp_path):
    files = files_of("test-your-bot.md")
    files["bot.py"] = files["bot.py"].replace('{"degrees": 21}', '{"degrees": 4}')
    output = run_inner(tmp_path, files, timeout_s=140)
    assert "1 failed" in output, output
    assert "expected that the bot said '21 degrees'; the bot said:" in output
    assert 'tool answers: {"degrees": 4}' in output
    assert "assistant: It is 4 degrees in Lisbon." in output
    assert "(the bot is heard)" in output


WORKFLOW = ".github/workflows/test.yml"


def commands_of_the_workflow():
    workflow = yaml.safe_load(files_of("continuous-integration.md")[WORKFLOW])
    return [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]


def test_the_workflow_is_one_and_needs_no_secrets():
    text = files_of("continuous-integration.md")[WORKFLOW]
    workflow = yaml.safe_load(text)
    assert workflow["jobs"]["test"]["runs-on"] == "${{ matrix.os }}"
    assert "secrets." not in text
    assert len(commands_of_the_workflow()) == 3


def test_the_commands_of_the_workflow_their_options_and_their_files_exist(capsys):
    project = tomllib.loads((DOCS.parents[1] / "pyproject.toml").read_text())["project"]
    files = files_of("continuous-integration.md") | files_of("test-your-bot.md")
    evals = DOCS.parents[1] / "examples" / "evals"
    for command in commands_of_the_workflow():
        program, *words = shlex.split(command)
        assert program in ("pip", "pytest", *project["scripts"])
        for word in words:
            assert not word.endswith((".txt", ".yaml")) or word in files or (evals / word).exists(), word
        if program == "voicelive":
            with pytest.raises(SystemExit):
                main([words[0], "--help"])
            offered = capsys.readouterr().out
            assert all(word in offered for word in words[: words.index("--")] if word.startswith("--"))


def test_what_the_workflow_installs_is_what_the_package_offers():
    project = tomllib.loads((DOCS.parents[1] / "pyproject.toml").read_text())["project"]
    requirements = files_of("continuous-integration.md")["requirements-test.txt"].splitlines()
    name, extras = re.fullmatch(r"([\w-]+)\[([\w,]+)\]", requirements[0]).groups()
    assert name == project["name"]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
