"""Which audio formats a session uses, for a pipeline of certain rates.

Where the options name a format, that one is used. Else it is 16 bit PCM at the pipeline's own rate, so that
nothing is resampled, if that rate is documented: 8, 16 and 24 kHz both ways. The live service has been seen
to take 44.1 kHz and to give 22.05, 44.1 and 48 kHz (those only with Azure voices), but no document promises
it, and a format that is refused ends the call before it began: those rates are used when they are asked for
by name, and a pipeline that runs at one of them is resampled from and to 24 kHz otherwise. G.711 is chosen
by nobody but the user: it halves the bytes and loses quality, and 8 kHz PCM needs no resampling either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pipecat_voicelive.protocol.audio import (
    INPUT_RATES_HZ,
    OUTPUT_FORMAT_BY_RATE_HZ,
    AudioFormat,
    input_format,
    output_format,
)
from pipecat_voicelive.protocol.echo import sends_reference
from pipecat_voicelive.protocol.session_options import SessionProperties

_OPTIONS = ("input_audio_format", "input_audio_sampling_rate", "output_audio_format")


@dataclass(frozen=True, slots=True)
class WireFormats:
    """The formats of both directions.

    Attributes:
        caller: Format of the caller's audio.
        bot: Format of the bot's audio.
        options: The session options that ask for them, given or chosen.
    """

    caller: AudioFormat
    bot: AudioFormat
    options: dict[str, Any]


def choose_formats(properties: SessionProperties, in_hz: int, out_hz: int) -> WireFormats:
    """The formats that the options name; else 16 bit PCM at the pipeline's rates where the wire has them."""
    given = properties.model_fields_set
    options = {name: getattr(properties, name) for name in _OPTIONS if name in given}
    if "input_audio_format" in given or "input_audio_sampling_rate" in given:
        caller = input_format(properties.input_audio_format, properties.input_audio_sampling_rate)
    else:
        caller = input_format("pcm16", in_hz if in_hz in INPUT_RATES_HZ else 24000)
        options |= {"input_audio_format": caller.encoding, "input_audio_sampling_rate": caller.rate_hz}
    if sends_reference(properties.to_wire()):
        caller = replace(caller, channels=2)
    name = properties.output_audio_format
    if "output_audio_format" not in given:
        name = options["output_audio_format"] = OUTPUT_FORMAT_BY_RATE_HZ.get(out_hz, "pcm16")
    return WireFormats(caller, output_format(name), options)
