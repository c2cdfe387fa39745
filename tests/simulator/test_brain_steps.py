"""What follows a matched line: captured words in arguments, cases by result, chains of calls."""

import json

import pytest

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator import Scenario
from pipecat_voicelive.simulator.brain import Brain
from pipecat_voicelive.simulator.known_words import KnownWords
from pipecat_voicelive.simulator.replies import Call, ToolRules


class Talk:
    """A conversation with a brain in which calls are made and outputs given."""

    def __init__(self, turns, **rules):
        self.brain = Brain(Scenario.from_dict({"turns": turns, "otherwise": "Sorry?"}))
        self.items = []
        self.rules = ToolRules(offered=("check", "book", "notify"), **rules)

    def ask(self, text):
        part = ItemContent(type="input_text", text=text)
        self._add(type="message", role="user", content=[part])
        return self.reply()

    def hear(self, text):
        self._add(type="message", role="user", content=[ItemContent(type="input_audio")])
        item_id = self.items[-1].id
        self.brain.hear(item_id, 900.0, self.items[:-1], KnownWords(text, "told"))
        return self.reply()

    def reply(self):
        """The next reply: what is said, and calls as (name, arguments), which join the conversation."""
        words = []
        for part in self.brain.reply(self.items, self.rules).parts:
            if isinstance(part, Call):
                self._add(
                    type="function_call",
                    call_id=f"call{len(self.items)}",
                    name=part.name,
                    arguments=part.arguments,
                )
                words.append((part.name, json.loads(part.arguments)))
            else:
                words.append(part.text)
        return words

    def put_out(self, *outputs):
        """Give the newest calls their outputs; the next reply."""
        for call, output in zip(self.items[-len(outputs) :], outputs, strict=True):
            self._add(type="function_call_output", call_id=call.call_id, output=json.dumps(output))
        return self.reply()

    def _add(self, **members):
        self.items.append(ConversationItem(id=f"item{len(self.items)}", **members))


TABLE = {
    "user": "a table for {guests} at {place}",
    "call": {"name": "check", "arguments": {"where": "{place}", "text": "for {guests}", "deep": ["{place}"]}},
    "then": [
        {
            "when": {"result.free": True},
            "say": "There is one.",
            "call": {"name": "book", "arguments": {"table": "{result.table}", "where": "{place}"}},
            "then": [
                {"on_error": True, "say": "It could not be booked: {error}."},
                {
                    "call": {"name": "notify", "arguments": {"number": "{results.book.number}"}},
                    "then": "Booked table {results.check.table} at {place}, number {results.book.number}.",
                },
            ],
        },
        {"when": {"result.free": [False, None]}, "say": "{place} is full."},
        {"on_error": True, "fails": {"code": "no_table", "message": "No."}},
    ],
}


def test_captured_words_stand_in_arguments_and_outputs_keep_their_type():
    talk = Talk([TABLE])
    asked = talk.ask("A table for four at Luigi's, please")
    assert asked == [("check", {"where": "Luigi's", "text": "for four", "deep": ["Luigi's"]})]
    found = talk.put_out({"free": True, "table": 7})
    assert found == ["There is one.", ("book", {"table": 7, "where": "Luigi's"})]


def test_a_chain_of_calls_is_followed_to_its_end_with_all_results():
    talk = Talk([TABLE])
    talk.ask("a table for two at Dock")
    talk.put_out({"free": True, "table": 7})
    assert talk.put_out({"number": "A1"}) == [("notify", {"number": "A1"})]
    assert talk.put_out("sent") == ["Booked table 7 at Dock, number A1."]


@pytest.mark.parametrize("output", [{"free": False}, {"free": None}, {}])
def test_the_first_case_that_fits_the_result_answers(output):
    talk = Talk([TABLE])
    talk.ask("a table for two at Dock")
    assert talk.put_out(output) == ["Dock is full."]


def test_an_error_of_a_later_call_goes_to_its_own_case():
    talk = Talk([TABLE])
    talk.ask("a table for two at Dock")
    talk.put_out({"free": True, "table": 7})
    assert talk.put_out({"error": {"message": "closed"}}) == ["It could not be booked: closed."]


