"""What counts as heard."""

import pytest
from pipecat.frames.frames import StartFrame, TTSAudioRawFrame, TTSStoppedFrame
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from pipecat_voicelive.service.playback import PlaybackMeter
from pipecat_voicelive.session.inputs import Heard


@pytest.fixture
def transport():
    return BaseOutputTransport(TransportParams())


def audio(ms):
    return TTSAudioRawFrame(bytes(2 * 24 * ms), 24000, 1)


async def leave(source, frames, *meters):
    """The frames leave this processor, seen by these meters."""
    for frame in frames:
        for meter in meters:
            await meter.on_push_frame(
                FramePushed(source, IdentityFilter(), frame, FrameDirection.DOWNSTREAM, 0)
            )


async def test_what_leaves_the_output_transport_after_a_mark_was_heard_of_its_item(transport):
    meter = PlaybackMeter()
    await leave(transport, [meter.mark("a"), audio(40), audio(40), TTSStoppedFrame(), audio(40)], meter)
    assert meter.heard == Heard("a", 80)
    await leave(transport, [meter.mark("b"), audio(40)], meter)
    assert meter.heard == Heard("b", 40)


async def test_what_another_service_of_the_pipeline_says_is_not_counted(transport):
    ours, theirs = PlaybackMeter(), PlaybackMeter()
    frames = [ours.mark("ours"), audio(40), TTSStoppedFrame(), theirs.mark("theirs"), audio(80)]
    await leave(transport, frames, ours, theirs)
    assert (ours.heard, theirs.heard) == (Heard("ours", 40), Heard("theirs", 80))


async def test_a_silent_item_counts_as_heard_to_its_end(transport):
    meter = PlaybackMeter()
    await leave(transport, [meter.mark("a", silent=True)], meter)
    assert meter.heard.item_id == "a"
    assert meter.heard.played_ms > 3_600_000


async def test_nothing_was_heard_before_the_first_mark(transport):
    meter = PlaybackMeter()
    await leave(transport, [StartFrame()], meter)
    assert meter.heard == Heard("", 0)


async def test_nobody_knows_what_was_heard_without_an_output_transport():
    meter = PlaybackMeter()
    await leave(IdentityFilter(), [meter.mark("a"), audio(40)], meter)
    assert meter.heard is None
