"""What a session may hold, and how the service refuses what it may not: codes, texts, paths, ids."""

import json

import pytest
from voice_live_client import SPOKEN, Client
from websockets.asyncio.client import connect

from pipecat_voicelive.simulator.exchange import Noted

AZURE = {"type": "azure-standard", "name": "en-US-AvaNeural"}
OTHER_AZURE = {**AZURE, "name": "en-GB-RyanNeural"}
END = {"model": "semantic_detection_v1"}
TWO_CHANNELS = {"type": "server_echo_cancellation", "reference_source": "client", "channels": 2}


async def refused(client, **session):
    """The error that an update brings; it quotes the update."""
    await client.send("session.update", session=session, event_id="mine")
    error = await client.refused()
    assert (error.type, error.event_id) == ("invalid_request_error", "mine")
    return error


async def refused_by(start, join, model, *, api_version="2026-07-15", **session):
    client = await join(await start(), model=model, session=None, api_version=api_version)
    return await refused(client, **session)


async def accepted_by(start, join, model, *, api_version="2026-07-15", strict=True, **session):
    client = await join(await start(strict=strict), model=model, session=None, api_version=api_version)
    return await client.configure(**session)


@pytest.mark.proves("rule.error-quotes-event-id")
async def test_an_event_without_an_id_is_refused_without_one(client):
    await client.send("response.cancel")
    assert (await client.until("error"))["error"]["event_id"] is None
    assert (await client.ask("Hello"))["status"] == "completed"


@pytest.mark.proves("rule.unsupported-value")
async def test_a_value_that_is_none_is_answered_by_those_that_are(client):
    error = await refused(client, input_audio_format="mp3")
    assert (error.code, error.param) == ("invalid_value", "session.input_audio_format")
    assert error.message == (
        "Invalid value: 'mp3'. Supported values are: 'pcm16', 'g711_ulaw', and 'g711_alaw'."
    )


@pytest.mark.proves("rule.wrong-type")
@pytest.mark.parametrize(
    ("session", "param", "expected", "got"),
    [
        ({"instructions": 5}, "instructions", "a string", "an integer"),
        ({"tools": {}}, "tools", "an array", "an object"),
        ({"parallel_tool_calls": "yes"}, "parallel_tool_calls", "a boolean", "a string"),
        ({"turn_detection": []}, "turn_detection", "an object", "an array"),
        ({"temperature": "warm"}, "temperature", "a number", "a string"),
        ({"max_response_output_tokens": 1.5}, "max_response_output_tokens", "an integer", "a decimal number"),
        ({"modalities": ["text", None]}, "modalities[1]", "a string", "null"),
        ({"input_audio_sampling_rate": True}, "input_audio_sampling_rate", "an integer", "a boolean"),
    ],
)
async def test_a_member_of_the_wrong_type_is_named_with_both_types(client, session, param, expected, got):
    error = await refused(client, **session)
    assert (error.code, error.param) == ("invalid_type", f"session.{param}")
    assert error.message == f"Invalid type for 'session.{param}': expected {expected}, but got {got} instead."


@pytest.mark.proves("rule.unknown-member")
async def test_an_unknown_member_of_the_session_is_refused(client):
    error = await refused(client, instrctions="x")
    assert (error.code, error.message) == ("unknown_parameter", "Unknown parameter: 'session.instrctions'.")


@pytest.mark.proves("rule.unknown-member")
async def test_an_unknown_member_of_a_response_is_passed_over(client):
    await client.send("response.create", response={"max_response_output_tokens": 5000})
    assert (await client.until("response.done"))["response"]["max_output_tokens"] == "inf"


@pytest.mark.proves("rule.missing-member")
async def test_a_member_that_is_missing_is_named(client):
    error = await refused(client, turn_detection={"threshold": 0.5})
    assert (error.code, error.param) == ("missing_required_parameter", "session.turn_detection.type")
    assert error.message == "Missing required parameter: 'session.turn_detection.type'."


