"""Warm start: what the trials of earlier studies give to a new one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from automap.exceptions import StorageError
from automap.search.evidence import Earlier, Evidence
from automap.search.history import compared_objectives
from automap.spec.draw import Parameters, search_space
from automap.spec.errors import Problem, SpecError
from automap.spec.load import load_spec
from automap.spec.membership import membership
from automap.spec.objectives import objective_value
from automap.spec.places import is_spec_file
from automap.spec.spec import Spec
from automap.spec.suggest import did_you_mean
from automap.store import lineage, measurements, results, runs, studies
from automap.store.engine import database_url, display_url, read_database
from automap.store.measurements import MeasurementRow
from automap.store.results import ResultRow
from automap.store.study_store import StudyStore

MOST_CANDIDATES = 8
"""Best trials of a study on other data that are tried first."""


def earlier_studies(spec: Spec, fingerprint: str) -> list[Earlier]:
    """Read the studies that a spec's `search.warm_start` names.

    Args:
        spec: the spec of the new study.
        fingerprint: of the new study's data.

    Raises:
        SpecError: if a study does not exist, or the sampler cannot use earlier trials.
        StorageError: if a database cannot be read.
    """
    names = spec.search.warm_start
    if names and spec.search.sampler.limit(search_space(spec)) is not None:
        raise _error(
            0, "this sampler tries a fixed list of candidates in order; remove warm_start or choose another sampler"
        )
    return [_read(spec, fingerprint, index, name) for index, name in enumerate(names)]


def is_taken(spec: Spec) -> bool:
    """Return whether the study of a spec has begun with the same `search.warm_start`."""
    if not spec.search.warm_start:
        return True
    try:
        engine = read_database(spec.storage)
    except StorageError:
        return False
    row = studies.find_study(engine, lineage.newest_name(engine, spec.name))
    engine.dispose()
    taken = list(spec.search.warm_start)
    return row is not None and row.slots_taken > 0 and row.spec.get("search", {}).get("warm_start") == taken


def _read(spec: Spec, fingerprint: str, index: int, name: str) -> Earlier:
    engine, found = _find(spec, index, name)
    if (engine.url, found.name) == (database_url(spec.storage), spec.name):
        raise _error(index, f"study '{found.name}' cannot start from itself")
    same_data = found.data_fingerprint == fingerprint
    store = StudyStore(engine, found.id)
    taken, rejected = _usable(spec, store, found.name)
    number = len(taken) + len(rejected)
    if same_data and spec.search.sampler.learns_from_rungs:
        evidence = tuple(each for _, each in sorted(taken, key=lambda pair: pair[0]))
        return Earlier(found.name, same_data, number, evidence=evidence, rejected=rejected)
    # Results are ordered from the best to the worst.
    best = [each.parameters for _, each in taken if each.values is not None][:MOST_CANDIDATES]
    return Earlier(found.name, same_data, number, candidates=tuple(best), rejected=rejected)


def _find(spec: Spec, index: int, name: str) -> tuple[Engine, studies.StudyRow]:
    other = _load(index, name) if is_spec_file(name) else None
    try:
        engine = read_database(spec.storage if other is None else other.storage)
    except StorageError as error:
        raise _error(index, f"cannot read study '{name}': {error}") from None
    # A spec file stands for its newest study.
    name = name if other is None else lineage.newest_name(engine, other.name)
    row = studies.find_study(engine, name)
    if row is None:
        known = [each.name for each in studies.list_studies(engine)]
        hint = did_you_mean(name, known, f"it contains {', '.join(known) or 'none'}")
        raise _error(index, f"database {display_url(engine.url)} contains no study '{name}'; {hint}")
    return engine, row


def _load(index: int, path: str) -> Spec:
    try:
        return load_spec(path)
    except SpecError as error:
        raise _error(index, f"the spec of the earlier study is not valid: {error}") from None


def _error(index: int, message: str) -> SpecError:
    return SpecError("", [Problem(("search", "warm_start", index), message)])


def _usable(spec: Spec, store: StudyStore, name: str) -> tuple[list[tuple[int, Evidence]], dict[int, str]]:
    """Return the trials that belong to the search space, the best first, and why the others do not."""
    measured: dict[int, list[MeasurementRow]] = {}
    for each in measurements.list_measurements(store):
        measured.setdefault(each.trial, []).append(each)
    finished = {row.trial: row for row in results.list_results(store, kind="search")}
    order = {trial: place for place, trial in enumerate(finished)}
    taken, rejected = [], {}
    searched = [run for run in runs.list_runs(store) if run.kind == "search"]
    for run in sorted(searched, key=lambda run: (order.get(run.trial, len(order)), run.trial)):
        row = finished.get(run.trial)
        if row is not None and row.state == "failed":
            rejected[run.trial] = f"it failed: {(row.result.reason or 'unknown reason').splitlines()[0]}"
            continue
        place = membership(spec, run.candidate)
        if place.mismatches:
            rejected[run.trial] = place.mismatches[0]
            continue
        found = _evidence(spec, f"{name}:{run.trial}", place.parameters, row, measured.get(run.trial, ()))
        if found.values is None and not found.curve:
            rejected[run.trial] = _why_unknown(spec, row)
        else:
            taken.append((run.trial, found))
    return taken, dict(sorted(rejected.items()))


def _why_unknown(spec: Spec, row: ResultRow | None) -> str:
    if row is None:
        return "it was never evaluated"
    return f"its {', '.join(objective.metric for objective in spec.objectives)} is unknown"


def _evidence(
    spec: Spec, origin: str, parameters: Parameters, row: ResultRow | None, measured: Sequence[MeasurementRow]
) -> Evidence:
    known = {} if row is None else {**row.validation, **row.cost}
    values = [objective_value(objective, known, {}) for objective in spec.objectives]
    complete = row is not None and row.state in ("complete", "infeasible") and None not in values
    violations = {each.metric: each.violation(known) for each in spec.constraints}
    return Evidence(
        origin=origin,
        parameters=parameters,
        values=tuple(value for value in values if value is not None) if complete else None,
        curve=tuple(point for each in measured if (point := _point(spec, each)) is not None),
        violations={metric: value for metric, value in violations.items() if value is not None},
    )


def _point(spec: Spec, row: MeasurementRow) -> tuple[int, tuple[float, ...]] | None:
    values = [row.objectives.get(objective.metric) for objective in compared_objectives(spec)]
    known = tuple(value for value in values if value is not None)
    return (row.images, known) if known and len(known) == len(values) else None
