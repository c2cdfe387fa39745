"""An avatar on its way to whoever sees it: the client of the transport itself, or the pipeline.

client     The client of the transport (a browser) connects to the avatar itself. What it needs goes through
           RTVI messages, and what it sees and hears never comes here:

               server  {"type": "voicelive-avatar-ready", "output_protocol": ..., "ice_servers": [...],
                        "session_id": ...}           again for each session: connect to its own avatar
               client  "voicelive-avatar-join"                      asks for that message again
               client  "voicelive-avatar-offer" {"sdp": ...}        over WebRTC
               server  {"type": "voicelive-avatar-answer", "sdp": ...}
               server  {"type": "voicelive-avatar-video", "codec": ..., "data": base64}   over the WebSocket
               server  {"type": "voicelive-avatar-speaking"} and {"type": "voicelive-avatar-idle"}

pipeline   Picture and sound are received here and pushed as frames.

Speech that does not pass the pipeline's transport is not noticed by it: then the frames that say whether the
bot speaks are pushed from here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from loguru import logger
from pipecat.frames.frames import BotStartedSpeakingFrame, BotStoppedSpeakingFrame
from pipecat.processors.frameworks.rtvi.frames import RTVIClientMessageFrame

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.items import SessionInfo
from pipecat_voicelive.service.avatar_media import AvatarMedia, require_avatar_extra
from pipecat_voicelive.service.avatar_movie import AvatarMovie
from pipecat_voicelive.service.avatar_rtc import AvatarPeer
from pipecat_voicelive.service.frames import VoiceLiveVideoFrame
from pipecat_voicelive.session import effects as fx

if TYPE_CHECKING:
    from pipecat_voicelive.service.service import VoiceLiveLLMService

Media: TypeAlias = Literal["client", "pipeline"]
AvatarSignal: TypeAlias = fx.AvatarAnswer | fx.AvatarSpeaking | fx.AvatarIdle | fx.AvatarVideo


def check_media(media: str) -> None:
    """Refuse what is no way for an avatar.

    Raises:
        ConfigurationError: It is neither "client" nor "pipeline", or what "pipeline" needs is not installed.
    """
    if media not in ("client", "pipeline"):
        raise ConfigurationError(
            'Give avatar_media="client" if the transport\'s client connects to the avatar, or "pipeline" if '
            "its picture and sound are to come as frames."
        )
    if media == "pipeline":
        require_avatar_extra()


class AvatarOut:
    """The avatar of one conversation, for the client of the transport.

    Args:
        service: Pushes the frames.
        client: The conversation.
    """

    def __init__(self, service: VoiceLiveLLMService, client: VoiceLiveClient) -> None:
        self._service = service
        self._client = client
        self._session: SessionInfo | None = None
        self._first_video: fx.AvatarVideo | None = None
        self._bot_speaks = False
        self._away = False

    @property
    def options(self) -> dict[str, Any] | None:
        """The avatar's options that are in effect, None without one."""
        return self._session.avatar if self._session is not None else None

    async def session(self, session: SessionInfo) -> None:
        """Options are in effect."""
        before, self._session, self._away = self.options, session, False
        if session.avatar is None:
            await self.gone()
        elif before is None:
            await self.ready(session.avatar)

    async def ready(self, options: dict[str, Any]) -> None:
        """There is an avatar, and whoever wants to see it may connect."""
        await self._tell(
            "ready",
            output_protocol=options.get("output_protocol") or "webrtc",
            ice_servers=options.get("ice_servers") or [],
            session_id=self._session.id if self._session is not None else None,
        )

    async def deliver(self, signal: AvatarSignal) -> None:
        """Hand on what the avatar does."""
        match signal:
            case fx.AvatarAnswer(sdp):
                await self._tell("answer", sdp=sdp)
            case fx.AvatarSpeaking(turn_id):
                await self._tell("speaking", turn_id=turn_id)
            case fx.AvatarIdle(turn_id):
                await self._tell("idle", turn_id=turn_id)
            case fx.AvatarVideo(codec, data):
                if self._first_video is None:
                    self._first_video = signal
                await self._service.push_frame(VoiceLiveVideoFrame(data, codec))
                await self._tell_video(signal)

    async def speech(self, *, begins: bool) -> None:
        """The avatar begins or ends to speak an answer."""
        begins = begins and self.options is not None
        if begins != self._bot_speaks:
            self._bot_speaks = begins
            await self._service.broadcast_frame(
                BotStartedSpeakingFrame if begins else BotStoppedSpeakingFrame
            )

    async def heed(self, message: RTVIClientMessageFrame) -> None:
        """A message of the transport's client."""
        match message.type, message.data:
            case "voicelive-avatar-offer", _ if self._away:
                pass  # once there is another session, the client is told, and offers again
            case "voicelive-avatar-offer", {"sdp": str(sdp)}:
                self._client.connect_avatar(sdp)
            case "voicelive-avatar-offer", _:
                logger.warning(f"{self._service}: an offer to the avatar came without its sdp")
            case "voicelive-avatar-join", _ if self.options is not None:
                await self.ready(self.options)
                if self._first_video is not None:
                    await self._tell_video(self._first_video)
            case _:
                pass

    def void(self) -> None:
        """An interruption: what is still to come of the answer is not wanted."""

    async def interrupted(self) -> None:
        """The session is gone, and with it its avatar; the next session has its own."""
        if self._session is not None:
            self._session, self._away = None, True
            await self.gone()

    async def gone(self) -> None:
        """There is no avatar, or none any more."""
        self._first_video = None
        await self.speech(begins=False)

    async def aclose(self) -> None:
        """The conversation is over."""

    async def _tell(self, what: str, **members: Any) -> None:
        await self._service.tell_client(f"avatar-{what}", **members)

    async def _tell_video(self, video: fx.AvatarVideo) -> None:
        await self._tell("video", codec=video.codec, data=video.base64)


