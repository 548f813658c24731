"""Reading a data set with a progress bar."""

from __future__ import annotations

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from automap.data.prepare import PreparedData, prepare
from automap.spec.display import SafeConsole
from automap.spec.spec import Spec


class RateColumn(ProgressColumn):
    """How many are done a second."""

    def render(self, task: Task) -> Text:
        """Return the rate of the last half minute; nothing while it is not known."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="progress.data.speed")


def prepare_data(console: SafeConsole, spec: Spec) -> PreparedData:
    """Open a spec's data set from the cache, or read it and show how far that is.

    Args:
        console: where to draw the bar; standard error.
        spec: the spec.
    """
    what = TextColumn("{task.description}", markup=False)
    columns = (what, BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading the data set", total=None)
        return prepare(
            spec.dataset,
            shared=spec.cache,
            progress=lambda done, total, what: progress.update(task, completed=done, total=total, description=what),
        )
