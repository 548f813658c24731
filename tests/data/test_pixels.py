"""Pixels of any bit depth and number of channels: stored values and value ranges."""

import io
import os

import numpy as np
import pytest
import tifffile
from PIL import Image
from support.images import digits

from automap import DataError
from automap.data.decode.errors import BadImage
from automap.data.decode.header import read_header
from automap.data.decode.image import decode_record
from automap.data.decode.mask import read_mask
from automap.data.prepare import prepare
from automap.data.sources.csv import Csv
from automap.data.sources.folder import Folder
from automap.data.sources.npz import Npz
from automap.data.sources.pairs import Pairs
from automap.data.summary import summarise
from automap.interfaces.data_info import ImageInfo

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 65536, (24, 40), np.uint16)
COLOUR = RANDOM.integers(0, 65536, (24, 40, 3), np.uint16)
BANDS = RANDOM.integers(0, 65536, (24, 40, 5), np.uint16)


def deep(shape, **fields):
    return ImageInfo(shape=shape, bit_depth=16, **fields)


def tiff(values, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def npy(values) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def png(values, colour_type) -> bytes:
    """Encode 16-bit values with every filter that PNG has, by hand: no package of ours writes them."""
    import struct
    import zlib

    height, width, channels = values.shape
    rows = values.astype(">u2").tobytes()
    size, step = width * channels * 2, channels * 2
    above, lines = bytes(size), []
    for number in range(height):
        row = rows[number * size : (number + 1) * size]
        kind = number % 5
        line = bytearray([kind])
        for place, value in enumerate(row):
            left, corner = (row[place - step], above[place - step]) if place >= step else (0, 0)
            up = above[place]
            guess = min((left, up, corner), key=lambda each, total=left + up - corner: abs(total - each))
            line.append((value - (0, left, up, (left + up) // 2, guess)[kind]) % 256)
        lines.append(bytes(line))
        above = row

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(GREY[..., None], 0), GREY[..., None]),
        (png(COLOUR, 2), COLOUR),
        (tiff(GREY), GREY[..., None]),
        (tiff(GREY, byteorder=">"), GREY[..., None]),
        (tiff(COLOUR, photometric="rgb"), COLOUR),
        (tiff(COLOUR, photometric="rgb", compression="zlib", predictor=True), COLOUR),
        (tiff(np.moveaxis(COLOUR, -1, 0), photometric="rgb", planarconfig="separate"), COLOUR),
        (tiff(BANDS, photometric="minisblack", planarconfig="contig"), BANDS),
        (tiff(np.moveaxis(BANDS, -1, 0), photometric="minisblack"), BANDS),
        (tiff(BANDS, photometric="minisblack"), BANDS),
        (npy(GREY), GREY[..., None]),
        (npy(BANDS), BANDS),
        (npy(np.asfortranarray(BANDS)), BANDS),
        (npy(BANDS.astype(">u2")), BANDS),
        (npy(np.moveaxis(BANDS, -1, 0)), BANDS),
        (BANDS, BANDS),
    ],
    ids=[
        "png",
        "colour png",
        "tiff",
        "big-endian tiff",
        "colour tiff",
        "deflated tiff",
        "planar tiff",
        "bands",
        "pages",
        "rows as pages",
        "npy",
        "npy bands",
        "fortran npy",
        "big-endian npy",
        "npy channels first",
        "array",
    ],
)
def test_sixteen_bits_are_kept_exactly(content, expected):
    header = read_header(content)
    assert tuple(header) == (*expected.shape, "uint16")
    found = decode_record(content, deep(expected.shape))
    np.testing.assert_array_equal(found.pixels, expected)
    assert (found.pixels.dtype, found.clipped) == (np.uint16, 0)


def test_transparency_of_sixteen_bits_is_laid_on_white():
    alpha = np.full((24, 40, 1), 65535, np.uint16)
    alpha[:, :20] = 0
    laid = np.where(alpha, COLOUR, np.uint16(65535))
    found = decode_record(png(np.concatenate([COLOUR, alpha], axis=-1), 6), deep((24, 40, 3)))
    np.testing.assert_array_equal(found.pixels, laid)
    grey = decode_record(png(np.concatenate([GREY[..., None], alpha], axis=-1), 4), deep((24, 40, 1)))
    np.testing.assert_allclose(grey.pixels, np.where(alpha, GREY[..., None], np.uint16(65535)), atol=1)


def test_grey_pages_are_channels_and_of_colour_pages_the_first_is_used():
    small = (BANDS // 257).astype(np.uint8)
    pages = decode_record(tiff(np.moveaxis(small, -1, 0), photometric="minisblack"), ImageInfo(shape=small.shape))
    np.testing.assert_array_equal(pages.pixels, small)
    colours = np.stack([small[..., :3], small[..., 1:4]])
    first = decode_record(tiff(colours, photometric="rgb"), ImageInfo(shape=(24, 40, 3)))
    np.testing.assert_array_equal(first.pixels, colours[0])


def test_orientation_applies_to_deep_images_as_to_others():
    tags = [(274, 3, 1, 6, True)]
    content = tiff(BANDS, photometric="minisblack", planarconfig="contig", extratags=tags)
    upright = decode_record(content, deep((40, 24, 5)))
    np.testing.assert_array_equal(upright.pixels, np.rot90(BANDS, -1))
    assert upright.geometry.orientation == 6


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(16, 16), (9, 50), (60, 60), (4, 4)])
def test_deep_images_are_fitted_as_8_bit_images_are(resize, size):
    ramp = np.add.outer(np.arange(70), np.arange(90)).astype(np.uint8)
    shallow = decode_record(ramp, ImageInfo(shape=(*size, 1), resize=resize))
    wide = decode_record(ramp.astype(np.uint16) * 257, deep((*size, 1), resize=resize))
    assert wide.geometry == shallow.geometry
    np.testing.assert_allclose(wide.pixels / 257, shallow.pixels, atol=1.5)


