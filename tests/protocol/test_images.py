"""Images as parts of a message."""

import base64

import pytest

from pipecat_voicelive.errors import ConfigurationError
from pipecat_voicelive.protocol.images import MAX_IMAGE_BYTES, image_part

JPEG = b"\xff\xd8\xff\xe0rest"


@pytest.mark.parametrize(
    ("file", "mime"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF1234WEBPrest", "image/webp"),
    ],
)
def test_a_file_becomes_a_data_uri_of_its_kind(file, mime):
    part = image_part(file, "low")
    assert (part.type, part.detail) == ("input_image", "low")
    assert part.image_url == f"data:{mime};base64,{base64.b64encode(file).decode()}"


@pytest.mark.parametrize("url", ["https://example.com/a.jpg", "data:image/png;base64,AA=="])
def test_an_address_is_sent_as_it_is(url):
    assert image_part(url).image_url == url


@pytest.mark.parametrize("image", [b"BM rest", b"", "cat.jpg", "data:text/plain,cat"])
def test_what_is_no_image_is_refused(image):
    with pytest.raises(ConfigurationError):
        image_part(image)


@pytest.mark.parametrize(
    "image",
    [JPEG + bytes(MAX_IMAGE_BYTES), "data:image/png;base64," + "A" * (MAX_IMAGE_BYTES * 4 // 3 + 10)],
)
def test_an_image_that_is_too_large_is_refused_with_what_to_do(image):
    with pytest.raises(ConfigurationError, match="Scale it down"):
        image_part(image)
