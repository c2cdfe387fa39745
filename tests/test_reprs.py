"""No repr of anything in the package shows what somebody said, a prompt, or what opens a door.

Reprs end in logs: `asyncio` prints callbacks with their arguments in debug mode, and loguru prints the
variables of a traceback.
"""

import dataclasses
import importlib
import pkgutil

import pytest
from pipecat.frames.frames import Frame

from pipecat_voicelive import (
    AzureStandardVoice,
    Background,
    ConnectionOptions,
    FunctionTool,
    InputAudioTranscription,
    MCPServer,
    SessionProperties,
    TurnDetection,
    VoiceLiveAgentEventFrame,
    VoiceLiveAnnotationFrame,
    VoiceLiveClient,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
    VoiceLiveRespondFrame,
    VoiceLiveWordFrame,
)

SENTINEL = "s3ntinel"


def classes_of(layer):
    package = importlib.import_module(f"pipecat_voicelive.{layer}")
    names = [m.name for m in pkgutil.iter_modules(getattr(package, "__path__", []), f"{package.__name__}.")]
    for module in [package, *map(importlib.import_module, names)]:
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                yield kind


STATE = [
    kind
    for kind in classes_of("session")
    if dataclasses.is_dataclass(kind) and not kind.__dataclass_params__.frozen
]


@pytest.mark.parametrize("kind", STATE, ids=lambda kind: kind.__qualname__)
def test_what_a_session_remembers_has_no_repr(kind):
    assert kind.__repr__ is object.__repr__


FRAMES = [kind for kind in classes_of("service") if issubclass(kind, Frame)]


@pytest.mark.parametrize(
    "thing",
    [
        AzureStandardVoice(name="n", custom_lexicon_url=f"https://x/?sig={SENTINEL}"),
        Background(image_url=f"https://x/?sig={SENTINEL}"),
        FunctionTool(name="n", description=SENTINEL, parameters={"title": SENTINEL}),
        InputAudioTranscription(phrase_list=[SENTINEL]),
        MCPServer(server_label="n", server_url=f"https://x/?key={SENTINEL}"),
        SessionProperties(metadata={"a": SENTINEL}),
        SessionProperties(an_option_of_tomorrow=SENTINEL),
        TurnDetection(appended_text_after_truncation=SENTINEL),
        ConnectionOptions(headers={"a": SENTINEL}, proxy=f"http://u:{SENTINEL}@proxy"),
        VoiceLiveLLMSettings(system_instruction=SENTINEL, extra={"a": SENTINEL}),
        VoiceLiveLLMSettings(session_properties=SessionProperties(instructions=SENTINEL)),
        VoiceLiveWordFrame(SENTINEL, 0, 0, "r", "i"),
        VoiceLiveAnnotationFrame({"title": SENTINEL}, 0, 0, 0, "r", "i"),
        VoiceLiveAgentEventFrame({"a": SENTINEL}),
        VoiceLiveRespondFrame(additional_instructions=SENTINEL),
        VoiceLiveClient(endpoint="wss://x", model="m", api_key=SENTINEL, query={"a": SENTINEL}),
        VoiceLiveLLMService(endpoint="wss://x", api_key=SENTINEL, query={"a": SENTINEL}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_no_repr_holds_a_secret_or_a_prompt(thing):
    assert SENTINEL not in f"{thing!r} {thing}"


def test_settings_show_what_helps():
    settings = VoiceLiveLLMSettings(model="gpt-realtime", session_properties=SessionProperties(temperature=1))
    assert repr(settings).startswith("VoiceLiveLLMSettings(model='gpt-realtime', session_properties=Session")
    assert "temperature=1.0" in repr(settings)


def test_members_that_hold_text_are_looked_at():
    """Frames are printed by Pipecat; one that gains a text must be listed above, or hide it."""
    shown = {
        f"{kind.__name__}.{member.name}"
        for kind in FRAMES
        for member in dataclasses.fields(kind)
        if member.repr
        and member.type not in ("int", "float", "bool")
        and member.name not in {of_all.name for of_all in dataclasses.fields(Frame)}
    }
    harmless = {"response_id", "item_id", "codec", "properties"}
    assert {name for name in shown if name.split(".")[1] not in harmless} == set()
