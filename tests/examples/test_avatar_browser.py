"""The page of examples/avatar_browser in a real browser: it must show a face that moves."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "avatar_browser"
CHROMIUM = next(
    (path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/google-chrome")) if path.exists()), None
)
async_api = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

PIXELS = """
() => {
  const video = document.getElementById("video");
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  return Array.from(pixels.filter((_, index) => index % 41 === 0));
}
"""
STATE = "document.getElementById('state').textContent"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def moved(before, now):
    return sum(abs(a - b) > 25 for a, b in zip(before, now, strict=True)) > 5


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.proves("feature.avatar-relay", "feature.avatar-in-browser")
async def test_the_page_shows_an_avatar_that_speaks_and_answers():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AZURE_")}
    example = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLE,
        str(free_port()),
        str(free_port()),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(20):
            address = (await example.stdout.readline()).decode().split()[-1]
        async with async_api.async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=["--use-fake-ui-for-media-stream", "--no-sandbox"]
            )
            page = await browser.new_page()
            await page.goto(address)
            await page.click("#start")
            await page.wait_for_function(f"{STATE} === 'speaking'", timeout=20_000)
            await page.wait_for_function("document.getElementById('video').videoWidth > 0")
            size = await page.evaluate("[video.videoWidth, video.videoHeight]")
            assert size == [640, 360]
            began_s = await page.evaluate("video.currentTime")
            first = await page.evaluate(PIXELS)
            await page.wait_for_function(f"video.currentTime > {began_s + 0.5}")
            assert max(first) - min(first) > 60  # not one flat colour
            async with asyncio.timeout(20):
                while not moved(first, await page.evaluate(PIXELS)):
                    await page.wait_for_timeout(50)
            await page.wait_for_function(f"{STATE} === 'idle'", timeout=20_000)
            await page.click("#ask button")
            await page.wait_for_function(
                "document.getElementById('said').textContent.includes('Lisbon')", timeout=20_000
            )
            if picture := os.environ.get("VOICELIVE_PICTURES"):
                await page.screenshot(path=f"{picture}/avatar_browser.png")
            await browser.close()
        async with asyncio.timeout(10):  # the page has gone, and so does the bot
            assert await example.wait() == 0
    finally:
        if example.returncode is None:
            example.kill()
            await example.wait()
