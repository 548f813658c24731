"""What a study takes from earlier ones: its place in a line of successors, and trials that its sampler learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, select

from automap.store.models import StudyTable
from automap.store.study_store import StudyStore
from automap.store.transactions import reading, writing


def newest_name(engine: Engine, name: str) -> str:
    """Return the name of the newest successor of a study; `name` itself if it has none."""
    seen = {name}
    with reading(engine) as session:
        while True:
            query = select(StudyTable.name).where(StudyTable.predecessor == name).order_by(StudyTable.id.desc())
            following = session.scalar(query.limit(1))
            # A damaged database could send us in circles.
            if following is None or following in seen:
                return name
            seen.add(name := following)


def set_evidence(store: StudyStore, evidence: Sequence[Mapping[str, Any]]) -> None:
    """Store the trials of earlier studies that the sampler learns from."""
    with writing(store.engine) as session:
        session.get_one(StudyTable, store.id).evidence = [dict(each) for each in evidence]


def get_evidence(store: StudyStore) -> list[dict[str, Any]]:
    """Return the trials of earlier studies that the sampler learns from."""
    with reading(store.engine) as session:
        found = session.scalar(select(StudyTable.evidence).where(StudyTable.id == store.id))
        return list(found or [])
