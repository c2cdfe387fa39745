"""The reference lies where it was played, whatever the pieces and however unevenly they come."""

import numpy as np
import pytest
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame

from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.service.echo_reference import HOLD_MS, EchoReference, StereoInput
from pipecat_voicelive.service.hearing import Hearing

RATE_HZ = 16000


def call(played, *, jitter=None, rate_hz=RATE_HZ, seconds=3.0):
    """A silent microphone of `seconds`, and chunks of 40 ms played from 1 s on; what comes out, in order."""
    reference = EchoReference(RATE_HZ)
    stereo = StereoInput(AudioFormat("pcm16", RATE_HZ, 2), reference)
    chunk = rate_hz // 25
    events = [(0.02 * (i + 1), None) for i in range(int(seconds * 50))]
    for i in range(0, len(played), chunk):
        late_s = jitter.uniform(0, 0.006) if jitter else 0.0
        events.append((1.0 + (i + chunk) / rate_hz + late_s, played[i : i + chunk]))
    sent = b""
    for at_s, samples in sorted(events, key=lambda event: event[0]):
        if samples is None:
            sent += stereo.convert(InputAudioRawFrame(bytes(RATE_HZ // 50 * 2), RATE_HZ, 1), at_s)
        else:
            reference.played(OutputAudioRawFrame(samples.tobytes(), rate_hz, 1), at_s)
    return np.frombuffer(sent + stereo.held(), np.int16).reshape(-1, 2)


def noise(rate_hz=RATE_HZ, seconds=1.0):
    return np.random.default_rng(3).normal(0, 5000, int(rate_hz * seconds)).astype(np.int16)


def test_the_reference_is_what_was_played_where_it_was_played():
    played = noise()
    both = call(played)
    assert len(both) == 3 * RATE_HZ
    assert not both[:, 0].any()
    assert np.array_equal(both[RATE_HZ : 2 * RATE_HZ, 1], played)
    assert not both[:RATE_HZ, 1].any()
    assert not both[2 * RATE_HZ :, 1].any()


def test_an_uneven_event_loop_leaves_no_seams():
    played = noise()
    both = call(played, jitter=np.random.default_rng(5))
    # A tenth of a second is found whole, but for the few in which the position is corrected.
    found = 0
    for start in range(0, len(played), 1600):
        places = range(RATE_HZ + start - 320, RATE_HZ + start + 320)
        found += any(np.array_equal(both[at : at + 1600, 1], played[start : start + 1600]) for at in places)
    assert found >= 7


@pytest.mark.parametrize("rate_hz", [8000, 22050, 24000, 48000])
def test_any_output_rate_is_placed_alike(rate_hz):
    times = np.arange(rate_hz) / rate_hz
    burst = (8000 * np.sin(2 * np.pi * 440 * times) * (times > 0.5)).astype(np.int16)
    both = call(burst, rate_hz=rate_hz)
    begins = np.argmax(np.abs(both[:, 1].astype(int)) > 2000)
    assert abs(begins / RATE_HZ - 1.5) < 0.005


def test_what_nobody_reads_is_forgotten():
    reference = EchoReference(RATE_HZ)
    for i in range(1000):
        reference.played(OutputAudioRawFrame(bytes(1280), RATE_HZ, 1), 0.04 * (i + 1))
    early = reference.between(0, RATE_HZ)
    assert early == bytes(2 * RATE_HZ)


class Sent(list):
    """Stands where the client is; notes what is asked of it."""

    hears_caller = False

    def send_audio(self, audio):
        self.append(len(audio))

    def start_turn(self):
        self.append("start")

    def commit_turn(self):
        self.append("commit")


def hearing_of(sent, *, manual_turns):
    wire = AudioFormat("pcm16", RATE_HZ, 2)
    return Hearing(sent, wire, manual_turns=manual_turns, reference=EchoReference(RATE_HZ))


def sound():
    return InputAudioRawFrame(bytes(640), RATE_HZ, 1)


def test_what_is_held_goes_out_before_a_turn_is_committed():
    sent = Sent()
    hearing = hearing_of(sent, manual_turns=True)
    hearing.turn_started()
    for i in range(10):
        hearing.hear(sound(), 0.02 * (i + 1))
    assert hearing.turn_stopped()
    assert sent[0] == "start"
    assert sent[-1] == "commit"
    assert sum(size for size in sent if isinstance(size, int)) == 10 * 1280


def test_a_pause_sends_what_was_heard_before_it_and_nothing_after():
    sent = Sent()
    hearing = hearing_of(sent, manual_turns=False)
    for i in range(10):
        hearing.hear(sound(), 0.02 * (i + 1))
    assert sum(sent) == (10 - HOLD_MS // 20) * 1280
    hearing.paused = True
    for i in range(10, 20):
        hearing.hear(sound(), 0.02 * (i + 1))
    assert sum(sent) == 10 * 1280
