"""Reading NPZ files that may be damaged."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np

from automap.store.atomic import first_line, require_file

Arrays = dict[str, np.ndarray[Any, Any]]


def read_arrays(source: Path | IO[bytes], *expected: str) -> Arrays:
    """Return the arrays of an NPZ file; each has a checksum.

    Args:
        source: the file.
        *expected: names of arrays that it must have.

    Raises:
        FileNotFoundError: if it does not exist.
        ValueError: if it is not a regular file, is damaged or lacks an array.
    """
    if isinstance(source, Path):
        source.lstat()
        require_file(source)
    try:
        with np.load(source, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # NumPy, zipfile and zlib raise arbitrary errors on damaged files.
        raise ValueError(f"damaged: {first_line(error)}") from error
    if missing := [name for name in expected if name not in arrays]:
        raise ValueError(f"damaged: it has no array '{missing[0]}'")
    return arrays
