"""Sections of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automap.report.charts import Chart


@dataclass(frozen=True)
class Picture:
    """An image of a report."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class Section:
    """A heading with what belongs to it."""

    id: str
    title: str
    text: str = ""
    charts: Sequence[Chart] = ()
    pictures: Sequence[Picture] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """A table of names and values."""
