"""Writing answers as tables, JSON, JSON lines and CSV, and as image files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich import box
from rich.table import Table

from automap.cli.console import output_console, print_json, print_lines
from automap.exceptions import UserError
from automap.interfaces.answer import Cell, PixelAnswer, Row
from automap.spec.display import escaped, safe_text

if TYPE_CHECKING:
    from automap.models.model import LoadedModel
    from automap.models.predict import Prediction

IMAGE_COLUMN = "image"


class WrittenAnswer(NamedTuple):
    """A prediction and the files that were written for it."""

    prediction: Prediction
    files: dict[str, str]
    """Paths of the saved ``picture`` and ``drawing``."""

    def to_data(self) -> dict[str, Any]:
        """Return the answer as plain data with numbers at full precision."""
        assert self.prediction.answer is not None
        data = self.prediction.answer.model_dump(mode="json")
        return {IMAGE_COLUMN: self.prediction.name, **data, **self.files}

    def rows(self, top: int) -> list[Row]:
        """Return the rows of a table; the first column is the image."""
        assert self.prediction.answer is not None
        return [
            {IMAGE_COLUMN: self.prediction.name, **_renamed(row), **self.files}
            for row in self.prediction.answer.rows(top)
        ]


def _renamed(row: Row) -> Row:
    # A class or number of the data set may have the name of another column.
    return {f"{name} (answer)" if name in (IMAGE_COLUMN, "picture", "drawing") else name: row[name] for name in row}


class OutputFiles:
    """Saves pictures and drawings under unique names that never overwrite an input.

    Args:
        inputs: the images that are read.
        pictures: folder for answers that are pictures; None to save none.
        drawings: folder for drawings; None to save none.

    Raises:
        UserError: if a folder cannot be created.
    """

    def __init__(self, inputs: Sequence[Path], pictures: Path | None, drawings: Path | None) -> None:
        self._pictures, self._drawings = pictures, drawings
        for folder in (pictures, drawings):
            if folder is not None:
                _create(folder)
        wanted = pictures is not None or drawings is not None
        # Compared case-insensitively, like some file systems do.
        self._taken = {_key(path) for path in inputs} if wanted else set()

    def save(self, model: LoadedModel, prediction: Prediction) -> WrittenAnswer:
        """Save the picture and the drawing of an answer, and return it without pixels.

        Raises:
            UserError: if a file cannot be written.
        """
        from automap.models.predict import draw

        answer, files = prediction.answer, {}
        if answer is not None and self._pictures is not None and isinstance(answer, PixelAnswer):
            files["picture"] = self._write(answer.picture(), self._pictures, prediction.name)
        if answer is not None and self._drawings is not None:
            files["drawing"] = self._write(draw(model, prediction), self._drawings, prediction.name)
        return WrittenAnswer(prediction.without_pixels(), files)

    def _write(self, picture: Any, folder: Path, name: str) -> str:
        stem = Path(name).stem
        path, number = folder / f"{stem}.png", 1
        while _key(path) in self._taken:
            number += 1
            path = folder / f"{stem}-{number}.png"
        self._taken.add(_key(path))
        try:
            picture.save(path)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror or error}") from None
        return str(path)


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot create the folder {folder}: {error.strerror}") from None


def _key(path: Path) -> str:
    return str(path.absolute().resolve()).casefold()


def write_answers(found: Sequence[WrittenAnswer], top: int, format_: str) -> None:
    """Write answers to standard output; images that could not be read are left out.

    Args:
        found: the answers.
        top: number of classes in tables and CSV.
        format_: ``table``, ``json``, ``jsonl`` or ``csv``.
    """
    read = [each for each in found if each.prediction.answer is not None]
    if format_ == "json":
        print_json([each.to_data() for each in read])
    elif format_ == "jsonl" and read:
        print_lines("\n".join(json.dumps(each.to_data(), allow_nan=False) for each in read))
    elif read:
        rows = [row for each in read for row in each.rows(top)]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        if format_ == "csv":
            print_lines(_csv(rows, columns), end="")
        else:
            output_console().print(_table(rows, columns))


def _csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    writer = csv.writer(text := io.StringIO(), lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue()


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row.get(column, 0.0), int | float) for row in rows)
        table.add_column(escaped(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(safe_text(_shown(row[column]) if column in row else "") for column in columns))
    return table


def _shown(value: Cell) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.1f}"
    return str(value)
