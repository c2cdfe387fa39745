"""What the service says in its errors, and what of it may be told on."""

import pytest

from pipecat_voicelive.protocol.refusals import without_quotes


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Invalid value: 'Call me on 555-1234'.", "Invalid value: '…'."),
        ('Got "my secret" instead.', "Got '…' instead."),
        ("I can't take 'this one', can't I?", "I can't take '…', can't I?"),
        ("It never closes: 'and goes on", "It never closes: '…'"),
        (
            "Say 'server_vad' or 'azure_semantic_vad', not 'hot'.",
            "Say 'server_vad' or 'azure_semantic_vad', not '…'.",
        ),
        ("Unknown parameter: 'session.turn_detecton'.", "Unknown parameter: 'session.turn_detecton'."),
    ],
)
def test_what_the_service_quotes_is_left_out_unless_it_is_a_name_of_the_wire(message, told):
    assert without_quotes(message) == told
