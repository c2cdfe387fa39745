"""Users of Pipecat's built-in service change their imports and nothing else."""

import ast
import importlib.util
import inspect
import re
import textwrap
from pathlib import Path

import pytest
from pipecat.frames.frames import LLMRunFrame, LLMUpdateSettingsFrame

import pipecat_voicelive
from pipecat_voicelive import (
    AzureStandardVoice,
    SessionProperties,
    VoiceLiveLLMService,
    VoiceLiveLLMSettings,
    events,
)

from .harness import calling

BUILTIN = "pipecat.services.azure.voice_live"


def documented_examples():
    """The code in the documentation of the installed built-in service, read as text and not imported."""
    source = Path(importlib.util.find_spec(BUILTIN).origin).parent / "llm.py"
    (service,) = [
        node
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "AzureVoiceLiveLLMService"
    ]
    doc = inspect.cleandoc(ast.get_docstring(service, clean=False))
    return [textwrap.dedent(code) for code in re.findall(r"::\n\n((?:    .*\n|\n)+)", doc + "\n")]


EXAMPLES = documented_examples()


def test_the_built_in_documents_examples_at_all():
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("example", EXAMPLES)
async def test_its_documented_examples_run_with_only_the_imports_changed(example, monkeypatch, speaker):
    monkeypatch.setenv("AZURE_VOICE_LIVE_API_KEY", "key")
    monkeypatch.setenv("AZURE_VOICE_LIVE_ENDPOINT", "https://resource.services.ai.azure.com")
    imports = "import os\nfrom pipecat_voicelive import VoiceLiveLLMService as AzureVoiceLiveLLMService\n"
    code = re.sub(rf"from {re.escape(BUILTIN)}\.events import", "from pipecat_voicelive import", example)
    namespace = {}
    exec(imports + code, namespace)
    llm = namespace["llm"]
    assert isinstance(llm, VoiceLiveLLMService)

    async with calling({"greeting": "Hello."}, speaker, settings=llm.settings) as call:
        await call.bot_has_spoken()
        session = call.session.received("session.update")[-1].session
        assert session["turn_detection"]["type"] == "azure_semantic_vad"
        assert session["voice"]["name"] == "en-US-Ava:DragonHDLatestNeural"
        assert call.session.handshake.query["model"] == "gpt-4o-mini"


def test_its_option_classes_are_here_with_their_names_and_members():
    source = Path(importlib.util.find_spec(BUILTIN).origin).parent / "events.py"
    classes = {
        node.name: node for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef)
    }
    options = ["SessionProperties", "TurnDetection", "EndOfUtteranceDetection", "OpenAIVoice", "FunctionTool"]
    options += [f"Azure{kind}Voice" for kind in ("Standard", "Custom", "Personal", "RealtimeNative")]
    options += [f"InputAudio{kind}" for kind in ("Transcription", "NoiseReduction", "EchoCancellation")]
    for name in options:
        theirs = {n.target.id for n in classes[name].body if isinstance(n, ast.AnnAssign)} - {"model_config"}
        ours = set(getattr(pipecat_voicelive, name).model_fields)
        assert theirs <= ours, f"{name} lacks {theirs - ours}"


async def test_items_are_reported_when_they_enter_and_when_they_change(speaker):
    created, updated = [], []
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine."}]}
    async with calling(scenario, speaker, greet=False) as call:
        call.service.add_event_handler("on_conversation_item_created", _noting(created))
        call.service.add_event_handler("on_conversation_item_updated", _noting(updated))
        await call.say("How are you today?")
        await call.bot_has_spoken()
        await call.until(lambda: len(updated) == 2, "for both items")
        assert [item.role for _, item in created] == ["user", "assistant"]
        # The caller's item when it is transcribed, the answer when it is done; readable like a dict too.
        assert updated[0] == (created[0][0], None)
        item_id, item = updated[1]
        assert item_id == created[1][0]
        assert item["content"][0].transcript == item.words == "Fine."
        assert item.get("nothing", "default") == "default"


