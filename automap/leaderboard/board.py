"""Leaderboards as values: ranking returns them, rendering and export take them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

from rich.console import Console, ConsoleOptions, RenderResult

from automap.spec.display import html_of, text_of
from automap.spec.objectives import COSTS, Objective
from automap.store.rankings import Measure

RowState = Literal[
    "finalist", "ensemble", "trained", "compressed", "complete", "paused", "pruned", "infeasible", "failed"
]
States = Literal["ranked", "all", "paused", "pruned", "infeasible", "failed"]
"""Which trials a leaderboard lists: ranked ones, all, or only those that ended in one other state."""


class MeanStd(NamedTuple):
    """A metric over one or more seeds."""

    mean: float
    std: float | None
    """Sample standard deviation over the seeds; None for one seed."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return the mean and standard deviation of at least one value."""
        return cls(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class Row:
    """One candidate of a leaderboard."""

    rank: int | None
    """From 1; tied rows share one; None for trials that are not ranked."""
    study: str
    trial: int
    state: RowState
    seeds: int
    """Number of trainings behind the numbers."""
    candidate: Mapping[str, Any]
    """In the spec's notation."""
    validation: Mapping[str, MeanStd]
    test: Mapping[str, MeanStd] | None
    """None for all but finalists."""
    cost: Mapping[str, float]
    """Mean over the seeds."""
    artifacts: str | None
    """Folder or URL of the run's artifacts; for finalists, of the best seed."""
    epochs: float | None
    """Number of trained epochs, the mean over the seeds; None where an earlier version did not store it."""
    reason: str | None
    """Why the trial is not complete."""
    members: tuple[Mapping[str, Any], ...] = ()
    """Of an ensemble: ``trial``, ``seed`` and ``weight`` of each member."""
    compression: Mapping[str, Any] | None = None
    """Of a compressed model: its ``method``, ``format`` and options; the row's trial is its parent."""

    def measured(self, measure: Measure) -> MeanStd | None:
        """Return one of the row's numbers, None if it does not have it."""
        if measure.group == "cost":
            value = self.cost.get(measure.name)
            return None if value is None else MeanStd(value, None)
        part = self.validation if measure.group == "validation" else self.test or {}
        return part.get(measure.name)


@dataclass(frozen=True)
class Leaderboard:
    """The ranked results of one or more studies."""

    studies: tuple[str, ...]
    objectives: tuple[Objective, ...]
    sort: Measure | None
    """What the rows are sorted by; None for the objectives."""
    pareto: bool
    """Whether only the Pareto front is shown."""
    rows: tuple[Row, ...]
    ranked: int
    """Number of rows that can be ranked; `rows` may hold fewer."""
    counts: Mapping[str, int]
    """Number of trials by state, of finalists' runs under ``final``, and of ``running`` and ``waiting`` runs."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that the objectives compare."""
        return tuple(objective_measure(objective) for objective in self.objectives)

    def to_pandas(self) -> Any:
        """Return a data frame with one row for each candidate and one column for each number and hyperparameter.

        Raises:
            UserError: if pandas is not installed.
        """
        from automap.leaderboard.export import to_pandas

        return to_pandas(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from automap.leaderboard.render import leaderboard_table

        yield leaderboard_table(self, options.max_width)

    def __str__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)


def objective_measure(objective: Objective) -> Measure:
    """Return the measure that an objective compares."""
    if objective.metric in COSTS:
        return Measure("cost", COSTS[objective.metric].key, objective.direction)
    return Measure("validation", objective.metric, objective.direction)