@pytest.mark.parametrize(
    ("content", "shape", "reason"),
    [
        (npy(BANDS), (24, 40, 3), r"wrong number of channels \(5 instead of 3\)"),
        (npy(BANDS)[:2000], (24, 40, 5), "truncated"),
        (npy(np.array(["a"])), (24, 40, 1), "pixels are not numbers"),
        (npy(np.zeros((2, 3, 4, 5))), (24, 40, 1), "not the shape of an image"),
        (npy(GREY.astype(np.float32)), (24, 40, 1), "pixels of type float32, but the value range is unknown"),
        (tiff(BANDS, photometric="minisblack")[:1500], (24, 40, 5), "damaged|truncated"),
    ],
)
def test_unstorable_targets_have_a_reason(content, shape, reason):
    with pytest.raises(BadImage, match=reason):
        decode_record(content, deep(shape))


def test_values_that_are_not_finite_make_a_bad_image():
    values = np.zeros((8, 8), np.float32)
    values[3, 3] = np.nan
    with pytest.raises(BadImage, match="pixels are not finite"):
        decode_record(values, deep((8, 8, 1), source_range=(0.0, 1.0)))


def write_tiffs(folder, values_of, each=12):
    """Write digits as TIFF files, a folder for each of three classes."""
    images, targets = digits()
    for digit in range(3):
        (folder / str(digit)).mkdir(parents=True)
        for index in np.flatnonzero(targets == digit)[:each]:
            tifffile.imwrite(folder / str(digit) / f"{index}.tif", values_of(images[index]))
    return folder


def test_a_scan_of_12_bits_keeps_its_contrast(tmp_path):
    folder = write_tiffs(tmp_path / "d", lambda image: image.astype(np.uint16) * 16)
    data = prepare(Folder(path=folder), cache=tmp_path / "cache")
    image = data.info.image
    assert (image.bit_depth, image.shape, image.source_range) == (16, (8, 8, 1), None)
    assert image.display_range == (0, 4080)
    pixels = data.images(data.splits["train"])
    assert pixels.dtype == np.uint16
    assert pixels.max() == 4080
    np.testing.assert_allclose(image.mean, pixels.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(image.std, pixels.std(axis=(0, 1, 2)), rtol=1e-12)
    assert data.input_bytes == 128


def test_statistics_of_16_bits_are_exact_beyond_64_bits(tmp_path):
    # Two values that differ by one at the upper end: squares as floats would lose their variance.
    x = np.full((4000, 64, 64), 65534, np.uint16)
    x[::2] = 65535
    x[0, 0, 0], x[1, 0, 0] = 7, 9
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(4000) % 2)
    data = prepare(Npz(path=tmp_path / "a.npz", image_size=64), cache=tmp_path / "cache")
    train = data.images(data.splits["train"]).astype(np.int64)
    count, total, squares = train.size, int(train.sum()), int((train - 65534).__pow__(2).sum())
    offset = total - 65534 * count
    assert data.info.image.mean[0] == pytest.approx(total / count, rel=1e-15)
    assert data.info.image.std[0] == pytest.approx(((squares - offset**2 / count) / count) ** 0.5, rel=1e-12)


