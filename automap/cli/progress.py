"""The live view of a search: budget, best so far, counts and running trials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automap.cli.console import say
from automap.leaderboard.formatting import short_candidate
from automap.spec.display import SafeConsole, escaped, safe_text
from automap.spec.quantities import format_duration
from automap.spec.spec import Spec
from automap.store.runs import Run
from automap.workers.driver import Snapshot

_STATES = (("complete", "green"), ("pruned", "yellow"), ("infeasible", "magenta"), ("failed", "red"))

MAX_ROWS = 16
"""Runs that are shown one by one."""


class SearchView:
    """Shows a search: redrawn in place on a terminal, as a line for each news elsewhere.

    Args:
        console: where to draw; standard error, so that standard output holds results only.
        spec: the study's spec.
    """

    def __init__(self, console: SafeConsole, spec: Spec) -> None:
        self._console, self._spec = console, spec
        self._live: Live | None = None
        self._finished: dict[str, int] = {}
        self._away: str | None = None
        self.stopping = False

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw in place for as long as the block runs, where there is a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=4, transient=True) as live:
            self._live = live
            yield
            self._live = None

    def database_away(self, reason: str) -> None:
        """Show that the database does not answer."""
        if self._away != reason:
            say(f"waiting: {reason}", "yellow")
        self._away = reason

    def update(self, now: Snapshot) -> None:
        """Show how the search stands now."""
        self._away = None
        if self._live is not None:
            self._live.update(self.render(now))
        elif any(now.counts.values()) and now.counts != self._finished:
            say(self._line(now))
        self._finished = dict(now.counts)

    def render(self, now: Snapshot) -> RenderableType:
        """Return the whole view."""
        return Group(self._head(now), Text(), self._running(now), Text(self._hint(), style="dim"))

    def _hint(self) -> str:
        if self.stopping:
            return "stopping at the end of the epoch; Ctrl-C again stops at once"
        return "Ctrl-C stops at the end of the epoch; the same command goes on later"

    def _head(self, now: Snapshot) -> Table:
        head = Table.grid(padding=(0, 2))
        head.add_column(style="bold cyan")
        head.add_column()
        head.add_row(safe_text(self._spec.name), Text(self._phase(now), style="dim"))
        head.add_row("budget", _budget(now))
        head.add_row("best", self._best(now))
        head.add_row("trials", _counts(now))
        return head

    def _phase(self, now: Snapshot) -> str:
        finals = sum(run.kind == "final" for run in now.active)
        if finals or now.counts.get("final"):
            total = finals + now.counts.get("final", 0)
            return f"training the finalists again: {now.counts.get('final', 0)} of {total} done"
        if not now.active:
            return "starting" if now.use.spent is None else "finishing"
        return f"searching with {self._spec.search.sampler} and {self._spec.search.pruner}"

    def _best(self, now: Snapshot) -> Text:
        if now.use.best is None:
            return Text("no trial is complete yet", style="dim")
        objective, leader = self._spec.objectives[0].metric, now.use.leader
        about = "" if leader is None else f"   trial {leader.trial}: {escaped(short_candidate(leader.candidate))}"
        text = Text.assemble((f"{objective} {now.use.best:.4f}", "bold green"), (about, "dim"))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _running(self, now: Snapshot) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
        for title in ("running", "epoch", "", self._spec.objectives[0].metric, "left"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("candidate", overflow="ellipsis", no_wrap=True, style="dim", ratio=1)
        for run in now.active[:MAX_ROWS]:
            table.add_row(*_run_cells(run))
        if (more := len(now.active) - MAX_ROWS) > 0:
            table.add_row(f"+{more}", "", "", "", "", "more")
        return table

    def _line(self, now: Snapshot) -> str:
        best = "" if now.use.best is None else f"best {self._spec.objectives[0].metric} {now.use.best:.4f}  "
        counts = "  ".join(f"{name} {number}" for name, number in now.counts.items() if number)
        return f"{format_duration(now.use.seconds):>8}  {best}{counts}"


def _run_cells(run: Run) -> tuple[RenderableType, ...]:
    label = f"{run.trial}" if run.kind == "search" else f"{run.trial} seed {run.seed}"
    left = "" if not run.epoch_seconds else format_duration(run.epoch_seconds * (run.epochs - run.epoch))
    metric = "" if run.metric is None else f"{run.metric:.4f}"
    bar = ProgressBar(total=run.epochs, completed=run.epoch, width=12)
    return label, f"{run.epoch}/{run.epochs}", bar, metric, left, escaped(short_candidate(run.candidate))


def _budget(now: Snapshot) -> RenderableType:
    use, parts, share = now.use, [], 0.0
    if use.trial_budget is not None:
        parts.append(f"{use.trials} of {use.trial_budget} trials")
        share = use.trials / use.trial_budget
    else:
        parts.append(f"{use.trials} trials")
    if use.time_budget is not None:
        parts.append(f"{format_duration(use.seconds)} of {format_duration(use.time_budget)}")
        share = max(share, use.seconds / use.time_budget)
    else:
        parts.append(format_duration(use.seconds))
    if use.target is not None:
        parts.append(f"target {use.target:g}")
    row = Table.grid(padding=(0, 2))
    row.add_row(ProgressBar(total=1.0, completed=min(share, 1.0), width=24), Text(" · ".join(parts)))
    return row


def _counts(now: Snapshot) -> Text:
    text = Text()
    for state, style in _STATES:
        number = now.counts.get(state, 0)
        text.append(f"{number} {state}", style=style if number else "dim")
        text.append("   ")
    return text