def test_a_case_may_fail_the_response():
    talk = Talk([TABLE])
    talk.ask("a table for two at Dock")
    assert talk.put_out({"error": "down"}) == []
    ending = talk.brain.reply(talk.items, talk.rules).ending
    assert (ending.status, ending.details["error"]["code"]) == ("failed", "no_table")


def test_a_result_that_no_case_fits_is_reported_plainly():
    talk = Talk([TABLE])
    talk.ask("a table for two at Dock")
    assert talk.put_out({"free": "perhaps", "seats": 3}) == ["The answer is: free perhaps, seats 3."]


def test_true_is_not_one_and_words_are_compared_without_their_case():
    turn = {"user": "hi", "call": {"name": "check"}, "then": [{"when": {"result": 1}, "say": "one"}]}
    turn["then"].append({"when": {"result": "YES"}, "say": "yes"})
    said = []
    for output in (True, 1, "yes "):
        talk = Talk([turn])
        talk.ask("hi")
        said += talk.put_out(output)
    assert said == ["The answer is: true.", "one", "yes"]


def test_a_date_of_yaml_is_the_text_that_json_has(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "turns: [{user: hi, call: {name: check}, then: [{when: {result.day: 2026-11-21}, say: Today.}]}]"
    )
    talk = Talk([])
    talk.brain = Brain(Scenario.load(path))
    talk.ask("hi")
    assert talk.put_out({"day": "2026-11-21"}) == ["Today."]


def test_steps_of_several_calls_are_made_one_by_one_where_only_one_may_come():
    first = [{"name": "check", "arguments": {"n": 1}}, {"name": "check", "arguments": {"n": 2}}]
    turn = {"user": "hi", "calls": first, "then": {"call": {"name": "check"}, "then": "Done."}}
    talk = Talk([turn], in_parallel=False)
    assert talk.ask("hi") == [("check", {"n": 1})]
    assert talk.put_out(1) == [("check", {"n": 2})]
    assert talk.put_out(2) == [("check", {})]
    assert talk.put_out(3) == ["Done."]


def test_a_step_that_was_cut_short_is_made_again():
    talk = Talk([TABLE])
    talk.ask("a table for two at Dock")
    first = talk.put_out({"free": True, "table": 7})
    del talk.items[-1]  # the call was cancelled before it was there
    assert talk.reply() == first


def test_a_chained_call_of_a_tool_that_is_not_offered_says_so():
    then = {"call": {"name": "fly"}}
    talk = Talk([{"user": "hi", "call": {"name": "check"}, "then": then}])
    talk.ask("hi")
    assert talk.put_out("x") == ["I would call fly now, but this session offers no such tool."]


def test_words_that_were_spoken_are_matched_and_captured_too():
    talk = Talk([{"user": "Hello", "say": "Hi."}, {**TABLE, "then": "Done."}])
    (call,) = talk.hear("A table for six at Dock")
    assert call[1]["where"] == "Dock"


def test_a_line_with_gaps_that_is_spoken_in_its_turn_captures_what_it_says():
    turn = {"user": "weather in {place}", "spoken": "Weather in Oslo!", "say": "Cold in {place}."}
    brain = Brain(Scenario.from_dict({"turns": [turn]}))
    heard = brain.hear("u", 900.0, [])
    assert (heard.words.text, dict(heard.captured)) == ("Weather in Oslo!", {"place": "Oslo"})


def test_any_answers_what_fits_no_other_line_typed_or_spoken():
    turns = [{"match": "any", "say": "Pardon?", "repeat": True}, {"user": "Hello", "say": "Hi."}]
    assert Talk(turns).ask("Hello!") == ["Hi."]
    assert Talk(turns).ask("Good grief") == ["Pardon?"]
    brain = Talk(turns).brain
    heard = [brain.hear(name, 900.0, []) for name in "ab"]
    assert [(turn.turn.say, turn.words and turn.words.text) for turn in heard] == [
        ("Hi.", "Hello"),
        ("Pardon?", None),
    ]
