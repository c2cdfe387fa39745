# pyright: standard
# PyAV's types are partly unknown.
"""A WebRTC peer that shows a performance: H.264 (VP8 to those who have no other), Opus, a data channel.

aiortc would encode each frame at settings of its own; it is given packets instead, so that bitrate and key
frames are those asked for.
"""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av.video.codeccontext import VideoCodecContext

from pipecat_voicelive.simulator.avatar.performance import FRAMES_PER_S, Performance
from pipecat_voicelive.simulator.avatar.video import Camera, configure
from pipecat_voicelive.simulator.utterance import RATE_HZ

_SOUND_MS = 20
_SAMPLES = RATE_HZ * _SOUND_MS // 1000


class UnusableOfferError(Exception):
    """An offer that cannot be answered; says why."""


class AvatarPeer:
    """One peer connection. `answer` opens it, `aclose` ends it."""

    def __init__(self, performance: Performance) -> None:
        self._performance = performance
        # Without servers: everybody is on this machine.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    async def answer(self, offer_sdp: str) -> str:
        """The SDP answer to an offer.

        Raises:
            UnusableOfferError: It asks for no video, or cannot be understood.
        """
        if "m=video" not in offer_sdp:
            raise UnusableOfferError("the SDP offer has no video")
        codec = "H264" if "H264/90000" in offer_sdp.upper() else "VP8"
        began_s = time.monotonic()
        tracks: list[MediaStreamTrack] = [_FaceTrack(self._performance, began_s, codec)]
        if "m=audio" in offer_sdp:
            tracks.append(_VoiceTrack(self._performance, began_s))
        # Tracks and codecs come before the offer: aiortc settles on a codec when it reads that.
        for track in tracks:
            transceiver = self._connection.addTransceiver(track, direction="sendonly")
            if track.kind == "video":
                known = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([known for known in known if known.name in (codec, "rtx")])
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer_sdp, "offer"))
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except Exception as error:  # aiortc raises whatever its parser came upon
            raise UnusableOfferError(
                "the SDP offer cannot be used: give the whole local description, with candidates, "
                "ice-ufrag, ice-pwd and fingerprint, and a video section with H264 or VP8"
            ) from error
        return self._connection.localDescription.sdp

    async def aclose(self) -> None:
        """End the connection; safe to call twice."""
        await self._connection.close()


class _LiveTrack(MediaStreamTrack):
    """Media that is due at fixed times from a moment on."""

    def __init__(self, began_s: float) -> None:
        super().__init__()
        self._began_s = began_s

    async def _due(self, number: int, interval_s: float) -> float:
        """Wait for a moment; returns it."""
        at_s = self._began_s + number * interval_s
        await asyncio.sleep(max(at_s - time.monotonic(), 0.0))
        if self.readyState != "live":
            raise MediaStreamError
        return at_s


class _VoiceTrack(_LiveTrack):
    kind = "audio"

    def __init__(self, performance: Performance, began_s: float) -> None:
        super().__init__(began_s)
        self._performance = performance
        self._number = 0

    async def recv(self) -> av.AudioFrame:
        number = self._number
        at_s = await self._due(number, _SOUND_MS / 1000)
        self._number += 1
        sound = self._performance.sound(at_s, _SAMPLES)
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts, frame.time_base = number * _SAMPLES, Fraction(1, RATE_HZ)
        return frame


class _FaceTrack(_LiveTrack):
    kind = "video"

    def __init__(self, performance: Performance, began_s: float, codec: str) -> None:
        super().__init__(began_s)
        self._performance = performance
        self._camera = Camera(performance)
        self._codec = codec
        self._encoder: VideoCodecContext | None = None
        self._number = 0

    async def recv(self) -> Any:
        # Frames that are already past are left out: late ones would only make the next late.
        behind = int((time.monotonic() - self._began_s) * FRAMES_PER_S)
        number = max(self._number, behind)
        at_s = await self._due(number, 1 / FRAMES_PER_S)
        self._number = number + 1
        return await asyncio.to_thread(self._filmed, number, at_s)

    def _filmed(self, number: int, at_s: float) -> av.VideoFrame | av.Packet:
        frame = self._camera.frame(number, at_s)
        if self._codec != "H264":
            return frame
        if self._encoder is None:
            self._encoder = av.CodecContext.create("libx264", "w")
            configure(self._encoder, self._performance.options)
        # Without delay: a frame in is a packet out.
        (packet,) = self._encoder.encode(frame)
        return packet