@pytest.mark.proves("rule.number-out-of-range")
@pytest.mark.parametrize(
    ("session", "code", "text"),
    [
        ({"temperature": 0.1}, "decimal_below_min_value", ">= 0.6, but got 0.1"),
        ({"temperature": 1.5}, "decimal_above_max_value", "<= 1, but got 1.5"),
        ({"max_response_output_tokens": 0}, "integer_below_min_value", ">= 1, but got 0"),
        ({"max_response_output_tokens": 5000}, "integer_above_max_value", "<= 4096, but got 5000"),
    ],
)
async def test_a_number_out_of_its_range_is_answered_by_the_bound(client, session, code, text):
    error = await refused(client, **session)
    (name,) = session
    assert (error.code, error.param) == (code, f"session.{name}")
    assert text in error.message


@pytest.mark.proves("rule.temperature")
async def test_the_stricter_range_of_temperatures_can_be_switched_off(start, join):
    assert (await refused_by(start, join, "gpt-4.1", temperature=1.1)).param == "session.temperature"
    session = await accepted_by(start, join, "gpt-4.1", strict=False, temperature=1.1)
    assert session["temperature"] == 1.1


@pytest.mark.proves("rule.token-limit")
async def test_output_tokens_are_limited_by_a_number_or_not_at_all(client):
    assert (await client.configure(max_response_output_tokens=4096))["max_response_output_tokens"] == 4096
    assert (await client.configure(max_response_output_tokens="inf"))["max_response_output_tokens"] == "inf"
    assert (await refused(client, max_response_output_tokens="many")).code == "invalid_type"


@pytest.mark.proves("rule.metadata-limits", "rule.text-too-long")
@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({str(number): "" for number in range(17)}, "object_above_max_properties"),
        ({"k" * 65: ""}, "string_above_max_length"),
        ({"k": "v" * 513}, "string_above_max_length"),
        ({"k": 1}, "invalid_type"),
    ],
)
async def test_metadata_has_limits(client, metadata, code):
    assert (await refused(client, metadata=metadata)).code == code
    await client.send("response.create", response={"metadata": metadata})
    assert (await client.refused()).code == code
    assert (await client.configure(metadata={"k" * 64: "v" * 512}))["metadata"]


@pytest.mark.proves("rule.no-json")
@pytest.mark.parametrize("message", ["{not json", "[1]", '"session.update"', "", b'{"typ\xff": 1}'])
async def test_what_is_no_json_object_is_refused(client, message):
    await client.socket.send(message)
    assert (await client.refused()).code == "invalid_json"


@pytest.mark.proves("rule.missing-member")
async def test_an_event_without_a_type_says_so(client):
    await client.socket.send('{"event_id": "mine"}')
    error = await client.refused()
    assert (error.code, error.param, error.event_id) == ("missing_required_parameter", "type", "mine")


@pytest.mark.proves("rule.unknown-event-type")
async def test_an_unknown_type_of_event_is_answered_by_the_known_ones(client):
    await client.send("response.sing", event_id="mine")
    error = await client.refused()
    assert (error.code, error.param, error.event_id) == ("invalid_value", "type", "mine")
    assert error.message.startswith("Invalid value: 'response.sing'. Supported values are: 'conversation.")


@pytest.mark.proves("rule.audio-turn-events")
@pytest.mark.parametrize(
    ("event_type", "members"),
    [
        ("input_audio.turn.start", {"turn_id": "1"}),
        ("input_audio.turn.append", {"turn_id": "1", "audio": SPOKEN}),
        ("input_audio.turn.end", {"turn_id": "1"}),
        ("input_audio.turn.cancel", {"turn_id": "1"}),
        ("input_audio.clear", {}),
    ],
)
async def test_events_that_only_the_specification_has_are_refused(client, event_type, members):
    await client.send(event_type, event_id="mine", **members)
    error = await client.refused()
    assert (error.code, error.param, error.event_id) == ("unsupported", "type", "mine")


@pytest.mark.proves("rule.update-comes-first")
@pytest.mark.parametrize("event_type", ["response.create", "input_audio_buffer.commit"])
async def test_nothing_comes_before_the_first_update(start, join, event_type):
    client = await join(await start(), session=None)
    await client.send(event_type, event_id="early")
    error = await client.refused()
    assert (error.code, error.event_id) == ("session_not_configured", "early")
    lenient = await join(await start(strict=False), session=None)
    await lenient.send("response.create")
    await lenient.until("response.created")


