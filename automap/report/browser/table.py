"""A table that follows its data: only cells that changed are drawn again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text
from textual.widgets import DataTable


class LiveTable(DataTable[Text]):
    """Rows by key, sorted by a column and filtered by words.

    Cells are texts with the value that they are sorted by; values of None come last.
    """

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True)
        self._titles: tuple[str, ...] = ()
        self._all: dict[str, Sequence[Sequence[Any]]] = {}
        self._shown: dict[str, Sequence[Sequence[Any]]] = {}
        self._words: tuple[str, ...] = ()
        self._sorted_by: int | None = None
        self._descending = False

    def show(self, titles: Sequence[str], rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Show rows: pairs of text and value for each column, by a key that stays the same."""
        if self._titles != tuple(titles):
            self._titles, self._shown = tuple(titles), {}
            self.clear(columns=True)
            for index, title in enumerate(titles):
                self.add_column(title, key=str(index))
        self._all = dict(rows)
        self._update()

    def filter(self, text: str) -> None:
        """Show only the rows that contain every word."""
        self._words = tuple(text.lower().split())
        self._update()

    def sort_by(self, index: int) -> None:
        """Sort by a column; a second call reverses the order."""
        self._descending = self._sorted_by == index and not self._descending
        self._sorted_by = index
        self._order()

    @property
    def sorted_by(self) -> int | None:
        """Index of the column; None for the order in which the rows came."""
        return self._sorted_by

    @property
    def current(self) -> str | None:
        """Key of the row under the cursor."""
        if not self.row_count:
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Sort by the column that was clicked."""
        self.sort_by(event.column_index)

    def _update(self) -> None:
        wanted = {key: cells for key, cells in self._all.items() if self._matches(cells)}
        if list(wanted) != list(self._shown):
            self._rebuild(wanted)
        else:
            self._change(wanted)
        self._shown = wanted
        self._order()

    def _rebuild(self, wanted: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        place = self.current
        self.clear()
        for key, cells in wanted.items():
            self.add_row(*(Text(str(cell[0])) for cell in cells), key=key)
        if place is not None and place in wanted:
            self.move_cursor(row=self.get_row_index(place))

    def _change(self, wanted: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        for key, cells in wanted.items():
            before = self._shown[key]
            for index, cell in enumerate(cells):
                if cell != before[index]:
                    self.update_cell(key, str(index), Text(str(cell[0])))

    def _order(self) -> None:
        index = self._sorted_by
        if index is None:
            return
        known = [key for key, cells in self._shown.items() if cells[index][1] is not None]
        known.sort(key=lambda key: _sortable(self._shown[key][index][1]), reverse=self._descending)
        unknown = [key for key, cells in self._shown.items() if cells[index][1] is None]
        places = {key: place for place, key in enumerate([*known, *unknown])}
        self._row_order(places)

    def _row_order(self, places: Mapping[str, int]) -> None:
        # DataTable sorts by cells; the first column's cells stand for their rows here.
        first = {key: self.get_cell(key, "0") for key in places}
        by_identity = {id(cell): places[key] for key, cell in first.items()}
        self.sort("0", key=lambda cell: by_identity[id(cell)])

    def _matches(self, cells: Sequence[Sequence[Any]]) -> bool:
        text = " ".join(str(cell[0]) for cell in cells).lower() if self._words else ""
        return all(word in text for word in self._words)


def _sortable(value: Any) -> tuple[bool, Any]:
    return (isinstance(value, str), value)
