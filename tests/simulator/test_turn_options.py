"""Every option of turn detection changes what happens on the wire."""

import math

import pytest
from voice_live_client import SPOKEN, silence, tone

NATIVE, CASCADED = "gpt-realtime", "gpt-4.1"
BY_SOUND = ["server_vad", "azure_semantic_vad", "azure_semantic_vad_en", "azure_semantic_vad_multilingual"]
UNFINISHED = {"turns": [{"user": "I would like to", "say": "Yes?"}]}


async def positions(start, join, audio, *, model=CASCADED, scenario=None, language="en-US", **turn_detection):
    """Where the first turn in some audio begins and ends; None if there is none."""
    transcription = {"model": "azure-speech", "language": language}
    session = {"turn_detection": turn_detection, "input_audio_transcription": transcription}
    client = await join(await start(scenario), model=model, session=session)
    await client.append(audio, piece_bytes=48000)
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    started = client.of_type("input_audio_buffer.speech_started")
    stopped = client.of_type("input_audio_buffer.speech_stopped")
    return (
        started[0]["audio_start_ms"] if started else None,
        stopped[0]["audio_end_ms"] if stopped else None,
    )


TALK = silence(1600) + tone(800) + silence(1600)


@pytest.mark.parametrize("kind", BY_SOUND)
async def test_the_threshold_is_how_loud_speech_must_be(start, join, kind):
    soft = silence(800) + tone(800, amplitude=700) + silence(1000)  # -36 dBFS
    assert (await positions(start, join, soft, type=kind, threshold=0.1))[0] is not None
    assert (await positions(start, join, soft, type=kind, threshold=0.9))[0] is None


@pytest.mark.parametrize("kind", BY_SOUND)
async def test_the_padding_is_how_far_a_turn_reaches_back(start, join, kind):
    # The tone stands at 1600.
    assert (await positions(start, join, TALK, type=kind, prefix_padding_ms=160))[0] == 1440
    assert (await positions(start, join, TALK, type=kind, prefix_padding_ms=960))[0] == 640


@pytest.mark.parametrize("kind", BY_SOUND)
async def test_the_silence_is_how_long_a_turn_goes_on(start, join, kind):
    assert (await positions(start, join, TALK, type=kind, silence_duration_ms=208))[1] == 2608
    assert (await positions(start, join, TALK, type=kind, silence_duration_ms=960))[1] == 3360


@pytest.mark.parametrize("kind", BY_SOUND)
async def test_the_speech_duration_is_how_short_speech_may_be(start, join, kind):
    short = silence(800) + tone(320) + silence(800)
    assert (await positions(start, join, short, type=kind, speech_duration_ms=160))[0] is not None
    assert (await positions(start, join, short, type=kind, speech_duration_ms=480))[0] is None


async def test_server_vad_takes_longer_to_hear_speech_than_the_semantic_types(start, join):
    word = silence(800) + tone(144) + silence(800)
    assert (await positions(start, join, word, type="server_vad"))[0] is None
    assert (await positions(start, join, word, type="azure_semantic_vad"))[0] is not None


@pytest.mark.proves("rule.eagerness")
@pytest.mark.parametrize(
    ("eagerness", "waits_ms"), [("high", 2000), ("medium", 4000), ("auto", 4000), ("low", 8000)]
)
async def test_eagerness_is_how_long_semantic_vad_waits_for_the_rest(start, join, eagerness, waits_ms):
    audio = silence(800) + tone(800) + silence(9000)
    options = {"type": "semantic_vad", "eagerness": eagerness}
    if eagerness == "medium":
        del options["eagerness"]
    asked = {"model": NATIVE, "scenario": UNFINISHED}
    assert (await positions(start, join, audio, **asked, **options))[1] == 1600 + 16 * math.ceil(
        (500 + waits_ms) / 16
    )
    complete = {"turns": [{"user": "I would like tea.", "say": "Yes?"}]}
    assert (await positions(start, join, audio, model=NATIVE, scenario=complete, **options))[1] == 2112


