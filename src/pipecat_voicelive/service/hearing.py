"""The caller's audio on its way to the service, and whose turn it is when Pipecat says so."""

from __future__ import annotations

from pipecat.frames.frames import InputAudioRawFrame

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.service.audio import InputAudio, SpeechOnset
from pipecat_voicelive.service.echo_reference import EchoReference, StereoInput

_ONSET_MARGIN_MS = 300
"""What is kept of the audio before a turn, beyond what voice activity detection needs to find it."""


_CLOSING_SILENCE_MS = 3000
"""Silence that ends a turn for any turn detection but the most patient ones."""


class Hearing:
    """Gives the caller's audio to one client.

    With turns of the service's own, all audio is sent. With manual turns only the turns are, each from a
    little before it was noticed: voice activity detection takes its time, and the first word must not be
    lost. Nothing is sent twice and nothing has to be cleared.

    With an echo reference, what was played goes along, and all audio `HOLD_MS` later: so what was held goes
    out before a turn is committed, and when the microphone is paused or muted.
    """

    def __init__(
        self,
        client: VoiceLiveClient,
        wire: AudioFormat,
        *,
        manual_turns: bool,
        reference: EchoReference | None = None,
    ) -> None:
        self._client = client
        self._audio = InputAudio(wire) if reference is None else StereoInput(wire, reference)
        self._onset = SpeechOnset(wire)
        self._manual_turns = manual_turns
        self._wire = wire
        self._speaking = False
        self._paused = False
        self._muted = False

    @property
    def paused(self) -> bool:
        """Whether nothing of the caller is sent."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        if paused and not self._paused:
            self._fall_silent()
        self._paused = paused

    def mute(self, muted: bool) -> None:
        """The pipeline keeps the caller's audio to itself from now on, or gives it again."""
        if muted and not self._muted:
            self._fall_silent()
        self._muted = muted

    def noticed(self) -> None:
        """The service says that it hears the caller begin, who may have been cut off by now."""
        if self._paused or self._muted:
            self._fall_silent()

    def _fall_silent(self) -> None:
        """The microphone is off: the service, if it hears the caller, hears the turn end.

        It counts the audio that it is sent, and not the time: without any, the turn would never end.
        """
        self._send(self._audio.held())
        if self._client.hears_caller:
            self._client.send_audio(self._wire.silence(_CLOSING_SILENCE_MS))

    def set_manual_turns(self, manual_turns: bool) -> None:
        """Turns are Pipecat's from now on, or the service's. One that is under way ends here."""
        if manual_turns != self._manual_turns:
            self.turn_stopped()
            self._onset.take()
            self._manual_turns = manual_turns

    def detection_takes(self, start_secs: float) -> None:
        """Voice activity detection notices speech this long after it began."""
        self._onset.keep_ms = start_secs * 1000 + _ONSET_MARGIN_MS

    def hear(self, frame: InputAudioRawFrame, at_s: float = 0.0) -> None:
        """Audio of the caller, at a time of the pipeline's clock."""
        if self.paused:
            self._send(self._audio.held())
            self._onset.take()  # a turn that begins after the pause does not begin before it
            return
        self._send(self._audio.convert(frame, at_s))

    def _send(self, audio: bytes) -> None:
        if not audio:
            return
        if self._manual_turns and not self._speaking:
            self._onset.add(audio)
        else:
            self._client.send_audio(audio)

    def turn_started(self) -> None:
        """Pipecat says that the caller began to speak."""
        if self._manual_turns and not self._speaking:
            self._speaking = True
            self._client.start_turn()
            onset = self._onset.take()
            if onset and not self.paused:
                self._client.send_audio(onset)

    def turn_stopped(self) -> bool:
        """Pipecat says that the caller has finished. Returns whether that asks for an answer."""
        if not self._manual_turns or not self._speaking:
            return False
        self._send(self._audio.held())
        self._speaking = False
        self._client.commit_turn()
        return True