@pytest.mark.proves("rule.created-first")
async def test_the_session_is_created_before_it_is_updated_however_early_the_update(start):
    simulator = await start()
    url = f"{simulator.endpoint}/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime"
    async with connect(url, additional_headers={"api-key": "k"}) as socket:
        client = Client(socket)
        await client.configure()
        assert client.types() == ["session.created", "session.updated"]


@pytest.mark.proves("rule.model-in-update")
async def test_the_model_stays_what_the_url_says(client):
    assert (await refused(client, model="gpt-realtime")).param == "session.model"


@pytest.mark.proves("rule.created-shows-model-defaults", "rule.resolved-model-name")
async def test_a_native_session_begins_with_the_defaults_of_its_model(start, join):
    client = await join(await start(), session=None)
    created = client.raw[0]["session"]
    assert created["model"] == "gpt-realtime-global-standard"
    assert (created["modalities"], created["output_audio_format"]) == (["audio"], None)
    updated = await client.configure()
    for session, padding_ms, silence_ms in ((created, 300, 200), (updated, 400, 500)):
        turns = session["turn_detection"]
        assert (turns["prefix_padding_ms"], turns["silence_duration_ms"]) == (padding_ms, silence_ms)


@pytest.mark.proves("rule.unset-is-null")
async def test_what_is_not_set_is_null(client):
    created, updated = client.raw[0]["session"], await client.configure()
    for name in ("animation", "avatar", "include", "input_audio_noise_reduction", "truncation_strategy"):
        assert updated[name] is None
    assert (updated["id"], updated["expires_at"]) == (created["id"], created["expires_at"])


@pytest.mark.proves("rule.cascaded-defaults", "rule.pipeline-of-model", "rule.resolved-model-name")
@pytest.mark.parametrize(("model", "temperature"), [("gpt-4.1", 0.8), ("gpt-5", 1.0)])
async def test_a_cascaded_session_begins_with_speech_services(start, join, model, temperature):
    client = await join(await start(), model=model, session=None)
    session = client.raw[0]["session"]
    assert (session["model"], session["temperature"]) == (model, temperature)
    assert session["voice"] == AZURE
    assert session["input_audio_transcription"]["model"] == "azure-speech"
    assert session.get("reasoning_effort") == ("minimal" if model == "gpt-5" else None)


@pytest.mark.proves("rule.pipeline-of-model")
@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-realtime-mini", "azure-realtime", "phi4-mm-realtime"])
async def test_models_that_hear_report_no_transcription(start, join, model):
    client = await join(await start(), model=model, session=None)
    assert client.raw[0]["session"]["input_audio_transcription"] is None


@pytest.mark.proves("rule.turn-detection-echo")
async def test_turn_detection_is_reported_with_all_its_members(start, join):
    detection = {"type": "azure_semantic_vad_multilingual", "end_of_utterance_detection": END}
    session = await accepted_by(start, join, "gpt-4.1", turn_detection=detection)
    reported = session["turn_detection"]
    assert (reported["profile"], reported["silence_duration_ms"]) == ("classic", None)
    end = {**END, "threshold": None, "threshold_level": "default", "timeout": None}
    assert reported["end_of_utterance_detection"] == end
    native = await accepted_by(start, join, "gpt-realtime", turn_detection={"type": "server_vad"})
    assert native["turn_detection"]["silence_duration_ms"] == 500


@pytest.mark.proves("rule.turn-detection-defaults")
@pytest.mark.parametrize(
    ("kind", "api_version", "padding_ms"),
    [
        ("server_vad", "2026-07-15", 400),
        ("azure_semantic_vad", "2026-07-15", 420),
        ("server_vad", "2025-10-01", 300),
        ("azure_semantic_vad", "2025-10-01", 300),
    ],
)
async def test_turns_are_found_by_the_defaults_of_kind_and_version(
    start, join, kind, api_version, padding_ms
):
    session = {"turn_detection": {"type": kind}}
    client = await join(await start(), model="gpt-4.1", api_version=api_version, session=session)
    await client.append(bytes(48000) + SPOKEN)
    started = await client.until("input_audio_buffer.speech_started")
    stopped = await client.until("input_audio_buffer.speech_stopped")
    assert abs(started["audio_start_ms"] - (1000 - padding_ms)) <= 50
    assert abs(stopped["audio_end_ms"] - (1800 + 500)) <= 50