def test_8_bits_that_are_asked_for_span_the_values_of_the_data_set(tmp_path):
    folder = write_tiffs(tmp_path / "d", lambda image: image.astype(np.uint16) * 8 + 1000)
    data = prepare(Folder(path=folder, bit_depth=8), cache=tmp_path / "cache")
    assert (data.info.image.bit_depth, data.info.image.source_range) == (8, (1000, 3040))
    pixels = data.images(np.arange(len(data.targets)))
    assert (pixels.dtype, pixels.min(), pixels.max()) == (np.uint8, 0, 255)


@pytest.mark.parametrize(
    ("scale", "depth", "source_range"),
    [
        (lambda x: x / 255, 8, (0, 1)),
        (lambda x: x / 255 * 1.0001, 8, (0, 1.0001)),
        (lambda x: x.astype(float), 8, (0, 255)),
        (lambda x: x.astype(np.int64), 8, (0, 255)),
        (lambda x: (x / 255).astype(np.float32) ** 2, 16, (0, 1)),
        (lambda x: x / 255 * 2 - 1, 16, (-1, 1)),
        (lambda x: x.astype(np.int16) * 16 - 1024, 16, (-1024, 3056)),
        (lambda x: x.astype(np.int32) * 1000, 8, (0, 255000)),
    ],
    ids=["unit", "a little above 1", "float", "int64", "squared", "signed", "hounsfield", "int32"],
)
def test_arrays_have_one_range_that_is_found(tmp_path, scale, depth, source_range):
    images, targets = digits()
    np.savez(tmp_path / "a.npz", x=scale(images[:200]), y=targets[:200])
    data = prepare(Npz(path=tmp_path / "a.npz"), cache=tmp_path / "cache")
    assert data.info.image.bit_depth == depth
    assert data.info.image.source_range == pytest.approx(source_range)
    pixels = data.images(np.arange(200))[..., 0]
    if depth == 8:
        np.testing.assert_array_equal(pixels, images[:200])
    else:
        assert pixels.max() == 65535
        values = scale(images[:200]).astype(float)
        low, high = source_range
        np.testing.assert_allclose(pixels, (values - low) / (high - low) * 65535, atol=1.5)
    assert data.clipped == (0, 0)


def test_values_outside_of_a_declared_range_are_clipped_and_counted(tmp_path):
    images, targets = digits()
    np.savez(tmp_path / "a.npz", x=images[:100] / 255 * 2, y=targets[:100])
    data = prepare(Npz(path=tmp_path / "a.npz", value_range=(0, 1)), cache=tmp_path / "cache")
    over = images[:100] / 255 * 2 > 1
    assert data.clipped == (over.sum(), over.any(axis=(1, 2)).sum())
    summary = summarise(data)
    assert (summary.value_range, summary.clipped_values) == ((0, 1), over.sum())
    assert any(f"{over.sum():,} values in {over.any(axis=(1, 2)).sum():,} images" in each for each in summary.warnings)


def test_float_tiffs_share_one_range(tmp_path):
    folder = write_tiffs(tmp_path / "d", lambda image: (image / 255 * 3.7).astype(np.float32))
    data = prepare(Folder(path=folder), cache=tmp_path / "cache")
    assert data.info.image.source_range == pytest.approx((0, 3.7))
    dark = write_tiffs(tmp_path / "e", lambda image: (image / 255 * 0.4).astype(np.float32))
    tifffile.imwrite(dark / "0" / "bright.tif", np.full((8, 8), 40, np.float32))
    mixed = prepare(Folder(path=dark), cache=tmp_path / "cache")
    assert mixed.info.image.source_range == pytest.approx((0, 40))
    bright = [name.endswith("bright.tif") for name in mixed.names]
    pixels = mixed.images(np.arange(len(bright)))
    assert pixels[np.array(bright)].min() == 65535
    assert pixels[~np.array(bright)].max() == round(0.4 / 40 * 65535)


