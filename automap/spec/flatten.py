"""Nested plain data as paths and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flatten(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path, such as ``augmentation[0].alpha``, and the value of everything in nested plain data.

    Lists without mappings are values.

    Args:
        data: mappings, lists and values.
        path: where the data is.
    """
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from flatten(value, f"{path}.{key}" if path else str(key))
    elif isinstance(data, list) and any(isinstance(item, Mapping) for item in data):
        for index, item in enumerate(data):
            yield from flatten(item, f"{path}[{index}]")
    else:
        yield path, data
