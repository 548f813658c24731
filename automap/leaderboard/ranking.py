"""Ranking the results of studies.

Finalists come first: their numbers are means over several seeds at full length, while the single number of a trial
is partly luck, and the more so the more trials there are. Validation metrics decide, never test metrics.

Two rows are tied if their difference is within their spread: not larger than the standard deviation of the
difference of two single trainings, ``sqrt(std_1² + std_2²)``, each over at least two seeds. With 3 seeds each, that
is 1.7 standard errors of the difference of the means; with 4 seeds, 2. Rows with one seed are tied only if their
numbers are equal.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from sqlalchemy import Engine

from automap.exceptions import UserError
from automap.interfaces.metric import sign_of
from automap.leaderboard.board import Leaderboard, MeanStd, Row, RowState, States, objective_measure
from automap.leaderboard.paused import paused_rows
from automap.leaderboard.sort_key import parse_measure
from automap.search.pareto import first_fronts
from automap.spec.objectives import Objective
from automap.store import rankings
from automap.store.rankings import Measure
from automap.store.remote import child
from automap.store.result import State
from automap.store.results import STATES, ResultRow, count_states
from automap.store.studies import StudyRow
from automap.store.study_store import StudyStore

UNRANKED: tuple[State, ...] = ("pruned", "infeasible", "failed")
"""States of trials that ended without being ranked."""


def rank(
    engine: Engine,
    studies: Sequence[StudyRow],
    *,
    sort: str | None = None,
    limit: int | None = 20,
    pareto: bool = False,
    state: States = "ranked",
) -> Leaderboard:
    """Rank the results of one or more studies.

    Args:
        engine: the database.
        studies: at least one; all with the same objectives.
        sort: a metric instead of the objectives: ``validation.macro_f1``, ``test.accuracy``,
            ``cost.latency_ms``, or a name that objectives use. Finalists and other trials are then one list.
        limit: largest number of ranked rows, and of unranked ones; None for all.
        pareto: whether to show only the Pareto front of the objectives.
        state: which trials to list; those that are not ranked come last.

    Raises:
        UserError: if the studies have different objectives, or no result has the metric to sort by.
    """
    objectives = _common_objectives(studies)
    measure = None if sort is None else parse_measure(engine, studies, sort)
    standing = _Standing(engine, studies, objectives)
    rows: list[Row]
    if state in (*UNRANKED, "paused"):
        rows, ranked = [], standing.count()
    elif pareto:
        rows = standing.front()
        rows = rows if measure is None else _ranked(_sorted(rows, measure), measure, 0)
        ranked = len(rows)
    elif measure is not None:
        rows = standing.sorted_by(measure, limit)
        ranked = len(rows) if measure.group == "test" else standing.count()
    else:
        rows, ranked = standing.by_objectives(limit), standing.count()
    rows = rows[:limit]
    if state in ("all", "ranked") and measure is None and not pareto:
        rows += standing.unmeasured()
    if state in ("all", "paused"):
        rows += paused_rows(engine, studies)[:limit]
    elif state == "ranked" and measure is None and not pareto:
        # They come below all others, as far as there is room.
        rows += paused_rows(engine, studies)[: None if limit is None else max(0, limit - len(rows))]
    if state != "ranked":
        rows += standing.unranked([each for each in UNRANKED if state in ("all", each)], limit)
    names = tuple(study.name for study in studies)
    return Leaderboard(names, objectives, measure, pareto, tuple(rows), ranked, _counts(engine, studies))


class _Standing:
    """The results of some studies, as far as a ranking needs them."""

    def __init__(self, engine: Engine, studies: Sequence[StudyRow], objectives: Sequence[Objective]) -> None:
        self._engine = engine
        self._studies = {study.id: study for study in studies}
        self._ids = list(self._studies)
        self._measures = [objective_measure(objective) for objective in objectives]
        finals = rankings.final_results(engine, self._ids)
        self._finalists = [
            self._finalist(list(group)) for _, group in groupby(finals, lambda row: (row.study_id, row.trial))
        ]
        self._finalist_keys = {(row.study_id, row.trial) for row in finals}
        self._ensembles = [self._row([each], "ensemble") for each in rankings.ensemble_results(engine, self._ids)]
        self._made = [self._row(group, _state_of(group[0])) for group in _made(engine, self._ids)]
        self._best = [*self._finalists, *self._ensembles, *self._made]
        """Rows that are ranked before single trials."""

    def count(self) -> int:
        """Return the number of rows that can be ranked."""
        # The trial of a finalist is complete, too, and counts once.
        trials = max(rankings.count_complete(self._engine, self._ids), len(self._finalists))
        return trials + len(self._ensembles) + sum(bool(row.validation) for row in self._made)

    def unmeasured(self) -> list[Row]:
        """Return the models that were trained on the validation split too, which has no rank."""
        return [row for row in self._made if not row.validation]

    def by_objectives(self, limit: int | None) -> list[Row]:
        """Rank finalists, then other complete trials."""
        if len(self._measures) > 1:
            return self._by_fronts(limit)
        measure = self._measures[0]
        finalists = _ranked(_sorted(self._best, measure), measure, 0)
        return finalists + _ranked(self._top(measure, limit, is_value=True), measure, len(finalists))

    def sorted_by(self, measure: Measure, limit: int | None) -> list[Row]:
        """Rank all rows that have a measure in one list."""
        trials = [] if measure.group == "test" else self._top(measure, limit)
        return _ranked(_sorted([*self._best, *trials], measure), measure, 0)

    def front(self) -> list[Row]:
        """Return the Pareto front; finalists count with their means."""
        points = self._points()
        finalists = [row for row in self._best if self._values(row) is not None]
        values = [self._values(row) or () for row in finalists] + [point.values for point in points]
        fronts = first_fronts(values, [measure.direction for measure in self._measures], 1)
        members = set(fronts[0]) if fronts else set()
        chosen = [row for index, row in enumerate(finalists) if index in members]
        trials = [point.id for index, point in enumerate(points, len(finalists)) if index in members]
        chosen += self._trials(rankings.get_results(self._engine, trials))
        return [replace(row, rank=1) for row in _sorted(chosen, self._measures[0])]

    def unranked(self, states: Sequence[State], limit: int | None) -> list[Row]:
        """Return the trials that ended in the given states."""
        return self._trials(rankings.unranked_results(self._engine, self._ids, states, limit))

    def _by_fronts(self, limit: int | None) -> list[Row]:
        directions = [measure.direction for measure in self._measures]
        finalists = [row for row in self._best if self._values(row) is not None]
        fronts = first_fronts([self._values(row) or () for row in finalists], directions, None)
        rows = [
            replace(row, rank=number)
            for number, front in enumerate(fronts, 1)
            for row in _sorted([finalists[index] for index in front], self._measures[0])
        ]
        points = self._points()
        others = first_fronts([point.values for point in points], directions, limit)
        for number, front in enumerate(others, len(fronts) + 1):
            members = self._trials(rankings.get_results(self._engine, [points[index].id for index in front]))
            rows += [replace(row, rank=number) for row in _sorted(members, self._measures[0])]
        return rows

    def _points(self) -> list[rankings.Point]:
        found = rankings.points(self._engine, self._ids, self._measures)
        return [point for point in found if (point.study_id, point.trial) not in self._finalist_keys]

    def _top(self, measure: Measure, limit: int | None, *, is_value: bool = False) -> list[Row]:
        wanted = None if limit is None else limit + len(self._finalists)
        return self._trials(rankings.top_results(self._engine, self._ids, measure, wanted, is_value=is_value))

    def _values(self, row: Row) -> tuple[float, ...] | None:
        found = [row.measured(measure) for measure in self._measures]
        known = tuple(estimate.mean for estimate in found if estimate is not None)
        return known if len(known) == len(found) else None

    def _trials(self, results: Iterable[ResultRow]) -> list[Row]:
        return [
            self._row([result], result.state)
            for result in results
            if (result.study_id, result.trial) not in self._finalist_keys
        ]

    def _finalist(self, results: Sequence[ResultRow]) -> Row:
        sign = sign_of(self._measures[0].direction)
        best_first = sorted(results, key=lambda result: math.inf if result.value is None else sign * result.value)
        return self._row(best_first, "finalist")

    def _row(self, results: Sequence[ResultRow], state: RowState) -> Row:
        """Return the row of a candidate from its results, the best one first."""
        best, study = results[0], self._studies[results[0].study_id]
        artifacts = best.result.artifacts
        tests = [result.test for result in results if result.test]
        candidate = dict(best.candidate)
        candidate.pop("adapted_to", None)
        ensemble, compression = candidate.pop("ensemble", {}), candidate.pop("compression", None)
        return Row(
            rank=None,
            study=study.name,
            trial=best.trial,
            state=state,
            seeds=len(results),
            candidate=candidate,
            validation=_estimates([result.validation for result in results]),
            test=_estimates(tests) if tests else None,
            cost={name: found.mean for name, found in _estimates([result.cost for result in results]).items()},
            artifacts=None if artifacts is None else child(study.run_directory, artifacts),
            epochs=_mean([result.cost.get("epochs") for result in results]),
            reason=best.result.reason or (None if best.result.validation else _first(best.result.notes)),
            members=tuple(ensemble.get("members", ())),
            compression=compression,
        )


def _made(engine: Engine, ids: Sequence[int]) -> list[list[ResultRow]]:
    """Return the results of each row made of a complete trial: one for each seed of a candidate, the best first."""
    groups: dict[object, list[ResultRow]] = {}
    for result in rankings.made_results(engine, ids):
        same = json.dumps([result.candidate, bool(result.validation)], sort_keys=True)
        groups.setdefault((result.study_id, result.trial, result.kind, same), []).append(result)
    return list(groups.values())


def _state_of(result: ResultRow) -> RowState:
    return "trained" if result.kind == "trained" else "compressed"


def _first(notes: Sequence[str]) -> str | None:
    return notes[0] if notes else None


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return statistics.fmean(known) if known else None


def _estimates(parts: Sequence[dict[str, float]]) -> dict[str, MeanStd]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: MeanStd.of([part[name] for part in parts if name in part]) for name in names}


def _sorted(rows: Iterable[Row], measure: Measure) -> list[Row]:
    """Return the rows that have a measure, the best first."""
    sign = sign_of(measure.direction)
    known = [(found.mean * sign, row) for row in rows if (found := row.measured(measure)) is not None]
    return [row for _, row in sorted(known, key=lambda item: (item[0], item[1].study, item[1].trial))]


def _ranked(rows: Sequence[Row], measure: Measure, offset: int) -> list[Row]:
    """Assign ranks to sorted rows.

    A row is tied with a rank if it is tied with the first row of that rank: ties are not transitive.
    """
    ranked: list[Row] = []
    first = rows[0] if rows else None
    for position, row in enumerate(rows, offset + 1):
        if ranked and first is not None and _tied(first, row, measure):
            ranked.append(replace(row, rank=ranked[-1].rank))
        else:
            first = row
            ranked.append(replace(row, rank=position))
    return ranked


def _tied(one: Row, other: Row, measure: Measure) -> bool:
    first, second = one.measured(measure), other.measured(measure)
    if first is None or second is None:
        return False
    if first.std is None or second.std is None:
        return first.mean == second.mean
    return abs(first.mean - second.mean) <= math.hypot(first.std, second.std)


def _common_objectives(studies: Sequence[StudyRow]) -> tuple[Objective, ...]:
    first = studies[0]
    for study in studies[1:]:
        if study.objectives != first.objectives:
            ours, theirs = _spell(first.objectives), _spell(study.objectives)
            raise UserError(
                f"studies '{first.name}' and '{study.name}' have different objectives ({ours}; {theirs}) and cannot "
                "share a leaderboard; show them one at a time"
            )
    return first.objectives


def _spell(objectives: Sequence[Objective]) -> str:
    return ", ".join(f"{objective.direction} {objective.metric}" for objective in objectives)


def _counts(engine: Engine, studies: Sequence[StudyRow]) -> dict[str, int]:
    counts = dict.fromkeys((*STATES, "final"), 0)
    for study in studies:
        for state, number in count_states(StudyStore(engine, study.id)).items():
            counts[state] += number
    return counts | rankings.count_open(engine, [study.id for study in studies])
