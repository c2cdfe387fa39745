"""The clock on which audio takes as long as it lasts."""

from pipecat_voicelive.simulator.window.clock import ConversationClock


def test_audio_in_real_time_lies_where_it_was_heard():
    clock = ConversationClock()
    for number in range(50):
        clock.appended(20, 1000 + 20 * number)
    assert clock.of_audio(500, 1990) == 980 + 500


def test_audio_that_comes_at_once_takes_as_long_as_it_lasts():
    clock = ConversationClock()
    assert clock.appended(3000, 100) == 3000
    assert clock.of_audio(2500, 110) == 2500
    assert clock.at(200) == 3000  # nothing is earlier than what went before


def test_a_pause_between_two_pieces_lies_between_them():
    clock = ConversationClock()
    clock.appended(1000, 1000)
    clock.appended(1000, 5000)
    assert clock.of_audio(500, 5000) == 500
    assert clock.of_audio(1500, 5000) == 4500


def test_what_is_heard_while_the_client_sends_nothing_is_heard_now():
    clock = ConversationClock()
    clock.appended(1000, 1000)
    assert clock.of_audio(700, 9000) == 9000
    assert ConversationClock().of_audio(0, 4000) == 4000
