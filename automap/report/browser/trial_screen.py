"""One trial, as ``automap show`` prints it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Header, Static

from automap.leaderboard.trial_render import trial_page
from automap.leaderboard.trial_view import read_trial
from automap.store.studies import get_study
from automap.store.study_store import StudyStore


class TrialScreen(Screen[None]):
    """Everything that is known of a trial.

    Args:
        store: the study's records.
        trial: its number.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "app.pop_screen", "Back")]

    def __init__(self, store: StudyStore, trial: int) -> None:
        super().__init__()
        self._store, self._trial = store, trial

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield Header()
        with VerticalScroll(classes="page"):
            yield Static(id="page", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Read the trial."""
        study = get_study(self._store)
        self.title = f"{study.name} · trial {self._trial}"
        view = read_trial(self._store.engine, study, self._trial)
        self.query_one("#page", Static).update(trial_page(view, max(40, self.size.width - 4)))