@pytest.mark.proves("rule.end-of-utterance")
@pytest.mark.parametrize("kind", BY_SOUND)
async def test_words_that_want_more_are_waited_for(start, join, kind):
    audio = silence(800) + tone(800) + silence(3000)
    end = {"model": "semantic_detection_v1", "timeout_ms": 1100}
    asked = {"type": kind, "end_of_utterance_detection": end}
    assert (await positions(start, join, audio, scenario=UNFINISHED, **asked))[1] == 3200
    assert (await positions(start, join, audio, scenario=UNFINISHED, type=kind))[1] == 2112


@pytest.mark.parametrize(("level", "end_ms"), [("low", 2112), ("default", 2112), ("high", 3104)])
async def test_the_threshold_level_is_how_easily_words_want_more(start, join, level, end_ms):
    scenario = {"turns": [{"user": "Send it to Lisbon", "say": "Sent."}]}
    end = {"model": "semantic_detection_v1", "threshold_level": level}
    audio = silence(800) + tone(800) + silence(3000)
    asked = {"type": "azure_semantic_vad", "end_of_utterance_detection": end}
    assert (await positions(start, join, audio, scenario=scenario, **asked))[1] == end_ms


@pytest.mark.proves("rule.semantic-languages")
@pytest.mark.parametrize(
    ("kind", "languages", "waits"),
    [
        ("azure_semantic_vad", None, False),
        ("azure_semantic_vad", ["de"], True),
        ("azure_semantic_vad_multilingual", None, True),
        ("azure_semantic_vad_multilingual", ["fr-FR", "en"], False),
    ],
)
async def test_words_count_in_the_languages_that_are_understood(start, join, kind, languages, waits):
    scenario = {"turns": [{"user": "Ich hätte gern,", "say": "Ja?"}]}
    end = {"model": "semantic_detection_v1_multilingual"}
    audio = silence(800) + tone(800) + silence(3000)
    asked = {"type": kind, "end_of_utterance_detection": end}
    if languages:
        asked["languages"] = languages
    found = await positions(start, join, audio, scenario=scenario, language="de-DE", **asked)
    assert found[1] == (3104 if waits else 2112)


STORY = {
    "turns": [
        {"user": "Tell me a story", "say": "Once upon a time there was a very long story without any end."},
        {"user": "Uh, yeah.", "say": "Sorry?"},
    ]
}


async def interrupted(start, join, kind, **turn_detection):
    """A session whose answer was being played when the caller spoke."""
    simulator = await start(STORY, speed=1)
    client = await join(
        simulator, model=CASCADED, session={"turn_detection": {"type": kind, **turn_detection}}
    )
    await client.type("Tell me a story")
    await client.send("response.create")
    await client.until("response.audio.delta")
    await client.append(SPOKEN)
    return simulator, client


@pytest.mark.proves("rule.fillers")
@pytest.mark.parametrize("kind", BY_SOUND[1:])
async def test_fillers_do_not_interrupt_if_they_are_removed(start, join, kind):
    _, client = await interrupted(start, join, kind, remove_filler_words=True)
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")
    assert "input_audio_buffer.speech_started" not in client.types()
    _, client = await interrupted(start, join, kind)
    await client.until("input_audio_buffer.speech_started")


@pytest.mark.proves("rule.appended-text")
@pytest.mark.parametrize("kind", BY_SOUND[1:])
async def test_what_was_cut_off_is_replaced_by_the_appended_text(start, join, kind):
    simulator, client = await interrupted(
        start, join, kind, auto_truncate=True, appended_text_after_truncation="[interrupted]"
    )
    item_id = (await client.until("conversation.item.truncated"))["item_id"]
    await client.send("conversation.item.retrieve", item_id=item_id)
    item = (await client.until("conversation.item.retrieved"))["item"]
    assert item["content"][0]["transcript"].endswith("[interrupted]")
    heard = simulator.sessions[0].heard_text(item_id)
    assert item["content"][0]["transcript"] == f"{heard} [interrupted]".strip()


@pytest.mark.parametrize("kind", [*BY_SOUND, "semantic_vad"])
async def test_a_turn_is_answered_unless_no_response_is_to_be_created(start, join, kind):
    for creates in (True, False):
        detection = {"type": kind, "create_response": creates}
        client = await join(await start(), model=NATIVE, session={"turn_detection": detection})
        await client.append(SPOKEN)
        await client.until("conversation.item.created")
        await client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        assert ("response.created" in client.types()) is creates
