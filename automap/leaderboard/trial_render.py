"""One trial in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from automap.leaderboard.board import MeanStd, objective_measure
from automap.leaderboard.chart import Series, line_chart
from automap.leaderboard.formatting import NOTHING, format_cost, format_measured, format_metric
from automap.spec.display import escaped, safe_text
from automap.spec.objectives import COSTS
from automap.spec.yaml import dump_yaml
from automap.store.rankings import Measure
from automap.store.results import ResultRow

if TYPE_CHECKING:
    from automap.leaderboard.trial_view import TrialView

_STATE_STYLES = {"complete": "green", "failed": "red", "infeasible": "magenta", "pruned": "yellow"}
_CHART_HEIGHT = 10
_LOSSES = ("train_loss", "loss")
_CHART_WIDTH = 100


def trial_page(view: TrialView, width: int, *, ascii_only: bool = False) -> RenderableType:
    """Return a trial for Rich to print, at most `width` characters wide."""
    parts: list[RenderableType] = [_head(view), _title("hyperparameters"), _hyperparameters(view)]
    shown = view.result or (view.finals[0] if view.finals else None)
    if shown is not None:
        parts += [*_charts(view, shown, min(width, _CHART_WIDTH), ascii_only), *_numbers(view, shown)]
        parts += [safe_text(f"note: {note}") for note in shown.result.notes]
        if folder := view.artifacts(shown):
            parts += [Text(), Text.assemble(("artifacts  ", "bold"), (escaped(folder), ""))]
    return Group(*parts)


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _head(view: TrialView) -> Text:
    head = Text.assemble("\n", (escaped(view.study.name), "bold cyan"), f"   trial {view.run.trial}   ")
    head.append(view.state, style=f"bold {_STATE_STYLES.get(view.state, 'blue')}")
    head.append(f"   {_progress(view)}", style="dim")
    if view.result is not None and view.result.result.reason:
        head.append(f"\n{escaped(view.result.result.reason, lines=True)}", style=_STATE_STYLES.get(view.state, ""))
    elif view.result is None and view.run.last_death:
        head.append(f"\nits last worker died: {escaped(view.run.last_death, lines=True)}", style="yellow")
    return head


def _progress(view: TrialView) -> str:
    curve = () if view.result is None else view.result.result.curve
    done = curve[-1].get("epoch", len(curve)) if curve else view.run.epoch
    parts = [f"{done:.3g} of {view.run.epochs} epochs", f"seed {view.run.seed}"]
    if view.run.attempts > 1:
        parts.append(f"{view.run.attempts} attempts")
    if view.finals:
        parts.append(f"finalist with {len(view.finals)} seeds")
    return " · ".join(parts)


def _hyperparameters(view: TrialView) -> Text:
    text = Text()
    for line in dump_yaml(dict(view.candidate)).rstrip().splitlines():
        key, colon, value = line.partition(":")
        text.append(f"  {key}{colon}", style="cyan")
        text.append(f"{value}\n")
    text.rstrip()
    return text


def _charts(view: TrialView, shown: ResultRow, width: int, ascii_only: bool) -> Iterator[RenderableType]:
    curve = shown.result.curve
    if len(curve) < 2:
        return
    names = [objective.metric for objective in view.study.objectives if objective.metric in curve[-1]]
    for group, colours in ((names[:1], ("green",)), (_LOSSES, ("blue", "magenta"))):
        series = [
            Series(_LABELS.get(name, name), points, colour)
            for name, colour in zip(group, colours, strict=False)
            if (points := tuple((epoch["epoch"], epoch[name]) for epoch in curve if name in epoch))
        ]
        if series:
            yield _title(" and ".join(line.name for line in series))
            yield line_chart(series, width, _CHART_HEIGHT, ascii_only=ascii_only)


_LABELS = {"train_loss": "training loss", "loss": "validation loss"}


def _numbers(view: TrialView, shown: ResultRow) -> Iterator[RenderableType]:
    if shown.validation:
        yield _title("metrics")
        yield _metrics(view)
    if shown.cost:
        yield _title("cost")
        yield _costs(shown)
    if view.finals:
        yield _title("finalist trainings")
        yield _finals(view)


def _metrics(view: TrialView) -> Table:
    table = _table("metric", "validation", *(("validation, finalist", "test, finalist") if view.finals else ()))
    found = view.result.validation if view.result is not None else {}
    names = list(dict.fromkeys([*found, *(name for final in view.finals for name in final.validation)]))
    for name in names:
        cells = [format_metric(found[name]) if name in found else NOTHING]
        if view.finals:
            cells.append(_spread(name, [final.validation for final in view.finals]))
            cells.append(_spread(name, [final.test or {} for final in view.finals]))
        chosen = any(objective.metric == name for objective in view.study.objectives)
        table.add_row(safe_text(name), *cells, style="bold" if chosen else "")
    return table


def _spread(name: str, parts: Sequence[dict[str, float]]) -> str:
    values = [part[name] for part in parts if name in part]
    return format_measured(Measure("test", name, "maximize"), MeanStd.of(values) if values else None)


def _costs(shown: ResultRow) -> Table:
    table = _table("", "")
    table.show_header = False
    meanings = {cost.key: cost.description for cost in COSTS.values()}
    table.add_column(style="dim")
    for name, value in shown.cost.items():
        table.add_row(name.rpartition("_")[0] or name, format_cost(name, value), meanings.get(name, ""))
    return table


def _finals(view: TrialView) -> Table:
    measures = [objective_measure(objective) for objective in view.study.objectives]
    tests = [Measure("test", measure.name, measure.direction) for measure in measures if measure.group != "cost"]
    table = _table(
        "seed", *(measure.name for measure in measures), *(f"test {test.name}" for test in tests), "training"
    )
    table.add_column("artifacts", style="dim", overflow="fold")
    for final in view.finals:
        parts = {"validation": final.validation, "test": final.test or {}, "cost": final.cost}
        cells = [
            format_measured(
                measure,
                None if (value := parts[measure.group].get(measure.name)) is None else MeanStd(value, None),
            )
            for measure in (*measures, *tests, Measure("cost", "train_seconds", "minimize"))
        ]
        table.add_row(str(final.seed), *cells, safe_text(final.result.artifacts or NOTHING))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(first, no_wrap=True)
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    return table
