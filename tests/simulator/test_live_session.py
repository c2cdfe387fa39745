"""The pure session, on a clock of our own."""

import math

from voice_live_client import SPOKEN

from pipecat_voicelive.protocol.client_events import (
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
)
from pipecat_voicelive.simulator import Scenario
from pipecat_voicelive.simulator.agent_threads import new_thread
from pipecat_voicelive.simulator.effects import Send, Speak
from pipecat_voicelive.simulator.live_session import LiveSession, Received
from pipecat_voicelive.simulator.pipelines import Model
from pipecat_voicelive.simulator.session_config import SessionConfig
from pipecat_voicelive.simulator.speech import SpokenWord, Utterance

ONE_SECOND = Utterance(bytes(48000), (SpokenWord("Yes", 100.0, 300.0), SpokenWord("sir", 700.0, 200.0)), ())


def begin(turn, *, speed=1.0, session=None):
    config = SessionConfig(
        Model("gpt-realtime"), session_id="sess_1", expires_at=0, strict=True, merge_updates=False
    )
    thread = new_thread(Scenario.from_dict({"greeting": "Yes sir", "turns": [turn]}))
    live = LiveSession(config, thread, speed=speed, strict=True)
    live.handle(Received(SessionUpdateEvent(session=session or {})), 0.0)
    return live


def types(effects):
    return [effect.event.type for effect in effects if isinstance(effect, Send)]


def spoken(live, effects, now_s):
    """Answer a `Speak` with a second of silence in which two words are said to sound."""
    speak = next(effect for effect in effects if isinstance(effect, Speak))
    return speak, live.speech_ready(speak.item_id, ONE_SECOND, now_s)


def test_a_late_native_transcript_follows_the_answer_when_it_is_due():
    turn = {"user": "Hm", "say": "Yes sir", "transcript_delay_ms": 3000}
    live = begin(turn, session={"input_audio_transcription": {"model": "whisper-1"}}, speed=math.inf)
    effects = live.handle(Received(InputAudioBufferAppendEvent(audio=SPOKEN)), 10.0)
    _, rest = spoken(live, effects, 10.1)
    assert types(rest)[-1] == "response.done"
    assert live.deadline_s == 13.0
    assert live.advance(12.9) == []
    assert types(live.advance(13.0)) == [
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert live.deadline_s is None


def test_audio_is_made_as_time_goes_by():
    live = begin({"user": "Hm", "say": "Yes sir", "delay_ms": 200}, speed=2.0)
    effects = live.handle(Received(InputAudioBufferAppendEvent(audio=SPOKEN)), 10.0)
    assert types(effects)[-1] == "response.created"
    assert live.deadline_s == 10.2
    _, first = spoken(live, live.advance(10.2), 11.0)
    assert types(first) == ["response.audio_transcript.delta", "response.audio.delta"]
    # 150 ms of audio at double speed, and the second word is told 600 ms ahead.
    assert live.deadline_s == 11.05
    assert types(live.advance(11.2)) == ["response.audio_transcript.delta"] + ["response.audio.delta"] * 2
    assert types(live.advance(20.0))[-1] == "response.done"


def test_an_utterance_that_comes_after_the_cancel_is_dropped():
    live = begin({"user": "Hm", "say": "Yes sir"})
    speak = live.handle(Received(ResponseCreateEvent()), 1.0)[-1]
    live.handle(Received(InputAudioBufferAppendEvent(audio=SPOKEN[: 48 * 300])), 2.0)
    assert live.speech_ready(speak.item_id, ONE_SECOND, 3.0) == []
    assert live.speech_failed(speak.item_id, "too late") == []


def test_the_service_cuts_at_the_place_that_real_time_playing_has_reached():
    turns = {"type": "server_vad", "auto_truncate": True}
    live = begin({"user": "Hm", "say": "Yes sir"}, session={"turn_detection": turns}, speed=math.inf)
    effects = live.handle(Received(ResponseCreateEvent()), 1.0)
    speak, _ = spoken(live, effects, 1.0)
    barged = live.handle(Received(InputAudioBufferAppendEvent(audio=SPOKEN[: 48 * 300])), 1.65)
    assert types(barged) == ["input_audio_buffer.speech_started", "conversation.item.truncated"]
    assert barged[1].event.audio_end_ms == 650
    assert live.conversation.heard_text(speak.item_id) == "Yes"


def test_playing_that_is_over_is_not_cut():
    turns = {"type": "server_vad", "auto_truncate": True}
    live = begin({"user": "Hm", "say": "Yes sir"}, session={"turn_detection": turns}, speed=math.inf)
    speak, _ = spoken(live, live.handle(Received(ResponseCreateEvent()), 1.0), 1.0)
    barged = live.handle(Received(InputAudioBufferAppendEvent(audio=SPOKEN[: 48 * 300])), 2.5)
    assert types(barged) == ["input_audio_buffer.speech_started"]
    truncate = ConversationItemTruncateEvent(item_id=speak.item_id, content_index=0, audio_end_ms=500)
    assert types(live.handle(Received(truncate), 2.6)) == ["conversation.item.truncated"]
