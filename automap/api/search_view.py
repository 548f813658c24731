"""The live view of a search: its budget, the best trial so far, counts, and what each worker is doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from automap.api.bars import budget_bar, sparkline
from automap.interfaces.metric import sign_of
from automap.leaderboard.formatting import short_candidate
from automap.spec.display import escaped, safe_text
from automap.spec.quantities import format_duration
from automap.spec.spec import Spec
from automap.store.runs import Run
from automap.workers.driver import Snapshot
from automap.workers.identity import worker_prefix
from automap.workers.phases import read_phases

_STATES = (("complete", "green"), ("pruned", "yellow"), ("infeasible", "magenta"), ("failed", "red"))

MAX_ROWS = 16
"""Largest number of runs that are shown individually."""

_BAR_WIDTH, _CURVE_WIDTH = 24, 20


@dataclass
class SearchView:
    """Turns snapshots of a study into something to print.

    Args:
        spec: the study's spec.
        alive: returns how many worker processes of this search run now.
    """

    spec: Spec
    alive: Callable[[], int]
    stopping: bool = False
    """Whether the user asked to stop."""
    _best: list[float] = field(default_factory=list)
    """The best value after each change, oldest first; trials that are still in training count."""
    _leader: str = ""
    """The trial with the best value."""
    _phases: dict[int, str] = field(default_factory=dict)
    """What workers on this machine are doing, by run."""

    def update(self, now: Snapshot) -> None:
        """Record the best value so far, and what the workers are doing."""
        running = [run for run in now.active if run.state == "running" and run.worker is not None]
        self._phases = read_phases(self.spec, [str(run.worker) for run in running[:MAX_ROWS]])
        if now.use.best is not None and now.use.leader is not None:
            self._note(now.use.best, now.use.leader.trial, now.use.leader.candidate, "")
        for run in running:
            if run.kind == "search" and run.metric is not None:
                self._note(run.metric, run.trial, run.candidate, " (in training)")

    @property
    def best(self) -> float | None:
        """The best value of the first objective so far."""
        return self._best[-1] if self._best else None

    def _note(self, value: float, trial: int, candidate: dict[str, Any], about: str) -> None:
        sign = sign_of(self.spec.objectives[0].direction)
        if self._best and sign * value > sign * self._best[-1]:
            return
        if not self._best or value != self._best[-1]:
            self._best.append(value)
        elif about:
            return
        self._leader = f"trial {trial}{about}: {short_candidate(candidate)}"

    def render(self, now: Snapshot) -> RenderableType:
        """Return the whole view; it fits 80 columns."""
        return Group(self._title(now), self._head(now), Text(), self._workers(now), Text(self._hint(), style="dim"))

    def line(self, now: Snapshot) -> str:
        """Return one line: elapsed time, the best value, counts, and what is in training."""
        parts = [format_duration(now.use.seconds)]
        if self.best is not None:
            parts.append(f"best {self.spec.objectives[0].metric} {self.best:.4f}")
        parts += [_counted(state, number) for state, number in now.counts.items() if number]
        running = [run for run in now.active if run.state == "running"]
        parts += [f"{_label(run)} {self._progress(run)}" for run in running[:4]]
        if len(running) > 4:
            parts.append(f"{len(running) - 4} more running")
        if not running:
            parts.append(self._phase(now))
        return " · ".join(parts)

    def _hint(self) -> str:
        if self.stopping:
            return "stopping at the next evaluation; press Ctrl-C again to stop now"
        return "Ctrl-C stops at the next evaluation; the same command resumes the search"

    def _title(self, now: Snapshot) -> Text:
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(escaped(self.spec.name), style="bold cyan")
        title.append(f"  {self._phase(now)}", style="dim")
        return title

    def _head(self, now: Snapshot) -> Table:
        head = Table.grid(padding=(0, 2), expand=True)
        head.add_column(no_wrap=True, width=6)
        head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        head.add_row("budget", _budget(now))
        head.add_row("best", self._best_so_far())
        head.add_row("trials", _counts(now))
        return head

    def _phase(self, now: Snapshot) -> str:
        done, open_ = now.counts.get("final", 0), sum(run.kind == "final" for run in now.active)
        if done or open_:
            return f"training finalists: {done} of {done + open_} done"
        if now.use.spent is not None and not now.active:
            return "finishing"
        return "searching" if now.active or any(now.counts.values()) else "starting workers"

    def _best_so_far(self) -> Text:
        if self.best is None:
            return Text("no trial has been evaluated yet", style="dim")
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{self.spec.objectives[0].metric} {self.best:.4f}", style="bold green")
        if len(self._best) > 1:
            downwards = self.spec.objectives[0].direction == "minimize"
            text.append(f"  {sparkline(self._best, _CURVE_WIDTH, downwards=downwards)}", style="green")
        text.append(f"  {escaped(self._leader)}", style="dim")
        return text

    def _workers(self, now: Snapshot) -> RenderableType:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, padding=(0, 1, 0, 0))
        table.add_column("trial", no_wrap=True)
        table.add_column("", no_wrap=True)
        for title in ("epoch", self.spec.objectives[0].metric, "left"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("hyperparameters", overflow="ellipsis", no_wrap=True, style="dim", ratio=1)
        for run in now.active[:MAX_ROWS]:
            table.add_row(*self._run_cells(run))
        if (more := len(now.active) - MAX_ROWS) > 0:
            table.add_row(f"+{more}", "more", "", "", "", "")
        if (idle := self._idle(now)) > 0:
            doing = "starting" if not any(now.counts.values()) and not now.active else "waiting for work"
            table.add_row("–", doing, "", "", "", f"{idle} worker{'s' * (idle != 1)}")
        return table

    def _run_cells(self, run: Run) -> tuple[RenderableType, ...]:
        left = "" if not run.epoch_seconds else format_duration(run.epoch_seconds * max(run.epochs - run.epoch, 0))
        metric = "" if run.metric is None else f"{run.metric:.4f}"
        doing = safe_text(self._doing(run), "" if run.state == "running" else "dim")
        return _label(run), doing, f"{run.epoch}/{run.epochs}", metric, left, safe_text(short_candidate(run.candidate))

    def _progress(self, run: Run) -> str:
        return f"epoch {run.epoch}/{run.epochs}" if run.epoch else self._doing(run)

    def _doing(self, run: Run) -> str:
        if run.state != "running":
            return run.state
        # Workers on other machines report no phase: before the first epoch they build and compile.
        return self._phases.get(run.id) or ("training" if run.epoch else "compiling")

    def _idle(self, now: Snapshot) -> int:
        mine = worker_prefix()
        busy = sum(run.state == "running" and mine in (run.worker or "") for run in now.active)
        return self.alive() - busy


def _counted(state: str, number: int) -> str:
    if state != "final":
        return f"{number:,} {state}"
    return f"{number:,} finalist run{'s' * (number != 1)}"


def _label(run: Run) -> str:
    return f"trial {run.trial}" if run.kind == "search" else f"trial {run.trial} seed {run.seed}"


def _budget(now: Snapshot) -> Text:
    use, parts, used, reserved = now.use, [], 0.0, 0.0
    if use.trial_budget is None:
        parts.append(f"{use.trials:,} trials")
    else:
        parts.append(f"{use.trials:,} of {use.trial_budget:,} trials")
        used = use.trials / max(use.trial_budget, 1)
    if use.time_budget is None:
        parts.append(format_duration(use.seconds))
    else:
        parts.append(f"{format_duration(use.seconds)} of {format_duration(use.time_budget)}")
        used, reserved = max(used, use.seconds / use.time_budget), use.reserved_seconds / use.time_budget
        if use.reserved_seconds >= 1:
            parts.append(f"{format_duration(use.reserved_seconds)} for finalists")
    if use.target is not None:
        parts.append(f"target {use.target:g}")
    return Text.assemble(budget_bar(used, reserved, _BAR_WIDTH), "  ", " · ".join(parts))


def _counts(now: Snapshot) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for state, style in _STATES:
        number = now.counts.get(state, 0)
        text.append(f"{number:,} {state}", style=style if number else "dim")
        text.append("   ")
    return text