class AvatarIntoPipeline(AvatarOut):
    """The avatar of one conversation, received here and pushed as frames.

    Args:
        service: Pushes the frames.
        client: The conversation.
        rate_hz: The pipeline's output rate.
    """

    def __init__(self, service: VoiceLiveLLMService, client: VoiceLiveClient, rate_hz: int) -> None:
        super().__init__(service, client)
        self._rate_hz = rate_hz
        self._media: AvatarMedia | None = None
        self._source: AvatarPeer | AvatarMovie | None = None
        self._offering: asyncio.Task[None] | None = None

    async def ready(self, options: dict[str, Any]) -> None:
        """There is an avatar: receive it."""
        await self.aclose()
        self._media = media = AvatarMedia(self._service.push_frame, self._rate_hz)
        if options.get("output_protocol") == "websocket":
            self._source = AvatarMovie(media)
            return
        servers = options.get("ice_servers") or []
        self._offering = asyncio.create_task(self._offer(media, servers), name="voicelive-avatar-offer")

    async def _offer(self, media: AvatarMedia, ice_servers: list[dict[str, Any]]) -> None:
        try:
            self._source = peer = AvatarPeer(media, ice_servers)
            self._client.connect_avatar(await peer.offer())
        except Exception as error:  # noqa: BLE001 - whatever it is, there will be no picture and no sound
            await self._service.push_error(
                f"No peer connection could be offered to the avatar: {type(error).__name__}.", exception=error
            )

    async def deliver(self, signal: AvatarSignal) -> None:
        """Receive what the avatar does."""
        match signal, self._source:
            case fx.AvatarAnswer(sdp), AvatarPeer() as peer:
                await peer.answer(sdp)
            case fx.AvatarVideo(_, data), AvatarMovie() as movie:
                movie.feed(data)
            case _:
                pass

    async def speech(self, *, begins: bool) -> None:
        """The avatar begins or ends to speak an answer."""
        if self._media is not None:
            self._media.speech(begins=begins)

    async def heed(self, message: RTVIClientMessageFrame) -> None:
        """The transport's client has nothing to do with it."""

    def void(self) -> None:
        """An interruption: what is still to come of the answer is not wanted."""
        if self._media is not None:
            self._media.void()
        if isinstance(self._source, AvatarMovie):
            self._source.void()

    async def gone(self) -> None:
        """There is no avatar, or none any more."""
        await self.aclose()

    async def aclose(self) -> None:
        """Receive nothing more."""
        self._media = None
        if self._offering is not None:
            self._offering.cancel()
            await asyncio.gather(self._offering, return_exceptions=True)
            self._offering = None
        source, self._source = self._source, None
        if source is not None:
            await source.aclose()


def make_avatar(
    service: VoiceLiveLLMService, client: VoiceLiveClient, media: Media, rate_hz: int
) -> AvatarOut:
    """What takes care of the avatar of one conversation."""
    return AvatarIntoPipeline(service, client, rate_hz) if media == "pipeline" else AvatarOut(service, client)
