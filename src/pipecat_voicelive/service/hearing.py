"""The caller's audio on its way to the service, and whose turn it is when Pipecat says so."""

from __future__ import annotations

from pipecat.frames.frames import InputAudioRawFrame

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.protocol.audio import AudioFormat
from pipecat_voicelive.service.audio import InputAudio, SpeechOnset
from pipecat_voicelive.service.echo_reference import EchoReference, StereoInput

_ONSET_MARGIN_MS = 300
"""What is kept of the audio before a turn, beyond what voice activity detection needs to find it."""


class Hearing:
    """Gives the caller's audio to one client.

    With turns of the service's own, all audio is sent. With manual turns only the turns are, each from a
    little before it was noticed: voice activity detection takes its time, and the first word must not be
    lost. Nothing is sent twice and nothing has to be cleared.

    With an echo reference, what was played goes along, and all audio `HOLD_MS` later: so what was held goes
    out before a turn is committed, and when the microphone is paused.
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
        self._speaking = False
        self.paused = False

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
