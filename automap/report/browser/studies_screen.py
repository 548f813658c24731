"""The list of studies."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Engine
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Header

from automap.report.browser.study_screen import StudyScreen
from automap.report.browser.table import LiveTable
from automap.store.studies import StudySummary, find_study, list_studies

TITLES = ("study", "started", "best", "trials", "running")
REFRESH_SECONDS = 2.0


class StudiesScreen(Screen[None]):
    """All studies of a database; Enter opens one.

    Args:
        engine: the database.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("r", "reload", "Reload")]

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield Header()
        yield LiveTable()
        yield Footer()

    def on_mount(self) -> None:
        """Read the studies, and again from time to time."""
        self.action_reload()
        self.set_interval(REFRESH_SECONDS, self.action_reload)

    @work(thread=True, exclusive=True)
    def action_reload(self) -> None:
        """Read the studies from the database."""
        found = list_studies(self._engine)
        rows = {study.name: _cells(study) for study in found}
        self.app.call_from_thread(self.query_one(LiveTable).show, TITLES, rows)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open a study."""
        row = find_study(self._engine, str(event.row_key.value))
        if row is not None:
            self.app.push_screen(StudyScreen(self._engine, row.id))


def _cells(study: StudySummary) -> list[tuple[str, object]]:
    ended = sum(number for state, number in study.counts.items() if state not in ("final", "running", "waiting"))
    running = study.counts.get("running", 0)
    best = "–" if study.best is None else f"{study.objectives[0].metric} {study.best:.4f}"
    return [
        (study.name, study.name),
        (f"{study.created_at:%Y-%m-%d %H:%M}", study.created_at.timestamp()),
        (best, study.best),
        (str(ended), ended),
        (str(running), running),
    ]
