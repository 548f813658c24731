"""Decoding realistic image files."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, camera

from automap.data.decode.errors import BadImage
from automap.data.decode.header import image_header
from automap.data.decode.image import decode

COLOUR = Image.fromarray(astronaut()[:64, 100:196])  # 96 wide, 64 high
GREY = Image.fromarray(camera()[:64, 100:196])
SHAPE = (64, 96, 3)


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def close(found: np.ndarray, expected: Image.Image, tolerance: float = 12.0) -> bool:
    return float(np.abs(found.astype(float) - np.asarray(expected, float).reshape(found.shape)).mean()) < tolerance


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(COLOUR, "PNG"), COLOUR),
        (encoded(COLOUR, "JPEG", quality=95), COLOUR),
        (encoded(COLOUR, "WEBP", lossless=True), COLOUR),
        (encoded(COLOUR, "BMP"), COLOUR),
        (encoded(COLOUR, "TIFF"), COLOUR),
        (encoded(COLOUR.quantize(256), "PNG"), COLOUR),
        (encoded(COLOUR.quantize(256), "GIF"), COLOUR),
        (encoded(COLOUR.convert("CMYK"), "JPEG", quality=95), COLOUR),
        (encoded(GREY, "PNG"), GREY.convert("RGB")),
        (encoded(GREY, "JPEG", quality=95), GREY.convert("RGB")),
        (encoded(Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257), "PNG"), GREY.convert("RGB")),
        (encoded(Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257), "TIFF"), GREY.convert("RGB")),
    ],
    ids=["png", "jpeg", "webp", "bmp", "tiff", "palette", "gif", "cmyk", "grey", "grey jpeg", "16 bit", "16 bit tiff"],
)
def test_every_kind_of_file_shows_the_same_picture(data, expected):
    assert close(decode(data, SHAPE, "pad"), expected)


def test_16_bit_images_are_scaled_by_the_full_range():
    for top in (200, 40_000, 65_535):
        grey = np.linspace(0, top, 64 * 96).reshape(64, 96).astype(np.uint16)
        found = decode(encoded(Image.fromarray(grey), "PNG"), (64, 96, 1), "pad")
        np.testing.assert_array_equal(found[..., 0], (grey / 257).round())


def test_large_photographs_are_decoded_at_a_lower_size_with_the_same_result():
    large = Image.fromarray(astronaut()).resize((2048, 2048), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    for options in ({}, {"exif": exif}):
        found = decode(encoded(large, "JPEG", quality=95, **options), (64, 64, 3), "crop")
        upright = large.transpose(Image.Transpose.ROTATE_270) if options else large
        assert close(found, upright.resize((64, 64), Image.Resampling.BILINEAR), 2)


def test_transparency_is_laid_on_white():
    picture = COLOUR.copy()
    picture.putalpha(0)
    assert decode(encoded(picture, "PNG"), SHAPE, "pad").min() == 255
    palette = COLOUR.quantize(16)
    palette.info["transparency"] = palette.getpixel((0, 0))
    corner = decode(encoded(palette, "PNG", transparency=palette.getpixel((0, 0))), SHAPE, "pad")[0, 0]
    assert corner.tolist() == [255, 255, 255]


@pytest.mark.parametrize(("orientation", "turn"), [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90)])
def test_the_orientation_of_exif_is_applied(orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(COLOUR.transpose(turn), "JPEG", exif=exif, quality=95)
    assert image_header(data)[:2] == (64, 96)
    assert close(decode(data, SHAPE, "pad"), COLOUR)


def test_of_an_animation_the_first_frame_is_taken():
    data = encoded(COLOUR, "GIF", save_all=True, append_images=[GREY.convert("RGB")] * 2, duration=50)
    assert close(decode(data, SHAPE, "pad"), COLOUR, 20)


def test_the_ways_to_fit_a_picture():
    square = (64, 64, 3)
    padded, cropped, stretched = (decode(encoded(COLOUR, "PNG"), square, how) for how in ("pad", "crop", "stretch"))
    assert padded[:8].max() == 0
    assert padded[30].max() > 0
    assert close(cropped, COLOUR.crop((16, 0, 80, 64)), 1)
    assert close(stretched, COLOUR.resize((64, 64)), 6)


def test_grey_records_have_one_channel():
    assert decode(encoded(COLOUR, "PNG"), (64, 96, 1), "pad").shape == (64, 96, 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "zero bytes"),
        (b"just some text, not an image", "not an image"),
        (encoded(COLOUR, "JPEG")[:900], "truncated"),
        (encoded(COLOUR, "PNG")[:2000], "truncated"),
        (encoded(Image.new("1", (31_000, 8)), "PNG"), "too large"),
        (encoded(Image.new("1", (20_000, 20_000)), "PNG"), "too large"),
    ],
)
def test_unusable_samples_have_a_reason(data, reason):
    with pytest.raises(BadImage, match=reason):
        decode(data, SHAPE, "pad")
