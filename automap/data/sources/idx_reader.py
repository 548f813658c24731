"""IDX files, the format of MNIST (http://yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from automap.data.sources.files import regular_file
from automap.exceptions import DataError
from automap.interfaces.array import Array

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""NumPy's types by their code in the header."""
MAX_DIMENSIONS = 4
MAX_RATIO = 200
"""Times its compressed size that an array may take; images compress less."""
SMALL_BYTES = 2**26
"""Size up to which any ratio is fine."""


def read_idx(path: Path, field: str = "path") -> Array:
    """Return the array in an IDX file, plain or compressed with gzip.

    Args:
        path: the file.
        field: of the data set, which an error names.

    Raises:
        DataError: if the file is missing, is not an IDX file, is cut, or would take far more memory than its size.
    """
    size = regular_file(path, field).st_size
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=file)) if compressed else file
            return _read(stream, MAX_RATIO * size if compressed else size)
    except (OSError, EOFError, ValueError, MemoryError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or "damaged"
        raise DataError(f"dataset.{field}: {path} cannot be read as an IDX file: {reason}") from None


def _read(stream: IO[bytes], most: int) -> Array:
    """Return the array of a stream, if it takes at most so many bytes."""
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= MAX_DIMENSIONS:
        raise ValueError("no IDX header")
    sizes = stream.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise ValueError("cut within its header")
    shape = struct.unpack(f">{head[3]}I", sizes)
    dtype = np.dtype(_TYPES[head[2]])
    expected = math.prod(shape) * dtype.itemsize
    if expected > max(SMALL_BYTES, most):
        raise ValueError(f"its header states {expected / 1e9:.1f} GB, far more than the file holds")
    content = stream.read(expected)
    if len(content) < expected:
        raise ValueError(f"cut: {len(content):,} of {expected:,} bytes")
    if stream.read(1):
        raise ValueError(f"more than the {expected:,} bytes that its header states")
    return np.frombuffer(content, dtype).reshape(shape)