def test_a_range_for_images_that_need_none_is_refused(tmp_path):
    folder = tmp_path / "d"
    for name in "ab":
        (folder / name).mkdir(parents=True)
        for index in range(4):
            Image.fromarray(RANDOM.integers(0, 256, (8, 8), np.uint8)).save(folder / name / f"{index}.png")
    with pytest.raises(DataError, match="value_range: it applies to images with floats or more than 8 bits"):
        prepare(Folder(path=folder, value_range=(0, 1)), cache=tmp_path / "cache")
    with pytest.raises(ValueError, match=r"expected \[low, high\] with low below high; received \[1, 0\]"):
        Folder(path=folder, value_range=(1, 0))
    widened = prepare(Folder(path=folder, bit_depth=16), cache=tmp_path / "cache")
    narrow = prepare(Folder(path=folder), cache=tmp_path / "cache")
    records = np.arange(8)
    np.testing.assert_array_equal(widened.images(records), narrow.images(records).astype(np.uint16) * 257)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(30, 300)], (30, 300)),
        ([(300, 30)], (300, 30)),
        ([(30, 300), (32, 280), (28, 320)], (30, 300)),
        ([(20, 5000)], (8, 512)),
        ([(1000, 3000)], (129, 388)),
        ([(375, 500)], (224, 224)),
        ([(200, 150)], (200, 150)),
        ([(30, 50), (60, 40)], (32, 32)),
    ],
)
def test_records_of_elongated_images_keep_their_aspect(tmp_path, sizes, expected):
    for name in "ab":
        (tmp_path / "d" / name).mkdir(parents=True)
        for index in range(6):
            pixels = RANDOM.integers(0, 256, sizes[index % len(sizes)], np.uint8)
            Image.fromarray(pixels).save(tmp_path / "d" / name / f"{index}.png")
    assert prepare(Folder(path=tmp_path / "d"), cache=tmp_path / "cache").info.image.shape == (*expected, 1)


def test_npy_files_are_images_in_folders_and_tables(tmp_path):
    lines = ["image,label"]
    for index in range(12):
        label = "ab"[index % 2]
        (tmp_path / "d" / label).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "d" / label / f"{index}.npy", RANDOM.integers(0, 4096, (16, 12, 5), np.uint16))
        lines.append(f"d/{label}/{index}.npy,{label}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    for dataset in (Folder(path=tmp_path / "d"), Csv(path=tmp_path / "t.csv")):
        data = prepare(dataset, cache=tmp_path / "cache")
        assert (data.info.image.shape, data.info.image.bit_depth) == ((16, 12, 5), 16)
        assert len(data.info.image.mean) == 5


def test_pipes_and_devices_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    for path in (tmp_path / "a.png", tmp_path):
        with pytest.raises(BadImage, match="not a regular file"):
            decode_record(path, ImageInfo(shape=(8, 8, 1)))
        assert read_header(path) is None


@pytest.mark.parametrize(
    "content",
    [
        npy(np.arange(80, dtype=np.int64).reshape(8, 10)),
        tiff(np.arange(80, dtype=np.uint16).reshape(8, 10)),
        png(np.arange(80, dtype=np.uint16).reshape(8, 10, 1), 0),
    ],
    ids=["whole numbers", "16-bit tiff", "16-bit png"],
)
def test_masks_may_be_arrays_and_deep_images(content):
    np.testing.assert_array_equal(read_mask(content), np.arange(80).reshape(8, 10))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full((8, 8), 0.5), "not an array of class indices"),
        (np.full((8, 8), 256), "values above 255"),
        (np.zeros((8, 8, 3), np.uint16), "not an array of class indices"),
    ],
)
def test_arrays_that_are_not_masks_have_a_reason(values, reason):
    with pytest.raises(BadImage, match=reason):
        read_mask(npy(values))


def test_images_and_their_target_images_share_one_range(tmp_path):
    for name in ("inputs", "targets"):
        (tmp_path / name).mkdir()
    for index in range(8):
        bright = RANDOM.integers(100, 4000, (32, 32), np.uint16)
        tifffile.imwrite(tmp_path / "inputs" / f"{index}.tif", bright // 2)
        tifffile.imwrite(tmp_path / "targets" / f"{index}.tif", bright)
    data = prepare(Pairs(path=tmp_path), cache=tmp_path / "cache")
    low, high = data.info.image.source_range
    assert low < 100
    assert high > 3900
    records = np.arange(8)
    np.testing.assert_allclose(data.targets[records], 2.0 * data.images(records) + low * 255 / (high - low), atol=3)
