"""Two trials side by side: the hyperparameters that differ, their metrics, their curves in one chart."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from automap.leaderboard.chart import Series, line_chart
from automap.leaderboard.formatting import NOTHING, format_cost, format_metric, format_value
from automap.leaderboard.trial_view import TrialView, read_trial
from automap.report.browser.page_screen import PageScreen
from automap.report.curve import curve_points
from automap.report.hyperparameters import flat_candidate
from automap.spec.display import escaped
from automap.store.measurements import list_measurements
from automap.store.studies import get_study
from automap.store.study_store import StudyStore

CHART_HEIGHT = 10


class CompareScreen(PageScreen):
    """Compares two trials.

    Args:
        store: the study's records.
        trials: their numbers.
    """

    def __init__(self, store: StudyStore, trials: tuple[int, int]) -> None:
        super().__init__()
        self._store, self._trials = store, trials

    def on_mount(self) -> None:
        """Read both trials."""
        study = get_study(self._store)
        self.title = f"{study.name} · trials {self._trials[0]} and {self._trials[1]}"
        views = [read_trial(self._store.engine, study, trial) for trial in self._trials]
        metric = study.objectives[0].metric
        lines = [
            _series(self._store, view, metric, style) for view, style in zip(views, ("cyan", "yellow"), strict=True)
        ]
        chart = line_chart(lines, self.page_width, CHART_HEIGHT)
        title = Text(f"\n{metric} on validation, by training images\n")
        self.show(Group(_hyperparameters(views), title, chart, Text(), _numbers(views)))


def _hyperparameters(views: list[TrialView]) -> Table:
    table = _two_columns(views)
    table.add_row("state", *(view.state for view in views))
    for name, values in _differences(views):
        table.add_row(escaped(name), *(escaped(_shown(value)) for value in values))
    return table


def _numbers(views: list[TrialView]) -> Table:
    table = _two_columns(views)
    found = [_formatted(view) for view in views]
    for name in dict.fromkeys(name for each in found for name in each):
        table.add_row(name, *(each.get(name, NOTHING) for each in found))
    return table


def _two_columns(views: list[TrialView]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("", *(f"trial {view.run.trial}" for view in views)):
        table.add_column(title, min_width=12)
    return table


def _differences(views: list[TrialView]) -> list[tuple[str, list[Any]]]:
    found = [dict(flat_candidate(view.candidate)) for view in views]
    names = dict.fromkeys(name for candidate in found for name in candidate)
    values = {name: [candidate.get(name, _ABSENT) for candidate in found] for name in names}
    return [(name, both) for name, both in values.items() if both[0] != both[1]]


_ABSENT = object()


def _shown(value: Any) -> str:
    return NOTHING if value is _ABSENT else format_value(value)


def _formatted(view: TrialView) -> dict[str, str]:
    if view.result is None:
        return {}
    metrics = {name: format_metric(value) for name, value in view.result.validation.items()}
    return metrics | {name: format_cost(name, value) for name, value in view.result.cost.items()}


def _series(store: StudyStore, view: TrialView, metric: str, style: str) -> Series:
    points = curve_points(view.result, list_measurements(store, view.run.trial), metric)
    return Series(f"trial {view.run.trial}", tuple(points), style)
