"""A leaderboard as a value: what ranking gives, and rendering and export take."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

from rich.console import Console, ConsoleOptions, RenderResult

from automap.spec.display import html_of, text_of
from automap.spec.objectives import COSTS, Objective
from automap.store.rankings import Measure

RowState = Literal["finalist", "complete", "pruned", "infeasible", "failed"]


class MeanStd(NamedTuple):
    """A number that was measured once or more often."""

    mean: float
    std: float | None
    """Sample standard deviation over the seeds; None for a single one."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return mean and spread of at least one value."""
        return cls(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class Row:
    """One candidate of a leaderboard."""

    rank: int | None
    """From 1; rows that cannot be told apart share one; None for trials that are not ranked."""
    study: str
    trial: int
    state: RowState
    seeds: int
    """How many trainings stand behind the numbers."""
    candidate: Mapping[str, Any]
    """In the spec's notation."""
    validation: Mapping[str, MeanStd]
    test: Mapping[str, MeanStd] | None
    """None for all but finalists."""
    cost: Mapping[str, float]
    """Mean over the seeds."""
    artifacts: str | None
    """Folder of the run's artifacts; of the best seed, for finalists."""
    reason: str | None
    """Why the trial is not complete."""

    def measured(self, measure: Measure) -> MeanStd | None:
        """Return one of the row's numbers, None if it has no such number."""
        if measure.group == "cost":
            value = self.cost.get(measure.name)
            return None if value is None else MeanStd(value, None)
        part = self.validation if measure.group == "validation" else self.test or {}
        return part.get(measure.name)


@dataclass(frozen=True)
class Leaderboard:
    """A leaderboard."""

    studies: tuple[str, ...]
    objectives: tuple[Objective, ...]
    sort: Measure | None
    """What the user asked to sort by; None for the objectives."""
    pareto: bool
    """Whether only the Pareto front is shown."""
    rows: tuple[Row, ...]
    ranked: int
    """How many rows could be ranked; `rows` may hold fewer."""
    counts: Mapping[str, int]
    """Trials by state, ``final`` for runs of finalists, and open runs under ``running`` and ``waiting``."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What the objectives compare."""
        return tuple(objective_measure(objective) for objective in self.objectives)

    def to_pandas(self) -> Any:
        """Return a data frame with a row for each candidate and a column for each number and hyperparameter.

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
    """Return the number of a result that an objective compares."""
    if objective.metric in COSTS:
        return Measure("cost", COSTS[objective.metric].key, objective.direction)
    return Measure("validation", objective.metric, objective.direction)
