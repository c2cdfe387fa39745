"""Images made fit to be sent: small enough, the right side up, or told why not."""

import base64
import io

import pytest
from PIL import Image

from pipecat_voicelive import ConfigurationError, ImageInput
from pipecat_voicelive.protocol.images import MAX_IMAGE_BYTES
from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.service.context import items_of
from pipecat_voicelive.service.pictures import Pictures, encoded

SMALL = ImageInput(max_bytes=16 * 1024, max_side_px=256)


def noise(width, height, mode="RGB"):
    return Image.effect_noise((width, height), 90).convert(mode)


def file_of(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format=form, **options)
    return buffer.getvalue()


def uri(file, mime="image/png"):
    return f"data:{mime};base64,{base64.b64encode(file).decode()}"


def opened(url):
    assert url.startswith("data:image/jpeg;base64,")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def showing(url, **options):
    return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, **options}}]}


def test_pixels_become_a_jpeg_of_the_size_they_have():
    image = Image.new("RGB", (64, 48), (200, 20, 20))
    shown = opened(encoded(image.tobytes(), image.size, "RGB", ImageInput()))
    assert shown.size == (64, 48)
    assert shown.getpixel((30, 30))[0] > 180


def test_large_pixels_are_scaled_down_in_proportion():
    image = Image.new("RGB", (2000, 1000), "blue")
    assert opened(encoded(image.tobytes(), image.size, "RGB", ImageInput())).size == (1024, 512)


def test_what_is_transparent_is_shown_white():
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    assert min(opened(encoded(image.tobytes(), image.size, "RGBA", ImageInput())).getpixel((5, 5))) > 250


def test_what_will_not_compress_loses_quality_and_then_size_until_it_fits():
    image = noise(256, 256)
    url = encoded(image.tobytes(), image.size, "RGB", SMALL)
    assert len(base64.b64decode(url.partition(",")[2])) <= SMALL.max_bytes


def test_pixels_that_do_not_fit_their_size_are_told_without_being_shown():
    with pytest.raises(ConfigurationError, match="10 bytes are no image of 64 by 48 pixels, format RGB"):
        encoded(b"0123456789", (64, 48), "RGB", ImageInput())


@pytest.mark.parametrize(
    "options",
    [
        {"video_fps": -1},
        {"video_fps": 30},
        {"video_frames_kept": 0},
        {"max_side_px": 0},
        {"max_bytes": 10},
        {"max_bytes": MAX_IMAGE_BYTES + 1},
    ],
)
def test_options_that_cannot_be_used_are_refused_by_name(options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        ImageInput(**options)


async def test_a_file_that_is_small_enough_is_sent_as_it_is():
    url = uri(file_of(noise(16, 16)))
    pictures = Pictures(ImageInput())
    assert pictures.are_ready([showing(url)])
    (item,) = items_of(showing(url))
    assert pictures.fit(item).content[0].image_url == url


async def test_a_file_that_is_too_large_is_made_smaller_once():
    message = showing(uri(file_of(noise(400, 400))))
    pictures = Pictures(SMALL)
    assert not pictures.are_ready([message])
    assert await pictures.prepare([message]) == []
    assert pictures.are_ready([message])
    (item,) = items_of(message)
    shown = opened(pictures.fit(item).content[0].image_url)
    assert max(shown.size) <= 256
    assert pictures.fit(item) == pictures.fit(item)


async def test_a_photograph_that_was_taken_sideways_is_shown_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    message = showing(uri(file_of(noise(800, 400), "JPEG", quality=95, exif=exif), "image/jpeg"))
    pictures = Pictures(SMALL)
    await pictures.prepare([message])
    (item,) = items_of(message)
    width, height = opened(pictures.fit(item).content[0].image_url).size
    assert width < height


@pytest.mark.parametrize("url", [uri(bytes(40_000)), "data:image/png;base64," + "!" * 40_000])
async def test_a_large_file_that_is_no_image_leaves_a_note_and_is_told(url):
    message = showing(url)
    pictures = Pictures(SMALL)
    (problem,) = await pictures.prepare([message])
    assert "image" in str(problem)
    assert "AAAA" not in str(problem)
    (item,) = items_of(message)
    assert pictures.fit(item).content == [
        ItemContent(type="input_text", text="(an image that cannot be shown)")
    ]
    assert await pictures.prepare([message]) == []  # told once


@pytest.mark.parametrize("url", ["file:///etc/passwd", "photo.jpg", ""])
def test_what_is_no_address_of_an_image_leaves_a_note(url):
    item = ConversationItem(
        type="message", role="user", content=[ItemContent(type="input_image", image_url=url)]
    )
    assert Pictures(ImageInput()).fit(item).content[0].type == "input_text"


def test_an_address_on_the_web_is_left_to_the_service():
    (item,) = items_of(showing("https://example.com/cat.jpg"))
    assert Pictures(ImageInput()).fit(item).content[0].image_url == "https://example.com/cat.jpg"


def test_how_closely_to_look_is_what_the_message_says_or_else_the_option():
    pictures = Pictures(ImageInput(detail="low"))
    details = [
        pictures.fit(items_of(message)[0]).content[0].detail
        for message in (showing("https://a/b", detail="high"), showing("https://a/b"))
    ]
    assert details == ["high", "low"]


def as_file(kind, mime_type, **source):
    return {"type": kind, "file": {"filename": "", "mime_type": mime_type, **source}}


def test_files_that_are_images_are_shown():
    by_url = as_file("file_url", "image/png", url="https://a/b.png")
    whole = as_file("file_base64", "image/png", file_data="data:image/png;base64,AA==")
    paper = as_file("file_base64", "application/pdf", file_data="data:application/pdf;base64,AA==")
    (item,) = items_of({"role": "user", "content": [by_url, whole, paper]})
    assert [part.image_url for part in item.content] == ["https://a/b.png", "data:image/png;base64,AA=="]
