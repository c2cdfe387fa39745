"""`TTSSpeakFrame`: words that the bot is to say as they are, in the voice of the session.

A speech service downstream would say them itself, so whoever speaks keeps the frame: this service, unless
its answers are text only. Then the frame goes on to the service that speaks for it, and the words are put
into the conversation here, so that the model knows of them.
"""

from __future__ import annotations

from pipecat.frames.frames import TTSSpeakFrame
from pipecat.utils.text.base_text_aggregator import TextType

from pipecat_voicelive.client import VoiceLiveClient
from pipecat_voicelive.protocol.session_options import SessionProperties
from pipecat_voicelive.session import inputs
from pipecat_voicelive.session.tools import message_item


def speak(frame: TTSSpeakFrame, client: VoiceLiveClient, properties: SessionProperties) -> bool:
    """Say it, or leave it to a speech service downstream. Returns whether the frame stays here."""
    if not frame.text.strip():
        return True
    if properties.modalities and "audio" not in properties.modalities:
        if frame.append_to_context:
            client.add_item(message_item("assistant", frame.text))
        return False
    client.handle(inputs.Speak(frame.text, frame.interruptible, tag=frame))
    return True


def frame_of(speech: inputs.Speak | None) -> TTSSpeakFrame | None:
    """The frame that asked for a speech."""
    return speech.tag if speech is not None and isinstance(speech.tag, TTSSpeakFrame) else None


def text_type(frame: TTSSpeakFrame | None) -> TextType | str:
    """The type of spoken text: by the word, unless the frame names one of its own."""
    return TextType.WORD if frame is None or frame.text_type == TextType.SENTENCE else frame.text_type