@pytest.mark.proves("rule.update-replaces")
async def test_what_an_update_leaves_out_falls_back(start, join):
    client = await join(await start())
    await client.configure(instructions="Be brief.")
    assert (await client.configure(tool_choice="none"))["instructions"] != "Be brief."
    merging = await join(await start(merge_session_updates=True))
    await merging.configure(instructions="Be brief.")
    await refused(merging, instructions="Shout.", nonsense=1)
    assert (await merging.configure(tool_choice="none"))["instructions"] == "Be brief."


@pytest.mark.proves("rule.null-switches-off")
async def test_null_switches_turn_detection_off_and_absence_does_not(client):
    assert (await client.configure())["turn_detection"]["type"] == "server_vad"
    assert (await client.configure(turn_detection=None))["turn_detection"] is None


@pytest.mark.proves("rule.turn-detection-keeps-type")
async def test_turn_detection_is_switched_off_and_on_but_keeps_its_type(client):
    await client.configure(turn_detection={"type": "server_vad"})
    error = await refused(client, turn_detection={"type": "azure_semantic_vad"})
    assert error.param == "session.turn_detection.type"
    await client.configure(turn_detection=None)
    await client.configure(turn_detection={"type": "azure_semantic_vad"})


@pytest.mark.proves("rule.modalities")
@pytest.mark.parametrize("modalities", [["audio"], [], ["avatar"]])
async def test_text_is_always_among_the_modalities(client, modalities):
    error = await refused(client, modalities=modalities)
    assert error.param == "session.modalities"
    assert error.message == (
        f"Invalid modalities: {modalities}. Supported combinations are: ['text'] and ['audio', 'text']."
    )
    assert (await client.configure(modalities=["text", "audio", "animation"]))["modalities"]


@pytest.mark.proves("rule.input-formats")
async def test_g711_is_always_8_khz(client):
    session = await client.configure(input_audio_format="g711_ulaw", input_audio_sampling_rate=24000)
    assert session["input_audio_sampling_rate"] == 8000
    assert (await client.configure(input_audio_sampling_rate=44100))["input_audio_sampling_rate"] == 44100
    error = await refused(client, input_audio_sampling_rate=11025)
    assert error.param == "session.input_audio_sampling_rate"


@pytest.mark.proves("rule.output-formats")
async def test_formats_are_taken_in_both_spellings_and_some_undocumented_ones(client):
    for name in ("pcm16-16000hz", "pcm16_16000hz", "pcm16_48000hz", "g711_alaw"):
        assert (await client.configure(output_audio_format=name))["output_audio_format"] == name
    assert (await refused(client, output_audio_format="pcm16_11025hz")).code == "invalid_value"


# Voices


@pytest.mark.proves("rule.voice-members")
@pytest.mark.parametrize(
    ("voice", "param"),
    [
        ({"name": "alloy"}, "voice.type"),
        ({"type": "openai", "name": "ava"}, "voice.name"),
        ("ava", "voice.name"),
        ({"type": "openai"}, "voice.name"),
        ({"type": "azure-standard", "name": ""}, "voice.name"),
        ({"type": "azure-custom", "name": "mine"}, "voice.endpoint_id"),
        ({"type": "azure-personal", "name": "mine"}, "voice.model"),
        ({"type": "avatar-voice-sync"}, "voice.model"),
        ({**AZURE, "temperature": 1.5}, "voice.temperature"),
        ({**AZURE, "rate": 1.2}, "voice.rate"),
        ({"type": "elevenlabs", "name": "x"}, "voice.type"),
    ],
)
async def test_a_voice_that_is_none_is_refused(client, voice, param):
    assert (await refused(client, voice=voice)).param == f"session.{param}"


