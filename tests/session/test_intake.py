"""Intents that cannot be sent: refused at once, and the session is as it was."""

import pytest
from session_harness import created, done, manual, message, request_in, sent, sent_types

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.client_events import (
    InputTextDeltaEvent,
    ResponseProperties,
)
from pipecat_voicelive.protocol.codec import RawEvent
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session import inputs

ITEM = ConversationItem(type="function_call", call_id="c", name="look", arguments={"a": 1})
HALF_A_CHARACTER = "secret \ud800"


@pytest.mark.parametrize(
    "intent",
    [
        inputs.AddItem(ITEM),
        inputs.AddItem(ConversationItem(type="message", content="text")),
        inputs.AddItem(message(HALF_A_CHARACTER)),
        inputs.Respond(ResponseProperties(input_items=[ITEM])),
        inputs.Respond(ResponseProperties(voice=object())),
        inputs.Ask("a", ResponseProperties(input_items=[ITEM])),
        inputs.AnswerTool("c", {"no": "text"}),
        inputs.AnswerApproval("q", approve=True, reason=1),
        inputs.Speak(HALF_A_CHARACTER),
        inputs.Configure({"voice": object()}),
        inputs.SendRaw(RawEvent(members={"type": "x", "of": object()})),
        inputs.SendRaw(InputTextDeltaEvent(id="i", delta=1)),
    ],
)
def test_what_cannot_be_sent_is_refused_and_changes_nothing(intent):
    driver = manual()
    with pytest.raises(ConfigurationError, match="cannot be sent") as refused:
        driver.give(intent)
    assert "secret" not in str(refused.value)
    assert not driver.session.answer_pending
    assert driver.session.deadline_s is None
    request = request_in(driver.give(inputs.Respond()))
    driver.give(created("r", request))
    assert sent(driver.give(done("r"))) == []


def test_an_item_that_was_refused_is_not_awaited():
    driver = manual()
    with pytest.raises(ConfigurationError):
        driver.give(inputs.AddItem(ITEM))
    request_in(driver.give(inputs.Respond()))
    driver.give(inputs.Respond(), created("own"))
    assert sent_types(driver.give(done("own"))) == []
