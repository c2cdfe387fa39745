"""Microsoft's SDK as a referee: every member of its models is here, and events go both ways without loss."""

import json

import pytest
from full_events import full_events, full_responses, full_sessions

from pipecat_voicelive.protocol.client_events import SessionUpdateEvent
from pipecat_voicelive.protocol.codec import (
    CLIENT_EVENT_TYPES,
    SERVER_EVENT_TYPES,
    decode_client_event,
    decode_server_event,
    encode,
)
from pipecat_voicelive.protocol.session_options import SessionProperties
from reference import differential, ours, rivals

MODELS = sorted(rivals.sdk_models())
THEIR_SERVER_EVENTS = sorted(name for name in rivals.sdk_types() if name in SERVER_EVENT_TYPES)
WIRE_ONLY = {
    "conversation.item.done",
    "rate_limits.updated",
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "response.foundry_agent_call_arguments.delta",
    "response.foundry_agent_call_arguments.done",
    "response.foundry_agent_call.in_progress",
    "response.foundry_agent_call.completed",
    "response.foundry_agent_call.failed",
}


def same(theirs, own):
    """Whether ours has all that theirs has; what it has besides is null, or the default of a number."""
    if isinstance(theirs, dict) and isinstance(own, dict):
        more = [value for name, value in own.items() if name not in theirs]
        return all(same(value, own.get(name)) for name, value in theirs.items()) and not any(more)
    if isinstance(theirs, list) and isinstance(own, list):
        return len(theirs) == len(own) and all(map(same, theirs, own))
    return theirs == own


def lost(event_type, message):
    """What the SDK has no place for in a client event of ours, but for what it is known to lack."""
    found = differential.losses(rivals.sdk_types()[event_type], message, event_type)
    return sorted({what for what in found if not any(known in what for known in differential.LACKS)})


# --- every member ------------------------------------------------------------------------------------


def test_there_are_as_many_models_as_were_counted():
    assert len(MODELS) == 168 or "1.3.1" not in rivals.versions()


@pytest.mark.parametrize("name", MODELS)
def test_every_member_of_a_model_is_here_with_a_type_that_takes_it(name):
    compared, wrong = differential.differences(name)
    assert wrong == []
    assert compared == len(rivals.sdk_fields(rivals.sdk_models()[name]))


def test_every_event_of_the_sdk_is_here_and_only_known_ones_are_besides():
    assert set(rivals.sdk_types()) <= CLIENT_EVENT_TYPES | SERVER_EVENT_TYPES
    assert (CLIENT_EVENT_TYPES | SERVER_EVENT_TYPES) - set(rivals.sdk_types()) == WIRE_ONLY


def test_what_the_sdk_lacks_is_a_short_list():
    assert len(differential.LACKS) < 10


# --- server events -----------------------------------------------------------------------------------


@pytest.mark.parametrize("event_type", THEIR_SERVER_EVENTS)
def test_a_full_server_event_comes_back_as_the_sdk_has_it(event_type):
    model = rivals.sdk_types()[event_type]
    for instance in differential.full_instances(model):
        theirs = model(instance).as_dict()
        assert theirs == instance
        event = decode_server_event(json.dumps(theirs))
        assert type(event) is ours.server_events()[event_type], event
        assert same(theirs, json.loads(encode(event)))


# --- client events -----------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ours.client_events().values(), ids=ours.tag)
def test_a_full_client_event_parses_in_the_sdk_without_loss(event):
    model = rivals.sdk_types()[ours.tag(event)]
    for one in full_events(event):
        message = json.loads(encode(one))
        assert decode_client_event(encode(one)) == one
        assert lost(ours.tag(event), message) == []
        assert model(message).as_dict() == message


def test_every_option_of_a_session_parses_in_the_sdk_without_loss():
    for session in full_sessions():
        assert set(session) == set(SessionProperties.model_fields) - {"model"}
        message = json.loads(encode(SessionUpdateEvent(session=session)))
        assert lost("session.update", message) == []


def test_what_the_sdk_is_known_to_lack_is_really_lacking():
    messages = [{"type": "session.update", "session": session} for session in full_sessions()]
    messages += [{"type": "response.create", "response": response} for response in full_responses()]
    found = {
        what
        for message in messages
        for what in differential.losses(rivals.sdk_types()[message["type"]], message, message["type"])
    }
    assert [known for known in differential.LACKS if not any(known in what for what in found)] == []
