"""Session descriptions in the form that avatars want."""

import base64
import json

import pytest

from pipecat_voicelive.protocol.sdp import decode_answer, encode_offer

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"


def test_an_offer_is_base64_of_json_as_a_browser_would_make_it():
    assert json.loads(base64.b64decode(encode_offer(SDP))) == {"type": "offer", "sdp": SDP}


@pytest.mark.parametrize(
    "server_sdp", [base64.b64encode(json.dumps({"type": "answer", "sdp": SDP}).encode()).decode(), SDP]
)
def test_an_answer_is_read_from_base64_of_json_and_as_it_is(server_sdp):
    assert decode_answer(server_sdp) == SDP


@pytest.mark.parametrize(
    "server_sdp", ["", "?", "AAAA", base64.b64encode(b"[]").decode(), base64.b64encode(b'{"sdp":1}').decode()]
)
def test_what_holds_no_sdp_is_none(server_sdp):
    assert decode_answer(server_sdp) is None
