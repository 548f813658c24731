"""The application: which screens there are, and the keys that work in all of them."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Engine
from textual.app import App
from textual.binding import BindingType

from automap.report.browser.studies_screen import StudiesScreen
from automap.report.browser.study_screen import StudyScreen
from automap.store.studies import StudyRow


class Browser(App[None]):
    """Browses the studies of a database.

    Args:
        engine: the database.
        study: the study to open first; None for the list of studies.
    """

    TITLE = "automap"
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit")]
    CSS = """
    DataTable { height: 1fr; }
    #facts { height: auto; padding: 0 1; }
    #filter { display: none; height: 3; }
    #filter.shown { display: block; }
    .page { padding: 0 1; }
    """

    def __init__(self, engine: Engine, study: StudyRow | None = None) -> None:
        super().__init__()
        self._engine, self._study = engine, study

    def on_mount(self) -> None:
        """Show the list of studies, and the study that was asked for above it."""
        self.push_screen(StudiesScreen(self._engine))
        if self._study is not None:
            self.push_screen(StudyScreen(self._engine, self._study.id))
