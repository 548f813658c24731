"""Ranking measurements: by value for one objective, by Pareto front for several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from automap.interfaces.metric import Direction, sign_of
from automap.interfaces.scheduler import StudyHistory, TrialHistory
from automap.search.pareto import first_fronts

Values = Sequence[float]


def ranks(values: Sequence[Values], directions: Sequence[Direction]) -> list[float]:
    """Return a rank for each point; smaller is better.

    Args:
        values: one point a row, one objective a column.
        directions: of the objectives; with one objective the rank is its value, sign adjusted.
    """
    if len(directions) == 1:
        return [sign_of(directions[0]) * value for (value,) in values]
    found = [0.0] * len(values)
    for front, members in enumerate(first_fronts(values, directions, None)):
        for member in members:
            found[member] = float(front)
    return found


def is_among_best(values: Values, others: Iterable[Values], directions: Sequence[Direction], reduction: float) -> bool:
    """Return whether a trial is among the best ``1 / reduction`` of those that reached a rung.

    Args:
        values: the trial's objectives at the rung.
        others: those of the other trials that reached it.
        directions: of the objectives.
        reduction: at least one trial is always among the best, and tied trials are treated alike.
    """
    found = ranks([values, *others], directions)
    survivors = max(1, int(len(found) / reduction))
    return found[0] <= sorted(found)[survivors - 1]


def ranked_at(rung: int, study: StudyHistory) -> list[TrialHistory]:
    """Return the trials that reached a rung, the best first; earlier trials come first among equals."""
    reached = [(trial, found.values) for trial in study.trials if (found := trial.at(rung)) is not None]
    rank = ranks([values for _, values in reached], study.directions)
    order = sorted(range(len(reached)), key=lambda index: rank[index])
    return [reached[index][0] for index in order]
