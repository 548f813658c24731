"""Damaged files of all kinds give a reason, never a crash."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from automap.data.decode.errors import BadImage
from automap.data.decode.header import image_header
from automap.data.decode.image import decode

COLOUR = Image.fromarray(astronaut()[200:248, 200:264])
SHAPE = (32, 32, 3)


def files():
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = [("PNG", {}), ("JPEG", {"exif": exif}), ("WEBP", {}), ("GIF", {}), ("TIFF", {}), ("BMP", {}), ("PPM", {})]
    kinds += [("AVIF", {}), ("JPEG2000", {}), ("DDS", {}), ("TIFF", {"compression": "tiff_deflate"})]
    for kind, options in kinds:
        buffer = io.BytesIO()
        COLOUR.save(buffer, kind, **options)
        yield buffer.getvalue()


FILES = list(files())


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.booleans()), max_size=8),
    st.floats(0, 1),
)
def test_a_damaged_file_is_a_picture_or_has_a_reason(content, changes, kept):
    damaged = bytearray(content[: max(1, int(len(content) * max(kept, 0.02)))])
    for place, value, in_header in changes:
        damaged[int(place * min(len(damaged), 64 if in_header else len(damaged)))] = value
    header = image_header(bytes(damaged))
    assert header is None or len(header) == 3
    try:
        assert decode(bytes(damaged), SHAPE, "pad").shape == SHAPE
    except BadImage as error:
        # Known reasons only: a summary counts by reason.
        reason = str(error).split(" (")[0]
        assert reason in {
            *("truncated", "damaged", "not an image", "too large", "zero bytes"),
            *("wrong number of channels", "not the shape of an image"),
        }


@pytest.mark.parametrize("content", FILES)
def test_every_kind_of_intact_file_is_read(content):
    height, width, channels = image_header(content)
    assert (channels, {height, width}) == (3, {48, 64})
    found = decode(content, (height, width, 3), "pad").astype(float)
    assert abs(found.mean() - np.asarray(COLOUR).mean()) < 3
    assert found.std() == pytest.approx(np.asarray(COLOUR).std(), rel=0.1)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.zeros((8, 8)), "pixels of type float64, but the value range is unknown"),
        (np.full((8, 8), "a"), "pixels are not numbers"),
        (np.zeros(8, np.uint8), "not the shape of an image"),
        (np.zeros((8, 8, 2), np.uint8), r"wrong number of channels \(2 instead of 3\)"),
        (np.zeros((0, 8), np.uint8), "not the shape of an image"),
    ],
)
def test_pixels_of_a_plugin_that_are_none_have_a_reason(pixels, reason):
    with pytest.raises(BadImage, match=reason):
        decode(pixels, SHAPE, "pad")
    assert image_header(np.zeros(8, np.uint8)) is None


def test_exif_that_is_damaged_does_not_lose_the_picture():
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 1
    COLOUR.save(buffer, "JPEG", exif=exif, quality=95)
    content = buffer.getvalue()
    at = content.index(b"Exif\0\0") + 6
    broken = content[:at] + b"\xff" * 8 + content[at + 8 :]
    assert np.abs(decode(broken, (48, 64, 3), "pad").astype(int) - np.asarray(COLOUR)).mean() < 6
