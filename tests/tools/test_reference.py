"""The generated reference: proofs are found, names are known, and every event has its place."""

from pathlib import Path

import pytest

from pipecat_voicelive.protocol.codec import CLIENT_EVENT_TYPES, SERVER_EVENT_TYPES
from pipecat_voicelive.simulator.fidelity import RULES, Rule, Topic, rule
from pipecat_voicelive.simulator.sources import API_REFERENCE, OUR_CHOICE, TEXT_TURN
from reference import events_page, features_page, fidelity_page, ours, rivals
from reference.__main__ import differs
from reference.proofs import Proof, UnreadableMarkerError, proofs_in
from reference.rows import tables, unknown

SOURCE = Path(__file__).parent.parent.parent / "src" / "pipecat_voicelive"


def folder_with(tmp_path, **files):
    folder = tmp_path / "tests"
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def names(title):
    return {row.name for row in tables()[title]}


def test_a_marked_test_proves_what_it_names(tmp_path):
    folder = folder_with(
        tmp_path, test_a='@pytest.mark.proves("error", "feature.errors")\nasync def test_it(): ...'
    )
    proof = Proof("tests/test_a.py", "test_it")
    assert proofs_in(folder) == {"error": [proof], "feature.errors": [proof]}


def test_parameters_modules_and_constants_may_be_marked_too(tmp_path):
    text = (
        'NAMES = ["b", "c"]\npytestmark = pytest.mark.proves("a")\n'
        '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.proves("d"))])\n'
        "@pytest.mark.proves(*NAMES)\ndef test_it(x): ...\ndef helper(): ..."
    )
    proofs = proofs_in(folder_with(tmp_path, test_a=text))
    assert set(proofs) == {"a", "b", "c", "d"}
    assert {proof.test for found in proofs.values() for proof in found} == {"test_it"}


def test_whole_bots_are_named_first(tmp_path):
    text = '@pytest.mark.proves("a")\ndef test_it(): ...'
    folder = folder_with(tmp_path, a__test_x=text, e2e__test_x=text)
    assert [proof.path for proof in proofs_in(folder)["a"]] == ["tests/e2e/test_x.py", "tests/a/test_x.py"]


def test_names_that_are_not_written_out_are_refused(tmp_path):
    folder = folder_with(tmp_path, test_a='@pytest.mark.proves(f"{x}")\ndef test_it(): ...')
    with pytest.raises(UnreadableMarkerError, match=r"test_a\.py:1: write the names"):
        proofs_in(folder)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("feature.mcp-aproval", "feature.mcp-approval"),
        ("session.voices", "session.voice"),
        ("voice=azure", "VALUES"),
        ("query.agentname", "query.agent-name"),
        ("rule.be-nice", "fidelity.rule"),
    ],
)
def test_a_name_that_is_no_row_says_what_to_do(name, hint):
    known = [row.name for table in tables().values() for row in table]
    (told,) = unknown([name], known)
    assert hint in told


def test_every_event_and_every_option_has_a_row():
    assert names("Client events") == CLIENT_EVENT_TYPES
    assert names("Server events") == SERVER_EVENT_TYPES
    assert {"session.voice.style", "session.avatar.video.crop.top_left"} <= names("Session options")


def test_every_name_is_one_row():
    rows = [row.name for table in tables().values() for row in table]
    assert len(rows) == len(set(rows))


def test_every_server_event_is_acted_on_or_has_a_reason_why_not():
    handling = ours.handling(SOURCE)
    assert set(handling) == {event.__name__ for event in ours.server_events().values()}
    for how in handling.values():
        assert how.reason if isinstance(how, ours.Ignored) else how


def test_the_rivals_are_read_from_their_code():
    assert rivals.sdk_option("avatar.scene.zoom") == "yes"
    assert rivals.sdk_value("turn_detection.type", "azure_semantic_vad_en") == "yes"
    assert rivals.pipecat_option("avatar") == rivals.NO
    assert rivals.pipecat_client_event("response.cancel") == "sends it"
    assert rivals.pipecat_server_event("response.audio.done") == "typed"


