"""Which results are spoken of, and when."""

from pipecat_voicelive.session.results import Results


def nothing(_group):
    return False


def test_results_are_due_when_they_are_wanted_and_their_group_is_settled():
    results = Results()
    results.given("i1", "r1")
    assert not results.due(nothing)
    results.want()
    assert not results.due(lambda group: group == "r1")
    assert results.due(nothing)
    results.clear()
    assert not results.due(nothing)


def test_an_answer_that_saw_them_speaks_of_them_and_one_that_did_not_leaves_them():
    results = Results()
    results.given("i1", "r1")
    results.given("i2", "r1")
    results.want()
    results.answered({"i2"})
    assert results.due(nothing)
    results.answered(set())
    assert not results.waiting


def test_a_wish_that_was_fulfilled_does_not_count_for_the_next_result():
    results = Results()
    results.given("i1", "r1")
    results.want()
    results.answered(set())
    results.given("i2", "r2")
    assert not results.due(nothing)
