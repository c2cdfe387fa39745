"""`pipecat eval` with nothing but the simulator: typed and spoken, and a judge that keeps to rules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pipecat.evals.judge import EvalJudge
from pipecat.evals.services import tts_service_from_config

from pipecat_voicelive.errors import ConfigurationError

EVALS = Path(__file__).parents[2] / "examples" / "evals"
VOICELIVE = [sys.executable, "-c", "import sys; from pipecat_voicelive.cli import main; sys.exit(main())"]
RULES = {
    "factory": "pipecat_voicelive.testing.evals.judge",
    "explainer": False,
    "criteria": {"tells how warm it is": r"\d+ degrees", "asks for Lisbon": "Lisbon"},
}


@pytest.mark.timeout(180)
def test_an_eval_suite_with_a_typing_and_a_speaking_user_passes_offline(tmp_path):
    folder = shutil.copytree(EVALS, tmp_path / "evals")
    command = [sys.executable, "-m", "pipecat.evals", "suite", "manifest.yaml", "--runs-dir", str(tmp_path)]
    done = subprocess.run(
        [*VOICELIVE, "run", "--scenario", "weather.yaml", "--", *command],
        cwd=folder,
        env=os.environ | {"PIPECAT_EVALS_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert "2/2 passed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


async def test_the_judge_finds_its_patterns_in_the_latest_reply():
    judge = EvalJudge.from_config(RULES)
    judge.add_user_message("How warm is it?")
    judge.add_assistant_message("One moment.")
    assert (await judge.evaluate("tells how warm it is")).verdict == "continue"
    judge.add_assistant_message("It is 21 Degrees.")
    assert (await judge.evaluate("tells how warm it is")).verdict == "yes"
    await judge.close()


async def test_the_judge_says_no_if_a_reply_may_not_go_on():
    judge = EvalJudge.from_config({**RULES, "allow_continue": False})
    judge.add_assistant_message("It is cold.")
    assert (await judge.evaluate("tells how warm it is")).verdict == "no"
    await judge.close()


async def test_the_judge_looks_into_calls_and_over_whole_conversations():
    judge = EvalJudge.from_config(RULES)
    assert (await judge.evaluate_call("get_weather", {"city": "Lisbon"}, "asks for Lisbon")).verdict == "yes"
    assert (await judge.evaluate_call("get_weather", {"city": "Oslo"}, "asks for Lisbon")).verdict == "no"
    judge.add_user_message("Hello")
    judge.add_assistant_message("It is 21 degrees.")
    verdicts = await judge.evaluate_run({"warm": "tells how warm it is"}, "tells how warm it is")
    assert (verdicts.goal.verdict, verdicts.turns["warm"][0].verdict) == ("yes", "yes")
    await judge.close()


async def test_a_criterion_without_a_pattern_is_no_pass():
    judge = EvalJudge.from_config(RULES)
    judge.add_assistant_message("It is 21 degrees.")
    assert (await judge.evaluate("is polite")).verdict == "no"
    await judge.close()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"criteria": None}, "must map each criterion to a regular expression"),
        ({"criteria": {"a": "("}}, "is no regular expression"),
        ({"explainer": None}, "explainer must be false"),
        ({"critera": {}}, "judge.eval has no 'critera'"),
    ],
)
def test_rules_that_cannot_be_used_are_explained(changed, message):
    with pytest.raises(ConfigurationError, match=message):
        EvalJudge.from_config({**RULES, **changed})


def test_a_voice_with_a_member_that_it_does_not_have_is_explained():
    config = {"factory": "pipecat_voicelive.testing.evals.voice", "pitch": 2}
    with pytest.raises(ConfigurationError, match=r"user.speech has no 'pitch'; it has"):
        tts_service_from_config(config)