def _noting(notes):
    async def note(_service, item_id, item):
        notes.append((item_id, item))

    return note


@pytest.mark.proves("input_audio_buffer.clear")
async def test_a_client_event_of_ones_own_goes_out_behind_what_was_sent_before(speaker):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.service.send_client_event(events.InputAudioBufferClearEvent(event_id="mine"))
        item = events.ConversationItem(
            type="message", role="user", content=[events.ItemContent(type="input_text", text="Hi.")]
        )
        await call.service.send_client_event(events.ConversationItemCreateEvent(item=item))
        await call.service.send_client_event({"type": "something.new", "event_id": "new"})
        await call.until(lambda: call.session.received("something.new"), "for the third")
        assert call.session.received("input_audio_buffer.clear")[0].event_id == "mine"
        assert call.session.received("conversation.item.create")[0].item.words == "Hi."


async def test_a_reset_begins_anew_with_the_conversation_so_far(speaker):
    scenario = {"turns": [{"user": "How are you today?", "say": "Fine.", "repeat": True}]}
    async with calling(scenario, speaker, messages=[{"role": "user", "content": "Be polite."}]) as call:
        await call.bot_has_spoken()
        await call.say("How are you today?")
        await call.bot_has_spoken(2)
        await call.until(lambda: len(call.said) == 4, "for the context")
        first = call.session
        await call.service.reset_conversation()
        await call.until(lambda: len(call.sim.sessions) == 2, "for a second session")
        await call.until(lambda: len(call.session.received("conversation.item.create")) == 4, "for its items")
        await call.until(lambda: first.close_code is not None, "for the first to close")
        told = [
            (event.item.role, event.item.words) for event in call.session.received("conversation.item.create")
        ]
        assert told == call.said
        assert not call.session.received("response.create")  # nobody asked for an answer
        await call.say("How are you today?")
        await call.bot_has_spoken(3)


@pytest.mark.proves("feature.runtime-settings", "session.update")
async def test_settings_that_change_send_the_whole_session_once_and_keep_the_rest(speaker):
    start = VoiceLiveLLMSettings(
        system_instruction="Be brief.",
        session_properties=SessionProperties(
            voice=AzureStandardVoice(name="en-US-AvaNeural"), input_audio_transcription=None, greeting="mine"
        ),
    )
    async with calling(
        {"greeting": "Hello."}, speaker, settings=start, sim_options={"strict": False}
    ) as call:
        await call.bot_has_spoken()
        before = call.session.received("session.update")[-1].session
        delta = VoiceLiveLLMSettings(
            temperature=0.4, session_properties=SessionProperties(max_response_output_tokens=200)
        )
        count = len(call.session.received("session.update"))
        await call.queue(LLMUpdateSettingsFrame(delta=delta, service=call.service))
        await call.until(lambda: len(call.session.received("session.update")) > count, "for the update")
        await call.queue(LLMRunFrame())
        await call.bot_has_spoken(2)
        assert len(call.session.received("session.update")) == count + 1
        after = call.session.received("session.update")[-1].session
        assert after == {**before, "temperature": 0.4, "max_response_output_tokens": 200}
        assert (after["instructions"], after["greeting"]) == ("Be brief.", "mine")


async def test_an_update_for_another_service_passes_by_once(speaker):
    async with calling({"greeting": "Hello."}, speaker) as call:
        await call.bot_has_spoken()
        other = VoiceLiveLLMService(endpoint="ws://127.0.0.1:1", api_key="key")
        frame = LLMUpdateSettingsFrame(delta=VoiceLiveLLMSettings(temperature=0.1), service=other)
        await call.queue(frame)
        await call.until(lambda: call.heard(LLMUpdateSettingsFrame), "for the frame to pass")
        assert call.pushed_by_service(LLMUpdateSettingsFrame) == [frame]
