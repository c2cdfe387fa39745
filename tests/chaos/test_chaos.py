"""A short run of what `make chaos` does for ten minutes, and that its referee sees what is wrong."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from chaos.bot import Log
from chaos.call import Evidence, TurnSeen
from chaos.plan import Plan, Turn, make_plan
from chaos.referee import findings
from chaos.run import Options, run
from chaos.table import is_well, printed
from chaos.words import WORD_MS, CodedSpeaker, answer, codes_in, heard_in
from pipecat_voicelive.simulator import Fault, Scenario
from pipecat_voicelive.simulator.utterance import RATE_HZ

SAMPLES = round(RATE_HZ * WORD_MS / 1000)
LINE = "Who won the football match last night?"


@pytest.mark.timeout(120)
async def test_nothing_goes_wrong_in_a_short_run():
    told = []
    outcome = await run(Options(seed=1, seconds=10, calls=5), told.append)
    assert is_well(outcome), "\n".join([printed(outcome), *told])
    assert outcome.calls >= 5
    assert outcome.answered > 5
    assert outcome.faults.total() > 0
    assert outcome.away_s


def test_a_plan_follows_from_its_seed_and_its_number():
    assert make_plan(1, 17) == make_plan(1, 17)
    assert len({make_plan(1, number) for number in range(20)}) == 20
    assert make_plan(2, 17) != make_plan(1, 17)


def test_the_simulator_takes_every_plan():
    for number in range(200):
        plan = make_plan(3, number)
        Scenario.from_dict(plan.scenario)
        assert [Fault.parse(fault) for fault in plan.faults]


async def test_coded_sound_says_which_word_of_which_answer_it_is():
    text = answer("a", 7, 3)
    utterance = await CodedSpeaker().speak(text)
    pieces = heard_in(np.frombuffer(utterance.pcm, "<i2"))
    assert [(name, place, samples) for _, name, place, samples in pieces] == [
        ("a7", 0, SAMPLES),
        ("a7", 1, SAMPLES),
        ("a7", 2, SAMPLES),
    ]
    assert codes_in(text) == [("a7", 0), ("a7", 1), ("a7", 2)]


# --- the referee ------------------------------------------------------------------------------------


@dataclass
class Context:
    messages: list

    def get_messages(self):
        return self.messages


@dataclass
class Told:
    """What a bot would know."""

    context: Context
    log: Log = field(default_factory=Log)


def evidence(*, messages=None, items=None, heard=None):
    """A call in which the caller said one line, and nothing went wrong; or what is given instead."""
    turn = Turn("spoken", 1, LINE, 3)
    plan = Plan(1, 0, True, "service", 4.0, (turn,), (), (), damaged=False)
    said = [("assistant", answer("g", 0, 2)), ("user", LINE), ("assistant", answer("a", 1, 3))]
    messages = messages or [{"role": role, "content": text} for role, text in said]
    items = items or [item(role, text) for role, text in said]
    heard = heard or [
        (0.39 * at, name, place, SAMPLES)
        for at, (name, place) in enumerate([("g0", 0), ("g0", 1), ("a1", 0), ("a1", 1), ("a1", 2)])
    ]
    session = {"number": 1, "ready": True, "items": items, "created": [], "responses": []}
    server = {"sessions": [session], "fired": [], "restarts": 0, "fleet": []}
    return Evidence(plan, [TurnSeen(turn, 1.0, 2.0)], Told(Context(messages)), server, heard)


def item(role, words, **others):
    members = {"id": None, "type": "message", "role": role, "words": words, "call_id": None}
    return {**members, "name": None, "output": None, **others}


def wrong(call):
    return {name for name, found in findings(call).items() if found}


def test_a_call_in_which_nothing_is_wrong_is_found_well():
    assert not wrong(evidence())


def test_a_line_that_the_service_does_not_have_is_found():
    assert wrong(
        evidence(items=[item("assistant", "g0x00 g0x01"), item("assistant", answer("a", 1, 3))])
    ) == {"conversation"}


def test_an_answer_of_which_the_context_has_less_is_found():
    call = evidence()
    call.bot.context.messages[-1]["content"] = answer("a", 1, 2)
    assert wrong(call) == {"conversation"}


def test_another_order_is_found():
    call = evidence()
    call.bot.context.messages.reverse()
    assert wrong(call) == {"conversation"}


def test_an_answer_that_is_heard_twice_is_found():
    call = evidence()
    call.heard += [(at_s + 9, *rest) for at_s, *rest in call.heard[2:]]
    assert "unsolicited" in wrong(call)


def test_an_answer_that_nobody_asked_for_is_found():
    call = evidence()
    call.heard.append((9.0, "o0", 0, SAMPLES))
    assert wrong(call) == {"unsolicited"}


def test_a_word_that_was_left_out_is_found():
    call = evidence()
    del call.heard[3]
    assert wrong(call) == {"holes"}


def test_sound_after_an_interruption_is_found():
    call = evidence()
    call.bot.log.interruptions.append((0.9, frozenset({"a1"})))
    assert wrong(call) == {"after"}


def test_a_turn_without_an_answer_is_found():
    call = evidence()
    call.turns[0].answered_s = None
    assert wrong(call) == {"unanswered"}


@pytest.mark.parametrize("times", [0, 2])
def test_a_result_that_is_not_there_once_is_found(times):
    call = evidence()
    call.bot.log.runs.append(("call_1", "fast", "t1"))
    call.bot.log.results.append("fast-t1")
    call.bot.context.messages.append({"role": "assistant", "tool_calls": [{"id": "call_1"}]})
    call.server["sessions"][0]["items"].append(item(None, "", type="function_call", call_id="call_1"))
    told = item(None, "", type="function_call_output", call_id="call_1", output='{"mark": "fast-t1"}')
    call.server["sessions"][0]["items"] += [told] * times
    assert wrong(call) == {"tools"}


def test_a_tool_that_runs_twice_is_found():
    call = evidence()
    call.bot.log.runs += [("call_1", "fast", "t1"), ("call_2", "fast", "t1")]
    assert wrong(call) == {"tools"}


def test_an_error_frame_that_nobody_planned_is_found():
    call = evidence()
    call.bot.log.errors.append("Voice Live refused a request.")
    assert wrong(call) == {"errors"}


def test_a_call_that_ended_before_its_caller_hung_up_is_found():
    call = evidence()
    call.problem = "the service gave the call up"
    assert wrong(call) == {"lost"}
