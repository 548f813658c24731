"""Large images are decoded within bounded memory, one at a time, or refused."""

import io
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from automap.data.decode.errors import BadImage
from automap.data.decode.files import DECODE_BYTES, bytes_per_pixel, open_picture
from automap.data.decode.image import LARGE_PIXELS, _reduced, _to_mode, decode, decode_record
from automap.data.prepare import prepare
from automap.data.sources.folder import Folder
from automap.data.summary import summarise
from automap.exceptions import DataError
from automap.interfaces.data_info import ImageInfo

WIDTH, HEIGHT = 15_700, 12_800  # 201 megapixels, as phones make them.

PEAK = """
import resource, sys
from pathlib import Path
from automap.data.decode.image import decode_record
from automap.interfaces.data_info import ImageInfo

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
info = ImageInfo(shape=(224, 224, int(sys.argv[2])), bit_depth=int(sys.argv[3]))
decode_record(Path(sys.argv[1]), info)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def save(path, mode, **options):
    """Write a picture of 201 megapixels that compresses well, without holding it several times."""
    if mode == "I;16":
        picture = Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint16))
    else:
        picture = Image.new(mode, (WIDTH, HEIGHT), 90)
    picture.save(path, **options)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "options", "channels", "depth", "each"),
    [
        ("RGB", {"format": "PNG", "compress_level": 1}, 3, 8, 5),
        ("RGBA", {"format": "PNG", "compress_level": 1}, 3, 8, 5),
        ("P", {"format": "PNG", "compress_level": 1}, 3, 8, 1.5),
        ("I;16", {"format": "PNG", "compress_level": 1}, 1, 16, 6),
        ("RGB", {"format": "JPEG", "quality": 50}, 3, 8, 0.5),
        ("RGB", {"format": "JPEG", "quality": 50, "progressive": True}, 3, 8, 7),
    ],
    ids=["png", "transparent png", "palette png", "16-bit png", "jpeg", "progressive jpeg"],
)
def test_a_200_megapixel_image_stays_within_the_memory_limit(tmp_path, mode, options, channels, depth, each):
    path = save(tmp_path / "large", mode, **options)
    command = [sys.executable, "-c", PEAK, path, str(channels), str(depth)]
    taken = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(taken.stdout) * 1024 < each * WIDTH * HEIGHT + 100e6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA"])
@pytest.mark.parametrize("resize", ["pad", "stretch"])
def test_strips_equal_the_whole_image(mode, resize):
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 256, (2047, 2900, 3), np.uint8)).convert(mode)
    assert picture.width * picture.height > 2**22
    found = decode(_png(picture), (64, 90, 3), resize)
    size = (90, 64) if resize == "stretch" else (90, round(2047 * 90 / 2900))
    expected = np.asarray(_to_mode(picture, 3).resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0))
    np.testing.assert_array_equal(found[: size[1]], expected)
    assert _reduced(picture, 3, picture.size, size)[1] != (1, 1)


def _png(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def test_bad_samples_above_the_limit_are_refused_and_counted(tmp_path):
    for name in "ab":
        (tmp_path / "d" / name).mkdir(parents=True)
        for index in range(9):
            Image.new("L", (16, 16), index * 9).save(tmp_path / "d" / name / f"{index}.png")
    for index, side in enumerate((17_400, 18_000, 19_000)):
        Image.new("1", (side, side)).save(tmp_path / "d" / "a" / f"large{index}.png")
    Image.new("1", (31_000, 8)).save(tmp_path / "d" / "b" / "long.png")
    with pytest.raises(DataError, match=r"4 × too large\. For example: a/large0.png \(17400×17400 pixels; at most 300"):
        prepare(Folder(path=tmp_path / "d"), cache=tmp_path / "cache")
    summary = summarise(prepare(Folder(path=tmp_path / "d", max_bad=0.5), cache=tmp_path / "cache"))
    assert summary.bad == {"too large": 4}
    assert "b/long.png: 31000×8 pixels; at most 30,000 a side" in summary.bad_examples["too large"]


def test_images_of_250_megapixels_of_every_usual_kind_are_within_the_budget(tmp_path):
    for kind, options in (("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("TIFF", {}), ("BMP", {})):
        buffer = io.BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, kind, **options)
        assert 250e6 * bytes_per_pixel(open_picture(buffer.getvalue())) < DECODE_BYTES


def test_large_images_are_decoded_one_at_a_time(monkeypatch):
    from automap.data.decode import image

    class Lock:
        taken = 0

        def __enter__(self):
            self.taken += 1

        def __exit__(self, *_):
            pass

    lock = Lock()
    monkeypatch.setattr(image, "_turn", lock)
    decode(np.zeros((64, 64), np.uint8), (8, 8, 1), "pad")
    assert lock.taken == 0
    side = int(LARGE_PIXELS**0.5) + 1
    decode(np.zeros((side, side), np.uint8), (8, 8, 1), "pad")
    assert lock.taken == 1


EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 10 10
%%EndComments
(ran) (w) file closefile
showpage
%%EOF
"""


@pytest.mark.parametrize("content", [EPS, b"\xc5\xd0\xd3\xc6" + bytes(28) + EPS], ids=["eps", "binary eps"])
def test_a_postscript_file_named_as_an_image_starts_no_other_program(tmp_path, monkeypatch, content):
    started = tmp_path / "started"
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {started}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BadImage, match="not an image"):
        decode_record(tmp_path / "a.png", ImageInfo(shape=(8, 8, 3)))
    assert not started.exists()


BOMB = """
import resource, sys
from automap.data.decode.errors import BadImage
from automap.data.decode.image import decode_record
from automap.interfaces.data_info import ImageInfo
from pathlib import Path

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode_record(Path(sys.argv[1]), ImageInfo(shape=(64, 64, 5), bit_depth=16))
except BadImage as error:
    print(error.reason, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_tiff_that_decompresses_to_much_more_than_its_size_is_refused(tmp_path):
    path = tmp_path / "bomb.tif"
    tifffile.imwrite(
        path, np.zeros((64, 64, 5), np.uint16), photometric="minisblack", planarconfig="contig", compression="zlib"
    )
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(2**24)) for _ in range(30)) + packer.flush()
    offset = path.stat().st_size
    with path.open("ab") as file:
        file.write(bomb)
    with tifffile.TiffFile(path, mode="r+b") as opened:
        tags = opened.pages.first.tags
        tags["StripOffsets"].overwrite(offset)
        tags["StripByteCounts"].overwrite(len(bomb))
    done = subprocess.run([sys.executable, "-c", BOMB, path], capture_output=True, text=True, check=True)
    reason, taken = done.stdout.split()
    assert reason == "damaged"
    assert int(taken) < 300_000
