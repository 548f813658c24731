"""Reading a data set with a progress bar."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from automap.data.prepare import PreparedData, prepare
from automap.spec.spec import Spec


def prepare_data(console: Console, spec: Spec) -> PreparedData:
    """Open a spec's data set from the cache, or read it and show how far that is.

    Args:
        console: where to draw the bar; standard error.
        spec: the spec.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading the data set", total=None)
        return prepare(
            spec.dataset,
            progress=lambda done, total, what: progress.update(task, completed=done, total=total, description=what),
        )
