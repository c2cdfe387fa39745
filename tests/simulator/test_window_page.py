"""The simulator's page in a real browser, while a real client talks."""

import os
import re
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from voice_live_client import SPOKEN

CHROMIUM = next(
    (path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/google-chrome")) if path.exists()), None
)
async_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

HOSTILE = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>&lt;b&gt;"
SCENARIO = {
    "turns": [
        {"user": "Hello", "say": "Good morning"},
        {"user": HOSTILE, "say": f"You said {HOSTILE}"},
        {"user": "Weather?", "call": {"name": "get_weather", "arguments": {"city": "Lisbon"}}, "then": "Sun"},
    ]
}
TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
SESSION = {"input_audio_transcription": {"model": "whisper-1"}, "tools": [TOOL]}


@asynccontextmanager
async def browsed(simulator, **options):
    """The page, and what it complains of."""
    async with async_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = await browser.new_page(**options)
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(simulator.page)
        yield page
        await browser.close()
        assert complaints == []


async def sees(page, selector, text):
    """Wait until an element of this kind holds a text."""
    await page.locator(selector, has_text=text).first.wait_for(state="attached", timeout=8000)


async def test_a_conversation_is_seen_while_it_goes_on(start, join):
    simulator = await start(SCENARIO)
    async with browsed(simulator, viewport={"width": 1400, "height": 1000}) as page:
        await sees(page, "#variables", simulator.endpoint)
        client = await join(simulator, session=SESSION)
        await sees(page, "#title", "Session 1, gpt-realtime")
        await client.append(SPOKEN, piece_bytes=960)
        await client.until("response.done")
        await sees(page, ".line.from-caller", "Hello")
        await sees(page, ".line.from-bot", "Good morning")
        await sees(page, ".piece.caller", "Hello")
        await sees(page, ".piece.bot", "Good morning")
        await client.send("response.cancel")
        await sees(page, ".line.from-error", "response_cancel_not_active")
        await sees(page, ".mark.bad", "response_cancel_not_active")
        await client.socket.close()
        await sees(page, "#sessions", "over, 1000")


async def test_a_bar_is_as_long_as_its_speech(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    await client.append(SPOKEN, piece_bytes=960)
    await client.until("response.done")
    audio = client.of_type("response.audio.delta")
    async with browsed(simulator) as page:
        await sees(page, "#wire", "response.done")
        await sees(page, ".piece.bot", "Good morning")
        width = await page.evaluate("parseFloat(document.querySelector('.piece.bot').style.width)")
    seconds = sum(len(event["delta"]) * 3 // 4 for event in audio) / 48000
    assert width == pytest.approx(seconds * 90, rel=0.02)


async def test_the_wire_can_be_filtered_and_an_event_be_opened_without_its_audio(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    await client.append(SPOKEN, piece_bytes=960)
    await client.until("response.done")
    async with browsed(simulator) as page:
        await sees(page, "#wire", "response.done")
        await page.fill("#filter", "input_audio_buffer.append")
        shown = page.locator(".event:visible")
        assert {"input_audio_buffer.append"} == set(await shown.locator("span").all_inner_texts())
        await shown.first.locator("button").click()
        assert re.search(r'"audio": "\(\d+ bytes\)"', await shown.first.locator("pre").inner_text())
        await page.fill("#filter", "")
        await page.uncheck("#server")
        assert await page.locator(".event.from-server:visible").count() == 0


async def test_nothing_from_the_wire_is_markup(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    simulator.sessions[0].expect_transcript(HOSTILE)
    await client.append(SPOKEN)
    await client.until("response.done")
    await client.send("response.create", event_id=HOSTILE, response={"instructions": HOSTILE})
    await client.send(f"{HOSTILE}.delta", delta=HOSTILE)
    await client.until("error")
    async with browsed(simulator) as page:
        await page.check("#pieces")
        await sees(page, ".line.from-caller", HOSTILE)
        await sees(page, ".line.from-bot", HOSTILE)
        await sees(page, ".piece", HOSTILE)
        await sees(page, ".event", HOSTILE)
        for row in await page.locator(".event:visible > button").all():
            await row.click()
        assert await page.locator("img, #session script, #session b b").count() == 0
        assert await page.evaluate("window.hacked") is None


async def test_a_person_speaks_as_the_caller_and_closes_the_session(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    async with browsed(simulator, viewport={"width": 400, "height": 900}) as page:
        await sees(page, "#title", "Session 1")
        await page.fill("#say", "Weather?")
        await page.press("#say", "Enter")
        await client.until("response.done")
        await sees(page, ".line.from-tool", "get_weather")
        await sees(page, "#done", "Speak: done.")
        await page.fill("#expect", "...")
        await page.press("#expect", "Enter")
        await page.locator("#done.failed").wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 400
        await page.click("#close")
        await sees(page, "#title", "over")
        await client.socket.wait_closed()
        assert client.socket.close_code == 1000


async def test_a_fault_that_is_injected_from_the_page_reaches_the_client(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    async with browsed(simulator) as page:
        await sees(page, "#title", "Session 1")
        await page.fill("#fault", "dorp")
        await page.press("#fault", "Enter")
        await page.locator("#done.failed", has_text="drop").wait_for()
        await page.fill("#fault", 'close 1011 "Out of order." at response.created')
        await page.press("#fault", "Enter")
        await sees(page, "#done", "Inject: done.")
        await client.type("Hello")
        await client.send("response.create")
        await client.socket.wait_closed()
        assert (client.socket.close_code, client.socket.close_reason) == (1011, "Out of order.")
        await sees(page, "#talk", "goes wrong: close 1011")
        await sees(page, "#sessions", "over, 1011")


async def test_what_a_person_did_is_answered_in_view_and_marked_once(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    async with browsed(simulator, viewport={"width": 1400, "height": 900}) as page:
        await sees(page, "#title", "Session 1")
        await page.fill("#say", "Hello")
        await page.press("#say", "Enter")
        await client.until("response.done")
        for fault, answer in (("send-unknown", "Inject: done."), ("dorp", "did you mean 'drop'?")):
            await page.fill("#fault", fault)
            await page.press("#fault", "Enter")
            await sees(page, "#done", answer)
            assert await page.evaluate("document.querySelector('#done').getBoundingClientRect().bottom < 900")
        await sees(page, ".mark", "goes wrong: send-unknown")
        marks = await page.locator(".mark").all_inner_texts()
    assert marks == ["the caller is to say: Hello", "goes wrong: send-unknown"]


async def test_many_sessions_have_room_on_a_narrow_screen(start, join):
    simulator = await start(SCENARIO)
    for _ in range(3):
        await (await join(simulator)).socket.close()
    async with browsed(simulator, viewport={"width": 400, "height": 900}) as page:
        await sees(page, "#sessions button:nth-child(3)", "over, 1000")
        cut = "tab => tab.scrollWidth > tab.clientWidth || getComputedStyle(tab, '::before').width !== '8px'"
        assert (
            await page.evaluate(f"[...document.querySelectorAll('#sessions button')].filter({cut}).length")
            == 0
        )


async def test_events_that_make_no_sense_are_seen_and_those_after_them(start, join):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    odd = [{"item": {"content": "text"}}, {"item": {"content": [None, 3]}}, {"item": 3}, {"error": 3}]
    for members in odd:
        await client.send("odd", **members)
        await client.until("error")
    for kind in ("response.done", "error", "response.output_item.done", "response.audio.delta"):
        await client.send(kind, response=3, item=3, error="x", delta={"a": 1})
        await client.until("error")
    await client.append(SPOKEN)
    await client.until("response.done")
    async with browsed(simulator) as page:
        await sees(page, ".line.from-bot", "Good morning")
        await sees(page, "#wire", "odd")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_can_be_read_in_light_and_in_dark(start, join, scheme):
    simulator = await start(SCENARIO)
    client = await join(simulator, session=SESSION)
    await client.append(SPOKEN)
    await client.until("response.done")
    async with browsed(simulator, color_scheme=scheme) as page:
        await sees(page, ".line.from-bot", "Good morning")
        colours = await page.evaluate(
            """() => ['.line p', '.line.from-bot b', '.line.from-caller b', '.event em', '.piece.bot']
                .map(selector => getComputedStyle(document.querySelector(selector)).color)
                .map(colour => colour.match(/\\d+/g).map(Number))"""
        )
        if picture := os.environ.get("VOICELIVE_PICTURES"):
            await page.screenshot(path=f"{picture}/simulator_{scheme}.png")
    brightness = [sum(colour[:3]) / 3 for colour in colours]
    assert all(value > 130 if scheme == "dark" else value < 110 for value in brightness), brightness


async def test_the_page_of_a_simulator_with_a_key_asks_for_it(start, join):
    simulator = await start(SCENARIO, api_key="right")
    async with browsed(simulator) as page:
        await sees(page, "#state", "connected")
        assert "right" not in page.url
        await page.evaluate("sessionStorage.clear()")
        await page.reload()
        await sees(page, "#state", "needs its key")
        await page.fill("#key", "right")
        await page.press("#key", "Enter")
        await page.locator("#state.on").wait_for()
