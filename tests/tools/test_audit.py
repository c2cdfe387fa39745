"""The audit fails for what it finds, and never takes silence for peace."""

import json
import subprocess

import pytest

from audit import dependencies, secrets
from audit.dependencies import KNOWN, answer_of

HOLE = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.0"], "description": "Bad."}
CONTROL = {"name": KNOWN[0].title(), "version": KNOWN[1], "vulns": [HOLE]}
MADE_UP_KEY = "3f9a1c77d0e24b88965cd1f0aa43be19"
"""As Azure's keys look."""


def report(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_hole_is_found_and_what_mends_it_is_told():
    answer = answer_of(report(CONTROL, {"name": "idna", "version": "1.0", "vulns": [HOLE]}), "")
    assert answer.can_tell
    assert answer.vulnerable == ("idna 1.0: PYSEC-1, CVE-1; mended in 2.0",)


def test_nothing_found_is_believed_of_a_service_that_knows_holes():
    answer = answer_of(report(CONTROL, {"name": "idna", "version": "9.0", "vulns": []}), "")
    assert (answer.can_tell, answer.vulnerable, answer.unknown) == (True, (), ())


def test_a_package_that_a_service_does_not_know_is_told():
    unknown = {"name": "ours", "skip_reason": "Dependency not found on PyPI"}
    assert answer_of(report(CONTROL, unknown), "").unknown == ("ours",)


@pytest.mark.parametrize(
    "control",
    [
        {"name": KNOWN[0], "skip_reason": "Dependency not found on PyPI"},
        {"name": KNOWN[0], "version": KNOWN[1], "vulns": []},
    ],
)
def test_a_registry_without_advisories_cannot_tell(control):
    answer = answer_of(report(control, {"name": "idna", "version": "9.0", "vulns": []}), "")
    assert not answer.can_tell
    assert "has no advisories" in answer.trouble


def test_a_service_that_is_not_there_cannot_tell():
    answer = answer_of("", "Traceback ...\nConnectionError: no route to api.osv.dev\n")
    assert not answer.can_tell
    assert "cannot be reached (ConnectionError: no route to api.osv.dev)" in answer.trouble


def test_what_is_installed_is_looked_at_but_not_this_package():
    assert dependencies.installed()["websockets"]
    assert "pipecat-voicelive" not in dependencies.installed()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)

    def commit(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        subprocess.run(["git", "add", "-A"], check=True)

    commit(clean='ENDPOINT = "https://r.example"\n')
    secrets.write()
    return commit


def test_a_repository_without_secrets_passes(repository, capsys):
    assert secrets.audit()
    assert "Secrets: 0 in 1 files." in capsys.readouterr().out


def test_a_key_in_a_file_is_found_and_not_printed(repository, capsys):
    repository(bot=f'key = "{MADE_UP_KEY}"\n')
    assert not secrets.audit()
    out = capsys.readouterr().out
    assert "SECRET? bot.py:1: Hex High Entropy String" in out
    assert MADE_UP_KEY not in out


def test_what_the_baseline_has_passes_wherever_it_stands(repository, tmp_path):
    repository(bot=f'key = "{MADE_UP_KEY}"\n')
    secrets.write()
    assert MADE_UP_KEY not in (tmp_path / ".secrets.baseline").read_text()
    repository(bot=f'\n\n# further down\nkey = "{MADE_UP_KEY}"\n')
    assert secrets.audit()
