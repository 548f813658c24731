"""Reading and writing durations such as ``20m`` and sizes such as ``512MB``."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
}


def parse_duration(value: Any) -> Any:
    """Read ``90s``, ``20m``, ``1h30m`` or a number of seconds.

    Raises:
        ValueError: if it is not a duration.
    """
    if not isinstance(value, str):
        return value
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhd])", value)
    if not parts or re.sub(r"\d+(?:\.\d+)?\s*[smhd]|\s", "", value):
        raise ValueError(f"expected a duration such as 90s, 20m or 2h; received '{value}'")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """Write seconds as ``45s``, ``3m 20s`` or ``2h 05m``."""
    if seconds < 60:
        return f"{seconds:.0f}s" if seconds >= 10 else f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def parse_size(value: Any) -> Any:
    """Read ``512MB`` or a number of bytes.

    Raises:
        ValueError: if it is not a size.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?B)\s*", value.upper())
    if not match:
        raise ValueError(f"expected a size such as 512MB or 2GiB; received '{value}'")
    return int(float(match[1]) * _BYTES[match[2]])


def format_size(size: float) -> str:
    """Write bytes as ``512 B``, ``3.4 MB`` or ``2.0 GB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


_DURATION = r"^\s*(\d+(\.\d+)?\s*[smhd]\s*)+$"

Duration = Annotated[
    float,
    Field(gt=0, le=3650 * 86_400, description="a time: 90s, 20m, 2h, or seconds; at most 3650d"),
    BeforeValidator(parse_duration, json_schema_input_type=float | Annotated[str, Field(pattern=_DURATION)]),
]
"""Seconds, written as a number or with a unit."""