@pytest.mark.proves("rule.voice-members")
async def test_a_plain_name_is_an_openai_voice(client):
    assert (await client.configure(voice="coral"))["voice"] == {"type": "openai", "name": "coral"}


@pytest.mark.proves("rule.voice-of-model")
@pytest.mark.parametrize(
    ("model", "voice"),
    [
        ("gpt-4.1", "alloy"),
        ("phi4-mm-realtime", "alloy"),
        ("gpt-realtime", {"type": "azure-realtime-native", "name": "ava"}),
        ("azure-realtime", AZURE),
        ("azure-realtime", "alloy"),
    ],
)
async def test_a_voice_of_another_model_is_refused(start, join, model, voice):
    assert (await refused_by(start, join, model, voice=voice)).param == "session.voice"


@pytest.mark.proves("rule.voice-after-audio")
@pytest.mark.parametrize(
    ("model", "before", "after"),
    [
        ("gpt-realtime", "alloy", "coral"),
        ("gpt-realtime", "alloy", AZURE),
        ("gpt-realtime", AZURE, "alloy"),
        ("gpt-realtime", AZURE, OTHER_AZURE),
        ("gpt-4.1", AZURE, OTHER_AZURE),
    ],
)
async def test_a_voice_that_has_spoken_stays(start, join, model, before, after):
    client = await join(await start(), model=model, session={"voice": before})
    await client.ask("Hello")
    error = await refused(client, voice=after)
    assert (error.code, error.param) == ("cannot_update_voice", "session.voice")
    await client.configure(voice=before, instructions="Be brief.")
    await client.ask("Hello")


@pytest.mark.proves("rule.voice-after-audio")
async def test_an_update_that_names_no_voice_is_no_change_of_an_azure_voice(start, join):
    client = await join(await start(), model="gpt-4.1", session={"voice": OTHER_AZURE})
    await client.ask("Hello")
    await client.configure(instructions="Be brief.")


@pytest.mark.proves("rule.voice-after-audio")
async def test_a_lenient_simulator_lets_an_azure_voice_change_after_it_has_spoken(start, join):
    azure = await join(await start(strict=False), model="gpt-4.1", session={"voice": AZURE})
    await azure.ask("Hello")
    assert (await azure.configure(voice=OTHER_AZURE))["voice"] == OTHER_AZURE
    client = await join(await start(strict=False))
    await client.ask("Hello")
    assert (await refused(client, voice="coral")).code == "cannot_update_voice"


@pytest.mark.proves("rule.voice-of-text-only")
async def test_a_voice_is_not_named_twice_for_a_session_that_only_writes(start, join):
    client = await join(await start(), model="gpt-4.1", session={"modalities": ["text"], "voice": AZURE})
    error = await refused(client, modalities=["text"], voice=AZURE)
    assert (error.param, error.message) == (
        "session.voice",
        "Text to speech synthesizer is not configured.",
    )
    await client.configure(modalities=["text"])
    await client.configure(modalities=["text", "audio"], voice=AZURE)


# Models


async def first_event(simulator, query, credential=("api-key", "k")):
    """What a client is sent first, and how the connection is closed after an error."""
    url = f"{simulator.endpoint}/voice-live/realtime?api-version=2026-07-15&{query}"
    async with connect(url, additional_headers=[credential], compression=None) as socket:
        event = json.loads(await socket.recv())
        if event["type"] == "error":
            await socket.wait_closed()
        return event, socket.close_code


@pytest.mark.proves("rule.model-not-supported")
@pytest.mark.parametrize(
    ("name", "advice"),
    [("gpt-relatime", "did you mean 'gpt-realtime'?"), ("zz", "known are 'gpt-realtime', ")],
)
async def test_a_model_that_voice_live_does_not_document_is_refused(start, name, advice):
    simulator = await start()
    event, close_code = await first_event(simulator, f"model={name}")
    error = event["error"]
    assert (error["code"], error["message"]) == (
        "model_not_supported",
        f"Model '{name}' is not supported in this region.",
    )
    assert close_code == 1008
    (note,) = [entry.text for entry in simulator.sessions[0].events if isinstance(entry, Noted)]
    assert f"'{name}' is not a model that Voice Live documents (--lenient takes any name); {advice}" in note


