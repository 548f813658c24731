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
"""Fields of a feature, one of which it has."""


class DamagedFile(Exception):  # noqa: N818
    """A file that is no TFRecord file or holds no examples; the text says where and why."""


def read_examples(path: Path) -> Iterator[dict[str, list[Value]]]:
    """Yield the features of each example by name; files compressed with gzip are read too.

    Args:
        path: the file.

    Raises:
        DamagedFile: if its records are damaged or cut, or are no examples.
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if compressed else file
        try:
            for start, content in _records(stream):
                yield _features(content, start)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedFile(str(error)) from None


def _records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    start = 0
    while head := file.read(12):
        # Only the check of the length is verified: a wrong one leads anywhere, while a damaged image shows by itself.
        if len(head) < 12 or _CHECK.unpack_from(head, 8)[0] != _masked_crc(head[:8]):
            raise DamagedFile(f"no record begins at byte {start}")
        (length,) = _LENGTH.unpack_from(head)
        content = file.read(length)
        if len(content) < length or len(file.read(4)) < 4:
            raise DamagedFile(f"the record at byte {start} is cut short")
        yield start, content
        start += 16 + length


def _features(content: bytes, start: int) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    try:
        for number, features in _fields(content):
            for _, entry in _fields(_bytes(features)) if number == 1 else ():
                parts = dict(_fields(_bytes(entry)))
                found[_bytes(parts[1]).decode()] = _values(_bytes(parts.get(2, b"")))
    except (IndexError, KeyError, TypeError, ValueError, struct.error):
        raise DamagedFile(f"the record at byte {start} is no tf.train.Example") from None
    return found


def _values(feature: bytes) -> list[Value]:
    found: list[Value] = []
    for kind, values in _fields(feature):
        for _, value in _fields(_bytes(values)):
            if kind == _BYTES:
                found.append(_bytes(value))
            elif kind == _FLOATS:
                found += [number for (number,) in struct.iter_unpack("<f", _bytes(value))]
            else:
                found += _varints(value) if isinstance(value, bytes) else [_signed(value)]
    return found


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Yield number and content of each field of a message; a float stays as its bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
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
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _varints(packed: bytes) -> list[Value]:
    found: list[Value] = []
    place = 0
    while place < len(packed):
        value, place = _varint(packed, place)
        found.append(_signed(value))
    return found


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
