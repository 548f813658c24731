"""The records of one study."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine


@dataclass(frozen=True)
class StudyStore:
    """The records of one study in a database; the functions of the store read and write them."""

    engine: Engine
    id: int
    """The study's id."""