@pytest.mark.proves("rule.model-not-supported")
@pytest.mark.parametrize(
    "query",
    [
        "model=gpt-realtime-mini",
        "model=phi4-mini",
        "model=my-deployment&profile=byom-azure-openai-chat-completion",
        "agent-name=a&agent-project-name=p&model=my-deployment",
    ],
)
async def test_models_of_voice_live_and_of_ones_own_have_a_session(start, query):
    event, _ = await first_event(await start(), query, ("Authorization", "Bearer t"))
    assert event["type"] == "session.created"


@pytest.mark.proves("rule.model-not-supported")
async def test_a_lenient_simulator_takes_any_name_of_a_model(start, join):
    client = await join(await start(strict=False), model="gpt-relatime")
    assert (await client.ask("Hello"))["status"] == "completed"


# What goes with which model


@pytest.mark.proves("rule.transcriber-of-model")
@pytest.mark.parametrize(
    ("model", "transcriber"),
    [("gpt-4.1", "whisper-1"), ("azure-realtime", "whisper-1"), ("phi4-mm-realtime", "mai-transcribe")],
)
async def test_a_transcriber_of_other_models_is_refused(start, join, model, transcriber):
    error = await refused_by(start, join, model, input_audio_transcription={"model": transcriber})
    assert error.param == "session.input_audio_transcription.model"


@pytest.mark.proves("rule.transcription-members")
@pytest.mark.parametrize(
    ("transcriber", "name", "value"),
    [
        ("azure-speech", "prompt", "Names of rivers"),
        ("whisper-1", "phrase_list", ["Tagus"]),
        ("whisper-1", "custom_speech", {"en-US": "id"}),
        ("whisper-1", "language", "en,de"),
        ("mai-transcribe", "phrase_list", ["Tagus"]),
    ],
)
async def test_options_of_another_transcriber_are_refused(client, transcriber, name, value):
    error = await refused(client, input_audio_transcription={"model": transcriber, name: value})
    assert error.param == f"session.input_audio_transcription.{name}"


@pytest.mark.proves("rule.transcription-limits")
async def test_languages_and_phrases_are_few(client):
    ten, phrases = ",".join(["en"] * 10), ["a"] * 499
    transcription = {"model": "azure-speech", "language": ten, "phrase_list": phrases}
    await client.configure(input_audio_transcription=transcription)
    error = await refused(client, input_audio_transcription={**transcription, "language": f"{ten},de"})
    assert error.param == "session.input_audio_transcription.language"
    error = await refused(client, input_audio_transcription={**transcription, "phrase_list": ["a"] * 500})
    assert error.code == "array_above_max_length"


@pytest.mark.proves("rule.turn-members")
@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("semantic_vad", "threshold", 0.5),
        ("server_vad", "eagerness", "low"),
        ("server_vad", "remove_filler_words", True),
        ("azure_semantic_vad_en", "languages", ["en"]),
    ],
)
async def test_members_of_another_turn_detection_are_refused(client, kind, name, value):
    error = await refused(client, turn_detection={"type": kind, name: value})
    assert error.param == f"session.turn_detection.{name}"


@pytest.mark.proves("rule.semantic-vad-of-openai")
@pytest.mark.parametrize("model", ["gpt-4.1", "azure-realtime", "phi4-mm-realtime"])
async def test_semantic_vad_is_for_native_openai_models(start, join, model):
    error = await refused_by(start, join, model, turn_detection={"type": "semantic_vad"})
    assert error.param == "session.turn_detection.type"
    await accepted_by(start, join, "gpt-realtime", turn_detection={"type": "semantic_vad"})


@pytest.mark.proves("rule.end-of-utterance-not-native")
@pytest.mark.parametrize("model", ["gpt-realtime", "phi4-mm-realtime"])
async def test_the_end_of_utterance_is_not_looked_for_by_native_models(start, join, model):
    detection = {"type": "azure_semantic_vad", "end_of_utterance_detection": END}
    error = await refused_by(start, join, model, turn_detection=detection)
    assert error.param == "session.turn_detection.end_of_utterance_detection"
    await accepted_by(start, join, model, strict=False, turn_detection=detection)
    await accepted_by(start, join, "gpt-4.1", turn_detection=detection)


