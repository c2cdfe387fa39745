"""A peer connection that receives an avatar in this process, with aiortc."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from loguru import logger

from pipecat_voicelive.service.avatar_media import AvatarMedia

if TYPE_CHECKING:
    from aiortc import MediaStreamTrack


class AvatarPeer:
    """One peer connection that only receives: a track of sound, a track of pictures.

    Args:
        media: Takes them.
        ice_servers: As the session's options name them.
    """

    def __init__(self, media: AvatarMedia, ice_servers: list[dict[str, Any]]) -> None:
        from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

        servers = [
            RTCIceServer(server["urls"], server.get("username"), server.get("credential"))
            for server in ice_servers
            if server.get("urls")
        ]
        self._media = media
        self._tasks: list[asyncio.Task[None]] = []
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._peer.addTransceiver("video", direction="recvonly")
        self._peer.addTransceiver("audio", direction="recvonly")
        self._peer.on("track", self._track_came)
        self._peer.on("connectionstatechange", self._state_changed)

    async def offer(self) -> str:
        """The offer, as plain SDP, with its candidates: those that aioice finds within 5 s."""
        offer = await self._peer.createOffer()
        await self._peer.setLocalDescription(offer)
        return self._peer.localDescription.sdp

    async def answer(self, sdp: str) -> None:
        """The avatar's answer. Afterwards pictures and sound come."""
        from aiortc import RTCSessionDescription

        self._tasks.append(asyncio.create_task(self._media.push_pictures(), name="voicelive-avatar-pictures"))
        await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def aclose(self) -> None:
        """Close it; nothing comes any more."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._peer.close()

    def _track_came(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._receive(track), name=f"voicelive-avatar-{track.kind}"))

    async def _receive(self, track: MediaStreamTrack) -> None:
        from aiortc.mediastreams import MediaStreamError

        try:
            while True:
                frame: Any = await track.recv()
                if track.kind == "video":
                    self._media.picture(frame)
                else:
                    await self._media.sound(frame)
        except MediaStreamError:
            logger.debug(f"The avatar's {track.kind} has ended")

    def _state_changed(self) -> None:
        state = self._peer.connectionState
        if state == "failed":
            logger.warning("The avatar's peer connection failed: no picture and no sound will come")
        else:
            logger.debug(f"The avatar's peer connection is {state}")
