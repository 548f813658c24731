"""One trial, as ``automap show`` prints it."""

from __future__ import annotations

from automap.leaderboard.trial_render import trial_page
from automap.leaderboard.trial_view import read_trial
from automap.report.browser.page_screen import PageScreen
from automap.store.studies import get_study
from automap.store.study_store import StudyStore


class TrialScreen(PageScreen):
    """Everything that is known of a trial.

    Args:
        store: the study's records.
        trial: its number.
    """

    def __init__(self, store: StudyStore, trial: int) -> None:
        super().__init__()
        self._store, self._trial = store, trial

    def on_mount(self) -> None:
        """Read the trial."""
        study = get_study(self._store)
        self.title = f"{study.name} · trial {self._trial}"
        view = read_trial(self._store.engine, study, self._trial)
        self.show(trial_page(view, self.page_width))