@pytest.mark.proves("rule.azure-semantic-vad-of-first-version")
async def test_the_first_version_has_no_azure_semantic_vad_for_gpt_4o(start, join):
    model, detection = "gpt-4o-realtime-preview", {"type": "azure_semantic_vad"}
    error = await refused_by(start, join, model, api_version="2025-05-01-preview", turn_detection=detection)
    assert error.param == "session.turn_detection.type"
    await accepted_by(start, join, model, api_version="2025-10-01", turn_detection=detection)


@pytest.mark.proves("rule.azure-speech-needs-semantic-vad")
async def test_azure_speech_wants_semantic_turns_of_native_models_in_one_version(start, join):
    transcription = {"model": "azure-speech"}
    error = await refused_by(
        start, join, "gpt-realtime", api_version="2025-10-01", input_audio_transcription=transcription
    )
    assert error.message.startswith("When using azure-speech as InputAudioTranscription, turn_detection must")
    semantic = {"type": "azure_semantic_vad_multilingual"}
    for model, version, turns in (
        ("gpt-realtime", "2025-10-01", semantic),
        ("gpt-4.1", "2025-10-01", {"type": "server_vad"}),
        ("gpt-realtime", "2026-07-15", {"type": "server_vad"}),
    ):
        options = {"input_audio_transcription": transcription, "turn_detection": turns}
        await accepted_by(start, join, model, api_version=version, **options)


@pytest.mark.proves("rule.noise-reduction-of-model")
async def test_near_and_far_fields_are_for_native_openai_models(start, join):
    near = {"type": "near_field"}
    error = await refused_by(start, join, "gpt-4.1", input_audio_noise_reduction=near)
    assert error.param == "session.input_audio_noise_reduction.type"
    await accepted_by(start, join, "gpt-realtime", input_audio_noise_reduction=near)
    deep = {"type": "azure_deep_noise_suppression"}
    await accepted_by(start, join, "gpt-4.1", input_audio_noise_reduction=deep)


@pytest.mark.proves("rule.interim-not-native")
async def test_interim_responses_are_not_for_native_models(start, join):
    interim = {"type": "static_interim_response", "texts": ["One moment."]}
    client = await join(await start())
    error = await refused(client, interim_response=interim)
    assert error.param == "session.interim_response"
    await client.send("response.create", response={"interim_response": interim})
    assert (await client.refused()).param == "response.interim_response"
    await accepted_by(start, join, "gpt-4.1", interim_response=interim)


@pytest.mark.proves("rule.mcp-not-with-phi")
async def test_phi_models_call_no_mcp_servers(start, join):
    tool = {"type": "mcp", "server_label": "sums", "server_url": "http://127.0.0.1:9/mcp"}
    assert (await refused_by(start, join, "phi4-mini", tools=[tool])).param == "session.tools"


@pytest.fixture
async def agent(start):
    simulator = await start()
    query = "/voice-live/realtime?api-version=2026-07-15&agent-name=clerk&agent-project-name=p"
    headers = {"Authorization": "Bearer t"}
    async with connect(f"{simulator.endpoint}{query}", additional_headers=headers) as socket:
        client = Client(socket)
        await client.until("session.created")
        yield client


@pytest.mark.proves("rule.no-instructions-for-agents", "rule.agent-in-session")
async def test_an_agent_brings_its_own_instructions_and_a_thread(agent):
    assert (await refused(agent, instructions="x")).param == "session.instructions"
    named = (await agent.configure())["agent"]
    assert (named["type"], named["name"]) == ("agent", "clerk")
    assert named["thread_id"]


# Echo cancellation


