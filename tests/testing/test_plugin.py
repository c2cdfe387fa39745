"""The plugin as its users meet it: in a test-suite of their own, which it neither slows nor breaks."""

import json
import subprocess
import sys

import pytest

from testing.inner import PLUGIN, run_inner

CLIENT = """
import json, os
from websockets.sync.client import connect

def open_session():
    query = "/voice-live/realtime?api-version=2026-07-15&model=gpt-4.1"
    headers = {"api-key": os.environ["AZURE_VOICE_LIVE_API_KEY"]}
    socket = connect(os.environ["AZURE_VOICE_LIVE_ENDPOINT"] + query, additional_headers=headers, legacy=True)
    send(socket, "session.update", session={"modalities": ["text"]})
    return socket

def send(socket, type, **members):
    socket.send(json.dumps({"type": type, **members}))

def ask(socket, text):
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    send(socket, "conversation.item.create", item=item)
    send(socket, "response.create")
    return until(socket, "response.done")

def until(socket, type):
    while True:
        event = json.loads(socket.recv(5))
        if event["type"] == type:
            return event
"""

PLAIN = """
import pytest
from client import ask, open_session, until

@pytest.mark.voicelive({"turns": [{"user": "Hello", "say": "Good day."}]})
def test_a_plain_test(voicelive):
    with open_session() as socket:
        until(socket, "session.updated")
        ask(socket, "Hello")
    voicelive.expect.said("Good day.")
"""


def test_a_blocking_client_is_tested_by_a_plain_function_without_any_other_plugin(tmp_path):
    output = run_inner(
        tmp_path, {"client.py": CLIENT, "test_it.py": PLAIN}, "-p", "no:asyncio", "-p", "no:timeout"
    )
    assert "1 passed" in output, output


def test_a_client_that_insists_on_tls_trusts_the_service_of_its_test(tmp_path):
    test = PLAIN.replace("})\ndef", "}, tls=True)\ndef")
    test += '    assert voicelive.endpoint.startswith("wss://")\n'
    output = run_inner(tmp_path, {"client.py": CLIENT, "test_it.py": test})
    assert "1 passed" in output, output


BAD = """
import time
import pytest
from client import ask, open_session, send, until

pytestmark = pytest.mark.voicelive({"turns": [{"user": "Hello", "say": "Good day."}]})

def talk():
    socket = open_session()
    until(socket, "session.updated")
    send(socket, "response.cancel")
    until(socket, "error")
    ask(socket, "Hello")

def test_one(voicelive):
    talk()

@pytest.mark.voicelive(manners=False)
def test_two(voicelive):
    talk()

@pytest.mark.voicelive(allow=["response_cancel_not_active"])
def test_three(voicelive):
    talk()

def test_four(voicelive):
    talk()
    assert voicelive.conversation == ["bot: Good night."]
"""


def test_manners_are_checked_when_a_test_is_done_and_a_failure_shows_the_conversation(tmp_path):
    output = run_inner(tmp_path, {"client.py": CLIENT, "test_it.py": BAD})
    assert "2 failed, 2 passed" in output, output
    assert "FAILED test_it.py::test_one - Failed: expected good manners on the wire:" in output
    assert "^ errors: the service refused an event" in output
    assert "Captured voicelive call" in output
    assert output.count("assistant: Good day.") == 2, "once for each that failed"


def test_the_endpoint_of_a_test_is_gone_from_the_environment_after_it(tmp_path):
    test = """
import os
def test_one(voicelive):
    for name in ("AZURE_VOICE_LIVE_ENDPOINT", "AZURE_VOICELIVE_ENDPOINT"):
        assert os.environ[name] == voicelive.endpoint
def test_two():
    assert "AZURE_VOICE_LIVE_ENDPOINT" not in os.environ
"""
    output = run_inner(tmp_path, {"test_it.py": test})
    assert "2 passed" in output, output


def test_a_scenario_file_is_found_beside_the_test_and_a_wrong_one_is_explained(tmp_path):
    test = """
import pytest
@pytest.mark.voicelive(scenario="greeting.yaml")
def test_one(voicelive):
    assert voicelive.simulator.scenario.name == "greeting"
@pytest.mark.voicelive(scenario="wrong.yaml")
def test_two(voicelive):
    pass
"""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "greeting.yaml").write_text("name: greeting\n")
    (tmp_path / "tests" / "wrong.yaml").write_text("nmae: greeting\n")
    output = run_inner(tmp_path, {"tests/test_it.py": test})
    assert "1 passed, 1 error" in output, output
    assert "nmae" in output


def test_the_marker_and_the_fixtures_explain_themselves(tmp_path):
    assert "@pytest.mark.voicelive(scenario=None, manners=True" in run_inner(tmp_path, {}, "--markers")
    shown = run_inner(tmp_path, {"test_it.py": "def test_it(): pass"}, "--fixtures")
    assert "A simulated Voice Live, set up by the marker" in shown


@pytest.mark.quiet
def test_the_plugin_costs_a_suite_that_does_not_use_it_a_few_milliseconds():
    code = (
        "import pytest, sys, time, json; before = set(sys.modules); began = time.perf_counter();"
        f"import {PLUGIN}; took = time.perf_counter() - began;"
        "print(json.dumps([sorted(set(sys.modules) - before), took]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    modules, took_s = json.loads(done.stdout)
    assert modules == ["pipecat_voicelive", "pipecat_voicelive.testing", PLUGIN]
    assert took_s < 0.05
