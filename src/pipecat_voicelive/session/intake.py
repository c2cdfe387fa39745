"""Intents that can be sent, before anything changes for them.

What cannot be put on the wire must not leave a session that believes it was sent. So whatever an intent
brings is put into the wire's types here, and the intent is refused if that cannot be.
"""

from __future__ import annotations

from pipecat_voicelive.protocol.codec import RawEvent, as_sent
from pipecat_voicelive.session import inputs


def sendable(intent: inputs.Intent) -> inputs.Intent:
    """The intent, with all that it has to say in the wire's types.

    Raises:
        ConfigurationError: It cannot be sent.
    """
    match intent:
        case inputs.AppendAudio():
            return intent
        case (
            inputs.AddItem()
            | inputs.Respond()
            | inputs.Ask()
            | inputs.AnswerTool()
            | inputs.AnswerApproval()
            | inputs.Configure()
        ):
            return as_sent(intent)
        case inputs.Speak(text):
            as_sent([text])
            return intent
        case inputs.SendRaw(RawEvent(members=members)):
            as_sent(dict(members))
            return intent
        case inputs.SendRaw(event):
            return inputs.SendRaw(as_sent(event))
        case _:
            return intent
