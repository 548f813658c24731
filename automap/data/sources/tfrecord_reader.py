"""``tf.train.Example`` in TFRecord files, read without TensorFlow.

The driver must not import TensorFlow, and other packages' copies of its protocol buffers cannot be loaded beside it in
a worker. Both formats are small and frozen: https://www.tensorflow.org/tutorials/load_data/tfrecord and
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias, cast

Value: TypeAlias = bytes | int | float

_LENGTH, _CHECK = struct.Struct("<Q"), struct.Struct("<I")
_VARINT, _EIGHT_BYTES, _MESSAGE, _FOUR_BYTES = 0, 1, 2, 5
"""Protocol buffers' wire types."""
_BYTES, _FLOATS, _INTEGERS = 1, 2, 3
"""Fields of a feature; it has one of them."""


class DamagedFile(Exception):  # noqa: N818
    """A file is not a TFRecord file or does not hold examples; the text says where and why."""


MAX_RECORD = 2**28
"""Most bytes of a record."""
MAX_RATIO = 100
"""Times its compressed size that a file may take; images compress less."""
MAX_FIELDS = 100_000
"""Most fields of a message."""
SMALL_BYTES = 2**26
"""Size up to which any ratio is fine."""


def read_examples(path: Path) -> Iterator[dict[str, bytes]]:
    """Yield the features of each example by name, not yet decoded (see `first_value`); gzip files are read too.

    Args:
        path: the file.

    Raises:
        DamagedFile: if its records are damaged, cut or absurdly large, or are not examples.
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if compressed else file
        try:
            for start, content in _records(stream):
                if compressed and start > max(SMALL_BYTES, MAX_RATIO * file.tell()):
                    raise DamagedFile(f"it takes more than {MAX_RATIO} times its compressed size")
                yield _features(content, start)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedFile(str(error)) from None


def _records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    start = 0
    while head := file.read(12):
        # Only the check of the length is verified: a wrong one leads anywhere, while a damaged image shows by itself.
        if len(head) < 12 or _CHECK.unpack_from(head, 8)[0] != _masked_crc(head[:8]):
            raise DamagedFile(f"no record starts at byte {start}")
        (length,) = _LENGTH.unpack_from(head)
        if length > MAX_RECORD:
            raise DamagedFile(f"the record at byte {start} has {length:,} bytes; at most {MAX_RECORD:,} are read")
        content = file.read(length)
        if len(content) < length or len(file.read(4)) < 4:
            raise DamagedFile(f"the record at byte {start} is cut short")
        yield start, content
        start += 16 + length


def first_value(feature: bytes) -> Value | None:
    """Return the first value of a feature; None if it has none.

    Raises:
        DamagedFile: if it is damaged.
    """
    try:
        for kind, values in _fields(feature):
            for _, value in _fields(_bytes(values)):
                if kind == _BYTES:
                    return _bytes(value)
                if kind == _FLOATS:
                    return cast(float, struct.unpack_from("<f", _bytes(value))[0])
                return _signed(_varint(value, 0)[0] if isinstance(value, bytes) else value)
    except (IndexError, TypeError, ValueError, struct.error):
        raise DamagedFile("a feature is damaged") from None
    return None


def _features(content: bytes, start: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        for number, features in _fields(content):
            for _, entry in _fields(_bytes(features)) if number == 1 else ():
                parts = dict(_fields(_bytes(entry)))
                found[_bytes(parts[1]).decode()] = _bytes(parts.get(2, b""))
    except (IndexError, KeyError, TypeError, ValueError, struct.error):
        raise DamagedFile(f"the record at byte {start} is not a tf.train.Example") from None
    return found


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield number and content of each field of a message; a float stays as its bytes."""
    place = count = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind, count = key & 7, count + 1
        if not key >> 3 or count > MAX_FIELDS:
            raise ValueError("a field without a number, or too many fields")
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if kind not in {_EIGHT_BYTES, _MESSAGE, _FOUR_BYTES}:
            raise ValueError(f"wire type {kind}")
        length, place = _varint(message, place) if kind == _MESSAGE else (8 if kind == _EIGHT_BYTES else 4, place)
        if place + length > len(message):
            raise ValueError(f"a field of {length} bytes is cut short")
        yield key >> 3, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise TypeError("a number where a message was expected")
    return value


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)  # CRC-32C, reflected.
        table.append(value)
    return table


_CRC = _crc_table()


def _masked_crc(content: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in content:
        value = value >> 8 ^ _CRC[(value ^ byte) & 255]
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
