"""Text that comes piece by piece, in the words of each API version."""

import pytest

from pipecat_voicelive.errors import ProtocolError
from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.protocol.items import ConversationItem, ErrorDetails, Response, SessionInfo
from pipecat_voicelive.session import Session, inputs
from pipecat_voicelive.session import effects as fx
from pipecat_voicelive.session.response import ACTIVE_RESPONSE
from pipecat_voicelive.session.text_input import TextInput

NEWEST = "2026-07-15"


class Wire:
    """A ready session, and what it sent."""

    def __init__(self, api_version):
        self.session = Session(id_prefix="t", api_version=api_version)
        self.sent = []
        for event in (
            se.SessionCreated(session=SessionInfo()),
            inputs.Configure({}),
            se.SessionUpdated(session=SessionInfo()),
        ):
            self.session.handle(event, 0.0)

    def tell(self, intent):
        effects = self.session.handle(intent, 0.0)
        self.sent += [to_plain(effect.event) for effect in effects if isinstance(effect, fx.Send)]

    def text(self, **options):
        return TextInput(self.tell, "X", **{"api_version": NEWEST, "respond": True, **options})

    @property
    def types(self):
        return [event["type"] for event in self.sent]

    @property
    def words(self):
        """The words sent, event by event."""
        return [
            event["delta"] if "delta" in event else event["item"]["content"][0]["text"]
            for event in self.sent
            if event["type"] in ("input_text.delta", "conversation.item.create")
        ]


@pytest.mark.proves("input_text.delta", "input_text.done", "feature.streaming-text")
def test_the_first_words_make_an_item_to_which_the_rest_is_added():
    wire = Wire(NEWEST)
    with wire.text() as text:
        text.write("What ")
        text.write("time ")
        text.write("is it?")
    assert wire.types == [
        "conversation.item.create",
        "input_text.delta",
        "input_text.delta",
        "input_text.done",
        "response.create",
    ]
    assert wire.words == ["What ", "time ", "is it?"]
    assert [wire.sent[0]["item"]["id"], *(event["id"] for event in wire.sent[1:4])] == ["X"] * 4
    assert text.text == "What time is it?"


def test_a_version_without_item_ids_makes_the_item_of_the_pieces():
    wire = Wire("2026-06-01-preview")
    with wire.text(api_version="2026-06-01-preview") as text:
        text.write("What ")
        text.write("time is it?")
    assert wire.types == ["input_text.delta", "input_text.delta", "input_text.done", "response.create"]
    assert not any("id" in event for event in wire.sent)


def test_a_version_without_streaming_gets_one_message():
    wire = Wire("2026-04-10")
    with wire.text(api_version="2026-04-10") as text:
        text.write("What ")
        text.write("time is it?")
        assert wire.sent == []
    assert wire.types == ["conversation.item.create", "response.create"]
    assert wire.words == ["What time is it?"]


@pytest.mark.parametrize("api_version", [NEWEST, "2026-06-01-preview", "2026-04-10"])
@pytest.mark.parametrize("pieces", [[], ["", " ", "\n"]])
def test_a_text_without_words_is_not_sent(pieces, api_version):
    wire = Wire(api_version)
    with wire.text(api_version=api_version) as text:
        for piece in pieces:
            text.write(piece)
    assert wire.sent == []


def test_blanks_before_the_first_word_wait_for_it_and_empty_pieces_are_not_sent():
    wire = Wire(NEWEST)
    with wire.text(respond=False) as text:
        for piece in (" ", "", "Hello", "", " there"):
            text.write(piece)
    assert wire.words == [" Hello", " there"]


def test_a_text_is_left_unanswered_if_so_asked_or_if_an_error_ends_it():
    wire = Wire(NEWEST)
    with wire.text(respond=False) as text:
        text.write("Just so you know.")

    def fail():
        with wire.text() as text:
            text.write("What is 1 / 0")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert wire.types == ["conversation.item.create", "input_text.done"] * 2


def test_a_closed_text_is_answered_once_and_takes_no_more():
    wire = Wire(NEWEST)
    text = wire.text()
    text.write("Hello")
    text.close()
    text.close()
    assert wire.types.count("response.create") == 1
    with pytest.raises(ProtocolError, match="begin_text"):
        text.write("again")


@pytest.mark.parametrize("api_version", [NEWEST, "2026-06-01-preview"])
def test_a_response_of_the_services_own_that_began_before_the_text_was_whole_is_not_its_answer(api_version):
    wire = Wire(api_version)
    text = wire.text(api_version=api_version)
    text.write("What ")
    wire.tell(se.ConversationItemCreated(item=ConversationItem(type="message", id="X")))
    text.write("time is it?")
    text.close()
    wire.tell(se.ResponseCreated(response=Response(id="own")))
    wire.sent.clear()
    wire.tell(se.Error(error=ErrorDetails(code=ACTIVE_RESPONSE, event_id="t_respond_1")))
    wire.tell(se.ResponseDone(response=Response(id="own", status="completed")))
    assert wire.types == ["response.create"]
