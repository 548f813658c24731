"""Studies and their budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Update, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from automap.interfaces.metric import sign_of
from automap.spec.objectives import Objective
from automap.store.clock import as_datetime, database_now
from automap.store.errors import damage_named
from automap.store.models import ResultTable, RunTable, StudyTable
from automap.store.runs import TRIAL_KINDS
from automap.store.study_store import StudyStore
from automap.store.transactions import changed_rows, reading, writing

MAX_TICK_SECONDS = 10.0
"""A longer gap between two ticks means that no search was running; it is not counted."""


EARLIER_VERSION = "earlier-version:"
"""What the fingerprint of a study's data begins with if its images were decoded by an earlier version of automap."""


@dataclass(frozen=True)
class StudyRow:
    """A study as the database holds it."""

    id: int
    name: str
    spec_text: str
    """As the user wrote it, without passwords."""
    spec: dict[str, Any]
    """Resolved."""
    objectives: tuple[Objective, ...]
    data_fingerprint: str
    environment: dict[str, Any]
    run_directory: str
    trial_budget: int | None
    time_budget: float | None
    """Seconds."""
    seconds_used: float
    slots_taken: int
    """Number of started trials."""
    rungs: tuple[int, ...] | None
    """Training images at which trials are compared; None until the first trial has measured its pace."""
    created_at: datetime
    predecessor: str | None = None
    """The study of an earlier version of the spec from which this one took its first trials."""


@dataclass(frozen=True)
class NewStudy:
    """A study to be created."""

    name: str
    """Unique in the database."""
    spec_text: str
    """The spec as the user wrote it."""
    spec: dict[str, Any]
    """Resolved."""
    objectives: list[dict[str, Any]]
    """``metric`` and ``direction`` of each."""
    data_fingerprint: str
    """Of the data, its decoding and its splits."""
    environment: dict[str, Any]
    """Versions and devices."""
    run_directory: str
    """Folder or URL of the artifacts."""
    trial_budget: int | None = None
    """Largest number of trials; None for no limit."""
    time_budget: float | None = None
    """Seconds; None for no limit."""
    predecessor: str | None = None
    """See `StudyRow`."""


@dataclass(frozen=True)
class StudySummary:
    """A study in a list of many."""

    id: int
    name: str
    objectives: tuple[Objective, ...]
    created_at: datetime
    counts: dict[str, int]
    """Number of trials by final state, of finalists' runs under ``final``, and of ``running`` and ``waiting`` runs."""
    best: float | None
    """The best value of the first objective among complete trials."""
    predecessor: str | None = None
    """See `StudyRow`."""


def create_study(engine: Engine, new: NewStudy) -> tuple[StudyRow, bool]:
    """Create a study; if another process has just created it, return that one.

    Returns:
        The study, and whether this call has created it.
    """
    values = {**vars(new), "created_at": database_now()}
    try:
        with writing(engine) as session:
            session.execute(insert(StudyTable).values(values))
        created = True
    except IntegrityError:
        if find_study(engine, new.name) is None:
            raise
        created = False
    found = find_study(engine, new.name)
    if found is None:
        raise LookupError(f"study '{new.name}' was deleted while it was being created")
    return found, created


def find_study(engine: Engine, name: str) -> StudyRow | None:
    """Return the study of a name, or None."""
    with reading(engine) as session:
        row = session.scalar(select(StudyTable).where(StudyTable.name == name))
        return None if row is None else _study_row(row)


def get_study(store: StudyStore) -> StudyRow:
    """Return a study that exists.

    Raises:
        LookupError: if it does not.
    """
    with reading(store.engine) as session:
        row = session.get(StudyTable, store.id)
        if row is None:
            raise LookupError(f"no study has the id {store.id}")
        return _study_row(row)


def list_studies(engine: Engine) -> list[StudySummary]:
    """Return all studies from the oldest to the newest; three queries, whatever their number."""
    with reading(engine) as session:
        named = (StudyTable.id, StudyTable.name, StudyTable.predecessor)
        studies = session.execute(
            select(*named, StudyTable.objectives, StudyTable.created_at).order_by(StudyTable.id)
        ).all()
        results = session.execute(_RESULT_COUNTS).all()
        open_runs = session.execute(_OPEN_RUN_COUNTS).all()
    counts: dict[int, dict[str, int]] = {}
    ends: dict[int, tuple[float | None, float | None]] = {}
    for study_id, kind, state, number, lowest, highest in results:
        of_study = counts.setdefault(study_id, {})
        if kind not in TRIAL_KINDS:
            continue
        name = "final" if kind == "final" else state
        of_study[name] = of_study.get(name, 0) + number
        if kind == "search" and state == "complete":
            ends[study_id] = (lowest, highest)
    for study_id, state, number in open_runs:
        counts.setdefault(study_id, {})[state] = number
    with damage_named(engine.url):
        return [_summary(row, counts.get(row.id, {}), ends.get(row.id, (None, None))) for row in studies]


