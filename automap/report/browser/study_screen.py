"""One study: its trials, live; sorting, filtering, comparing; stopping and extending the search."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Engine
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Header, Input, Static

from automap.report.browser.compare_screen import CompareScreen
from automap.report.browser.table import LiveTable
from automap.report.browser.trial_screen import TrialScreen
from automap.report.overview import headline
from automap.report.study_data import StudyData, read_study_data
from automap.report.table import trial_table
from automap.store.engine import open_database
from automap.store.studies import StudyRow, get_study, set_budget
from automap.store.study_store import StudyStore

REFRESH_SECONDS = 2.0
MORE_TRIALS = 10


class StudyScreen(Screen[None]):
    """The trials of a study.

    Args:
        engine: the database.
        study_id: of the study.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "back", "Back"),
        ("slash", "filter", "Filter"),
        ("s", "sort", "Sort"),
        ("S", "reverse", "Reverse"),
        ("c", "compare", "Compare"),
        ("plus", "extend", f"+{MORE_TRIALS} trials"),
        ("x", "stop", "No more trials"),
    ]

    def __init__(self, engine: Engine, study_id: int) -> None:
        super().__init__()
        self._store = StudyStore(engine, study_id)
        self._marked: str | None = None
        self._titles: list[str] = []

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield Header()
        yield Static(id="facts", markup=False)
        yield Input(placeholder="words that rows must contain", id="filter")
        yield LiveTable()
        yield Footer()

    def on_mount(self) -> None:
        """Read the study, and again from time to time."""
        self.query_one(LiveTable).focus()
        self.reload()
        self.set_interval(REFRESH_SECONDS, self.reload)

    @work(thread=True, exclusive=True)
    def reload(self) -> None:
        """Read the study from the database."""
        data = read_study_data(self._store.engine, get_study(self._store), curves=False)
        self.app.call_from_thread(self._show, data)

    def _show(self, data: StudyData) -> None:
        table = trial_table(data)
        self.title = data.study.name
        self._titles = table["columns"]
        facts = " · ".join(f"{name} {text}" for name, text in headline(data).items() if name != "Started")
        self.query_one("#facts", Static).update(facts)
        rows = {str(row["trial"]): row["cells"] for row in table["rows"]}
        self.query_one(LiveTable).show(self._titles, rows)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open a trial."""
        self.app.push_screen(TrialScreen(self._store, int(str(event.row_key.value))))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while the user types."""
        self.query_one(LiveTable).filter(event.value)

    def on_input_submitted(self) -> None:
        """Go back from the filter to the table."""
        self.query_one(LiveTable).focus()

    def action_back(self) -> None:
        """Close the filter, or leave the study."""
        field = self.query_one("#filter", Input)
        if field.has_class("shown"):
            field.value = ""
            field.remove_class("shown")
            self.query_one(LiveTable).focus()
        else:
            self.app.pop_screen()

    def action_filter(self) -> None:
        """Open the filter."""
        field = self.query_one("#filter", Input)
        field.add_class("shown")
        field.focus()

    def action_sort(self) -> None:
        """Sort by the next column."""
        table = self.query_one(LiveTable)
        following = 0 if table.sorted_by is None else (table.sorted_by + 1) % max(1, len(self._titles))
        table.sort_by(following)
        self.notify(f"sorted by {self._titles[following]}", timeout=2)

    def action_reverse(self) -> None:
        """Reverse the order."""
        table = self.query_one(LiveTable)
        table.sort_by(table.sorted_by or 0)

    def action_compare(self) -> None:
        """Mark the first trial, or compare it with the second one."""
        current = self.query_one(LiveTable).current
        if current is None:
            return
        if self._marked is None or self._marked == current:
            self._marked = current
            self.notify(f"trial {current} is marked; go to another trial and press c again")
            return
        self.app.push_screen(CompareScreen(self._store, (int(self._marked), int(current))))
        self._marked = None

    def action_extend(self) -> None:
        """Allow the search more trials."""
        row = get_study(self._store)
        allowed = max(row.trial_budget or 0, row.slots_taken) + MORE_TRIALS
        self._set_trial_budget(row, allowed)
        self.notify(f"the budget is now {allowed} trials; resume a search that has ended with: automap search SPEC")

    def action_stop(self) -> None:
        """Let the search start no more trials."""
        row = get_study(self._store)
        if row.slots_taken == 0:
            self.notify("no trial has started yet", severity="warning")
            return
        self._set_trial_budget(row, row.slots_taken)
        self.notify("no new trial will start; running and paused ones are finished, then the search ends")

    def _set_trial_budget(self, row: StudyRow, trials: int) -> None:
        # The screen's own connection only reads.
        engine = open_database(self._store.engine.url.render_as_string(hide_password=False))
        set_budget(StudyStore(engine, row.id), trial_budget=trials, time_budget=row.time_budget)
        engine.dispose()
