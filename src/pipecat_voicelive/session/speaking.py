"""Words that the bot is to say as they are: greetings, disclosures, fillers, goodbyes.

The service speaks a message that it is given instead of asking the model, with the session's own voice and
all that comes with it (word times, mouth shapes), and keeps it in the conversation. So a speech is a
response like any other, asked for when its turn comes, with three differences:

- It answers nothing: what the caller said and what tools returned still want an answer of the model's own.
- No other response can stand for it, and it is never merged with another wish.
- While it waits, an interruption drops it unless it is marked otherwise: what was to be said fitted the
  moment that is now over.

API versions that have no such messages would have the model say something of its own. There, nothing is said,
and that is told.
"""

from __future__ import annotations

from pipecat_voicelive.protocol.client_events import ResponseCreateEvent, ResponseProperties
from pipecat_voicelive.protocol.codec import to_plain
from pipecat_voicelive.protocol.versions import for_version
from pipecat_voicelive.session.effects import OptionWithheld
from pipecat_voicelive.session.inputs import Speak
from pipecat_voicelive.session.response import Wish
from pipecat_voicelive.session.tools import message_item
from pipecat_voicelive.session.wording import Wording


def wish_to_say(speech: Speak, wording: Wording) -> Wish | OptionWithheld | None:
    """The wish for a response that says this, why it cannot be said, or None: nothing to say or tell."""
    if not speech.text.strip():
        return None
    message = message_item("assistant", speech.text)
    properties = ResponseProperties(pre_generated_assistant_message=message)
    _, left_out = for_version(to_plain(ResponseCreateEvent(response=properties)), wording.api_version)
    for option in left_out:
        return wording.withheld(option)
    return Wish(properties, speech=speech)