def delete_study(store: StudyStore) -> None:
    """Delete a study with its runs and results."""
    with writing(store.engine) as session:
        session.execute(delete(StudyTable).where(StudyTable.id == store.id))


def update_spec(store: StudyStore, *, spec_text: str, spec: Mapping[str, Any]) -> None:
    """Store the current spec of a study that is resumed."""
    with writing(store.engine) as session:
        session.execute(_of(store.id).values(spec_text=spec_text, spec=dict(spec)))


def set_budget(store: StudyStore, *, trial_budget: int | None, time_budget: float | None) -> None:
    """Set the largest number of trials and seconds; None for no limit."""
    with writing(store.engine) as session:
        session.execute(_of(store.id).values(trial_budget=trial_budget, time_budget=time_budget))


def fix_rungs(store: StudyStore, rungs: Sequence[int]) -> tuple[int, ...]:
    """Set the rungs of a study that has none yet; return the rungs that it has now."""
    with writing(store.engine) as session:
        # Whoever comes second finds the first one's rungs: this locks the row, and SQLite is locked as a whole.
        row = session.get_one(StudyTable, store.id, with_for_update=True)
        if row.rungs is None:
            row.rungs = list(rungs)
        return tuple(row.rungs)


def take_slot(store: StudyStore) -> bool:
    """Take one trial from the budget; safe with any number of processes at once.

    Returns:
        Whether one was left.
    """
    left = or_(StudyTable.trial_budget.is_(None), StudyTable.slots_taken < StudyTable.trial_budget)
    with writing(store.engine) as session:
        taken = _of(store.id).where(left).values(slots_taken=StudyTable.slots_taken + 1)
        return changed_rows(session, taken) == 1


def correct_slots(store: StudyStore, *, taken: int, started: int) -> bool:
    """Return trials to the budget that were taken and never started because their workers died.

    Args:
        store: the study's records.
        taken: number of taken trials that the caller has read; if it has changed since, nothing happens.
        started: number of trials that exist.

    Returns:
        Whether the budget was corrected.
    """
    with writing(store.engine) as session:
        lost = _of(store.id).where(StudyTable.slots_taken == taken)
        return changed_rows(session, lost.values(slots_taken=started)) == 1


def tick(store: StudyStore, unseen: float = 0.0) -> None:
    """Add the time since the last tick to the time that a study has used.

    Every driver of a search calls this about once a second. With several drivers, time is counted once; time during
    which no driver was running, or the machine was asleep, is not counted.

    Args:
        store: the study's records.
        unseen: seconds to add if no driver was running: what the caller did before its first tick.
    """
    gap = database_now() - StudyTable.ticked_at
    counted = case((and_(gap > 0, gap <= MAX_TICK_SECONDS), gap), else_=unseen)
    with writing(store.engine) as session:
        session.execute(
            _of(store.id).ordered_values(
                (StudyTable.seconds_used, StudyTable.seconds_used + counted),
                # Last: in MySQL, an assignment sees the values that earlier ones have set.
                (StudyTable.ticked_at, database_now()),
            )
        )


_RESULT_COUNTS = select(
    ResultTable.study_id,
    ResultTable.kind,
    ResultTable.state,
    func.count(),
    func.min(ResultTable.value),
    func.max(ResultTable.value),
).group_by(ResultTable.study_id, ResultTable.kind, ResultTable.state)

_OPEN_RUN_COUNTS = (
    select(RunTable.study_id, RunTable.state, func.count())
    .where(RunTable.state != "done")
    .group_by(RunTable.study_id, RunTable.state)
)


def _of(study_id: int) -> Update:
    return update(StudyTable).where(StudyTable.id == study_id).execution_options(synchronize_session=False)


def _study_row(row: StudyTable) -> StudyRow:
    if not isinstance(row.spec, dict):
        raise TypeError(f"the spec of study '{row.name}' is not a mapping")
    return StudyRow(
        id=row.id,
        name=row.name,
        spec_text=row.spec_text,
        spec=row.spec,
        objectives=parse_objectives(row.objectives),
        data_fingerprint=row.data_fingerprint,
        environment=row.environment,
        run_directory=row.run_directory,
        trial_budget=row.trial_budget,
        time_budget=row.time_budget,
        seconds_used=row.seconds_used,
        slots_taken=row.slots_taken,
        rungs=None if row.rungs is None else tuple(row.rungs),
        created_at=as_datetime(row.created_at),
        predecessor=row.predecessor,
    )


def _summary(row: Any, counts: dict[str, int], ends: tuple[float | None, float | None]) -> StudySummary:
    objectives = parse_objectives(row.objectives)
    best = ends[1] if sign_of(objectives[0].direction) < 0 else ends[0]
    return StudySummary(row.id, row.name, objectives, as_datetime(row.created_at), counts, best, row.predecessor)


def parse_objectives(data: Sequence[Mapping[str, Any]]) -> tuple[Objective, ...]:
    """Parse objectives as the database holds them."""
    return tuple(Objective.model_validate(item) for item in data)
