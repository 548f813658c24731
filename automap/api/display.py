"""Displays of progress: in a terminal, in a notebook, as lines of a log, or none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from rich.console import RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from automap.api.search_view import SearchView
from automap.spec.display import SafeConsole, html_of
from automap.workers.driver import Snapshot, View

LINE_SECONDS = 60.0
"""Seconds after which, without a terminal, a line is written even if nothing has changed."""

ReadingProgress = Callable[[int, int | None, str], None]
"""Called with the number of finished files, their total number, and what is being done with them."""


class Display(Protocol):
    """Shows messages and progress."""

    def say(self, message: str, style: str = "") -> None:
        """Show a message."""

    def reading(self) -> AbstractContextManager[ReadingProgress]:
        """Show the progress of reading a data set within the block."""

    def searching(self, view: SearchView) -> AbstractContextManager[View]:
        """Show the progress of a search within the block."""


def make_display(progress: bool) -> Display:
    """Return the display that suits this process.

    Args:
        progress: False for none.
    """
    if not progress:
        return _Silent()
    if _in_notebook():
        return _Notebook()
    console = SafeConsole(stderr=True)
    return _Terminal(console) if console.is_terminal and not console.is_dumb_terminal else _Lines(console)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


class _Silent:
    def say(self, message: str, style: str = "") -> None:
        """Show nothing."""

    @contextmanager
    def reading(self) -> Iterator[ReadingProgress]:
        yield _ignore

    @contextmanager
    def searching(self, view: SearchView) -> Iterator[View]:
        yield _Watcher(view, _ignore, self.say)


def _ignore(*_: object) -> None:
    pass


class _Watcher:
    """Passes the driver's updates to a display."""

    def __init__(self, view: SearchView, show: Callable[[Snapshot], None], say: Callable[[str, str], None]) -> None:
        self._view, self._show, self._say = view, show, say
        self._away: str | None = None

    def update(self, now: Snapshot) -> None:
        """Show the current state of the search."""
        self._away = None
        self._view.update(now)
        self._show(now)

    def database_away(self, reason: str) -> None:
        """Show once that the database does not answer."""
        if self._away != reason:
            self._say(f"waiting for the database: {reason}", "yellow")
        self._away = reason


class _Printing:
    """Messages as lines of a console."""

    def __init__(self, console: SafeConsole) -> None:
        self._console = console

    def say(self, message: str, style: str = "") -> None:
        # Never wrapped, so that other programs can read it.
        self._console.print(Text(message, style=style), soft_wrap=True)


class _Terminal(_Printing):
    """Redraws in place."""

    @contextmanager
    def reading(self) -> Iterator[ReadingProgress]:
        what = TextColumn("{task.description}", markup=False)
        columns = (what, BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("reading the data set", total=None)
            yield lambda done, total, what: progress.update(task, completed=done, total=total, description=what)

    @contextmanager
    def searching(self, view: SearchView) -> Iterator[View]:
        with Live(console=self._console, refresh_per_second=4, transient=True) as live:
            yield _Watcher(view, lambda now: live.update(view.render(now)), self.say)


class _Rate(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="progress.data.speed")


class _Lines(_Printing):
    """Writes a line whenever a trial ends or the best value improves, and one each minute: for logs."""

    @contextmanager
    def reading(self) -> Iterator[ReadingProgress]:
        due = time.monotonic() + LINE_SECONDS

        def show(done: int, total: int | None, what: str) -> None:
            nonlocal due
            if time.monotonic() >= due:
                self.say(f"{what}: {done:,}" + ("" if total is None else f" of {total:,}"))
                due = time.monotonic() + LINE_SECONDS

        yield show

    @contextmanager
    def searching(self, view: SearchView) -> Iterator[View]:
        shown: tuple[dict[str, int], float | None] = {}, None
        due = 0.0

        def show(now: Snapshot) -> None:
            nonlocal shown, due
            if (now.counts, view.best) != shown or time.monotonic() >= due:
                self.say(view.line(now))
                shown, due = (dict(now.counts), view.best), time.monotonic() + LINE_SECONDS

        yield _Watcher(view, show, self.say)


class _Notebook:
    """Replaces the output of a notebook cell, with IPython's own display and without widgets."""

    def __init__(self) -> None:
        from IPython import display

        self._ipython: Any = display

    def say(self, message: str, style: str = "") -> None:
        self._ipython.display(self._html(Text(message, style=style)))

    @contextmanager
    def reading(self) -> Iterator[ReadingProgress]:
        shown, due = self._ipython.display(self._html(Text("reading the data set")), display_id=True), 0.0

        def show(done: int, total: int | None, what: str) -> None:
            nonlocal due
            if time.monotonic() >= due:
                shown.update(self._html(Text(f"{what}: {done:,}" + ("" if total is None else f" of {total:,}"))))
                due = time.monotonic() + 0.5

        yield show
        shown.update(self._html(Text("")))

    @contextmanager
    def searching(self, view: SearchView) -> Iterator[View]:
        shown = self._ipython.display(self._html(Text("starting workers")), display_id=True)
        yield _Watcher(view, lambda now: shown.update(self._html(view.render(now))), self.say)

    def _html(self, renderable: RenderableType) -> Any:
        return self._ipython.HTML(html_of(renderable))
