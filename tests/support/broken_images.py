"""Images and other bytes that a hostile client may send."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image


def broken_images() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents: truncated, damaged, bombs, and files of other kinds."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 30, 3)).astype(np.uint8))
    for format_ in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM"):
        whole = encoded(picture, format_)
        for share in (0.02, 0.3, 0.9):
            yield f"{format_} cut at {share:.0%}", whole[: max(1, int(len(whole) * share))]
        for seed in range(6):
            yield f"{format_} damaged {seed}", _damaged(whole, seed)
    yield "png of 2 gigapixels", png_header(50_000, 40_000)
    yield "png without pixels", png_header(0, 0)
    yield "png whose pixels expand a thousandfold", png_bomb(9000)
    yield "npy that claims a terabyte", _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (400000, 400000)}")
    yield "npy of pickled objects", _npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}") + b"cos\nsystem\n."
    yield "npy whose header is code", _npy("__import__('os').system('true')")
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    yield "html", b"<!doctype html><script>alert(1)</script>"
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nquit\n"
    yield "zip", b"PK\x03\x04" + bytes(100)
    yield "zeros", bytes(10_000)
    yield "one byte", b"\x89"


def encoded(picture: Image.Image, format_: str) -> bytes:
    """Return an image in a format."""
    file = io.BytesIO()
    picture.save(file, format_)
    return file.getvalue()


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that says it is large, without pixels."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IEND", b"")
    )


def png_bomb(side: int) -> bytes:
    """Return a valid black PNG whose pixels take a thousand times its size."""
    pixels = zlib.compress(bytes((side + 1) * side), 9)
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _npy(header: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n"


def _damaged(content: bytes, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    changed = bytearray(content)
    for at in random.integers(0, len(changed), 8):
        changed[at] = random.integers(0, 256)
    return bytes(changed)