@pytest.mark.proves("rule.echo-channels")
@pytest.mark.parametrize(
    ("session", "code"),
    [
        (
            {"input_audio_echo_cancellation": {**TWO_CHANNELS, "reference_source": "server"}},
            "requires_client",
        ),
        ({"input_audio_echo_cancellation": {**TWO_CHANNELS, "channels": 1}}, "invalid_ec_reference_channels"),
        ({"input_audio_format": "g711_ulaw"}, "invalid_ec_channels_format"),
        ({"input_audio_sampling_rate": 44100}, "invalid_ec_channels_format"),
    ],
)
async def test_an_echo_reference_has_two_channels_of_pcm16(client, session, code):
    error = await refused(client, **{"input_audio_echo_cancellation": TWO_CHANNELS, **session})
    assert error.code.endswith(code)


@pytest.mark.proves("rule.echo-of-text-only")
async def test_a_session_that_only_writes_has_no_echo(client):
    echo = {"type": "server_echo_cancellation"}
    error = await refused(client, modalities=["text"], input_audio_echo_cancellation=echo)
    assert error.code == "ec_not_supported"


@pytest.mark.proves("rule.echo-channels-fixed")
async def test_an_echo_reference_and_its_audio_stay_what_they_are(client):
    await client.configure(input_audio_echo_cancellation=TWO_CHANNELS)
    one = {"type": "server_echo_cancellation"}
    error = await refused(client, input_audio_echo_cancellation=one)
    assert error.code == "change_in_ec_channels_not_allowed"
    error = await refused(client, input_audio_echo_cancellation=TWO_CHANNELS, input_audio_sampling_rate=16000)
    assert error.param == "session.input_audio_sampling_rate"


# Tools


@pytest.mark.proves("rule.tool-members")
@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ({"name": "f"}, "type"),
        ({"type": "code_interpreter"}, "type"),
        ({"type": "function"}, "name"),
        ({"type": "function", "name": ""}, "name"),
        ({"type": "function", "name": "f", "parameters": "{}"}, "parameters"),
        ({"type": "mcp", "server_label": "s"}, "server_url"),
        (
            {"type": "mcp", "server_label": "s", "server_url": "u", "require_approval": "ask"},
            "require_approval",
        ),
        ({"type": "foundry_agent", "agent_name": "a"}, "project_name"),
    ],
)
async def test_a_tool_that_is_none_is_refused(client, tool, param):
    await client.send("session.update", session={"tools": [tool]})
    assert (await client.refused()).param == f"session.tools[0].{param}"
    await client.send("response.create", response={"tools": [tool]})
    assert (await client.refused()).param == f"response.tools[0].{param}"


@pytest.mark.proves("rule.tool-choice")
async def test_a_tool_is_chosen_by_mode_by_name_or_by_an_object(client):
    for choice in ("auto", "none", "required", "f", {"type": "function", "name": "f"}):
        assert (await client.configure(tool_choice=choice))["tool_choice"] == choice
    assert (await refused(client, tool_choice={"type": "function"})).param == "session.tool_choice.name"
    assert (await refused(client, tool_choice={"name": "f"})).param == "session.tool_choice.type"


# Avatars, versions


@pytest.mark.proves("rule.avatar-scene-changes")
async def test_of_an_avatar_only_the_scene_changes(start, join):
    avatar = {"type": "photo-avatar", "model": "vasa-1", "character": "anika", "output_protocol": "websocket"}
    client = await join(await start(), model="gpt-4.1", session={"avatar": avatar})
    await client.configure(avatar={**avatar, "scene": {"zoom": 1.2}})
    assert (await refused(client, avatar={**avatar, "character": "adam"})).param == "session.avatar"


@pytest.mark.proves("rule.version-contract")
@pytest.mark.parametrize(
    ("api_version", "session", "param"),
    [
        ("2025-10-01", {"reasoning_effort": "low"}, "session.reasoning_effort"),
        ("2026-01-01-preview", {"include": []}, "session.include"),
        ("2026-04-10", {"parallel_tool_calls": True}, "session.parallel_tool_calls"),
    ],
)
async def test_what_a_version_does_not_have_yet_is_refused(start, join, api_version, session, param):
    error = await refused_by(start, join, "gpt-5", api_version=api_version, **session)
    assert (error.code, error.param) == ("unknown_parameter", param)
    await accepted_by(start, join, "gpt-5", **session)
    await accepted_by(start, join, "gpt-5", api_version=api_version, strict=False, **session)