def test_the_pages_name_every_event_and_link_every_proof():
    proofs = {"error": [Proof("tests/test_a.py", "test_it_is_told")]}
    features = features_page.page(tables(), proofs)
    assert "[it is told](../../tests/test_a.py)" in features
    events = events_page.page(SOURCE)
    assert all(f"| `{name}` |" in events for name in CLIENT_EVENT_TYPES | SERVER_EVENT_TYPES)


def test_a_page_that_is_not_what_it_would_be_now_is_noticed(tmp_path):
    page = tmp_path / "features.md"
    text = features_page.page(tables(), {})
    assert differs(page, text)
    page.write_text(text)
    assert not differs(page, text)
    page.write_text(text.replace("Audio, decoded", "Sound, decoded"))
    assert differs(page, text)


def test_other_releases_of_the_rivals_do_not_make_the_page_stale(tmp_path):
    page = tmp_path / "features.md"
    text = features_page.page(tables(), {})
    page.write_text(text.replace(rivals.versions(), "Pipecat 1.13.0").replace("| acts on it |", "| no |"))
    assert not differs(page, text)
    page.write_text(page.read_text().replace("Audio, decoded", "Sound, decoded"))
    assert differs(page, text)


def a_rule(*sources, **members):
    says = "It greets."
    return Rule(slug="greets", says=says, topic=Topic.EVENTS, sources=sources or (OUR_CHOICE,), **members)


def greet():
    """What a rule decorates."""


def test_the_ledger_names_source_code_and_proof_of_a_rule():
    kept = a_rule(API_REFERENCE.at("Greetings"), holds_for="Mondays", conflict="the tape is silent.")
    kept(greet)
    proofs = {"rule.greets": [Proof("tests/test_a.py", "test_it_greets")]}
    text = fidelity_page.page({"rule.greets": kept}, proofs)
    assert "## Events of any kind" in text
    assert "[it greets](../../tests/test_a.py)" in text
    assert "documentation: [API reference 2026-07-15](https://learn.microsoft.com/" in text
    assert "), Greetings (2026-11-21)" in text
    assert "*Only Mondays.*" in text
    assert "*Sources conflict: the tape is silent.*" in text
    assert "[`greet`]" in text


def test_a_rule_counts_for_its_surest_source():
    text = fidelity_page.page({"rule.greets": a_rule(OUR_CHOICE, TEXT_TURN)}, {})
    assert "| tape | a recording of the real service, or what a test asserts of it | 1 |" in text
    assert "1 rules, 0 of them proved." in text


def test_a_rule_that_no_code_keeps_is_told(tmp_path):
    (tmp_path / "a.py").write_text("def greet(): ...\n")
    kept = a_rule()
    (told,) = fidelity_page.unkept({"rule.greets": kept}, tmp_path)
    assert "decorates nothing" in told
    kept(greet)
    (told,) = fidelity_page.unkept({"rule.greets": kept}, tmp_path)
    assert "nobody calls" in told
    (tmp_path / "b.py").write_text("greet()\n")
    assert not list(fidelity_page.unkept({"rule.greets": kept}, tmp_path))


def test_a_rule_without_a_proof_is_told():
    ledger = {"rule.greets": a_rule()}
    assert "rule.greets" in next(fidelity_page.unproved(ledger, {}))
    assert not list(fidelity_page.unproved(ledger, {"rule.greets": [Proof("tests/test_a.py", "test_it")]}))


@pytest.mark.parametrize(
    ("slug", "says", "sources"),
    [
        ("No Slug", "It greets.", [OUR_CHOICE]),
        ("cancel-without-response", "It greets.", [OUR_CHOICE]),
        ("greets", "It greets", [OUR_CHOICE]),
        ("greets", "It greets.", []),
    ],
)
def test_a_rule_has_a_name_of_its_own_a_sentence_and_a_source(slug, says, sources):
    assert fidelity_page.rules()
    before = dict(RULES)
    with pytest.raises(ValueError, match=r"slug|source"):
        rule(slug, says, *sources, topic=Topic.EVENTS)
    assert before == RULES


def test_every_rule_of_the_simulator_is_kept_by_code_that_is_used():
    assert not list(fidelity_page.unkept(fidelity_page.rules(), SOURCE))
