"""Finding the columns of a table that hold images and targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from automap.data.recognise.table_columns import Column, read_columns
from automap.data.recognise.table_features import Features, table_features
from automap.data.sources.csv import Csv
from automap.data.sources.layout import split_named
from automap.data.sources.table_targets import YES
from automap.exceptions import DataError
from automap.spec.suggest import listed

IMAGES = ("image", "file", "filename", "file_name", "filepath", "file_path", "path", "image_path", "img")
GROUPS = ("group", "patient", "patient_id", "subject", "subject_id")
SPLITS = ("split", "subset", "partition", "fold")
LABELS = ("label", "class", "class_name", "category", "target", "species", "diagnosis")
PERSONS = ("identity", "person", "name")
SEVERAL = ("labels", "tags", "classes", "categories", "genres", "attributes", "findings")
NUMBERS = ("age", "score", "value", "rating", "weight", "price", "count", "angle", "temperature", "sigma")
"""Usual names of columns, in lower case."""
BESIDE = ("", "id", "index", "number", "no", "nr", "row", "unnamed: 0", "width", "height", "channels", "bytes", "size")
"""Usual names of columns that number rows or describe files."""

MANY = 20
"""A column with more distinct whole numbers than this is taken for numbers to predict, not for classes."""
SHOWN = 8

Targets = tuple[dict[str, Any], tuple[str, ...]]
"""Fields that name the targets, and notes about what was assumed."""


class TableLayout(NamedTuple):
    """How to read a table."""

    fields: Mapping[str, Any]
    """Fields of a ``csv`` data set that differ from their defaults."""
    notes: tuple[str, ...]
    """What was assumed, one line each."""


def table_layout(path: Path, wanted: frozenset[str] | None = None) -> TableLayout:
    """Find the columns of a table by their names and contents.

    Args:
        path: CSV, TSV or Parquet.
        wanted: kinds of target (`Dataset.target`), one of which is needed; None for the likeliest.

    Raises:
        DataError: if the table cannot be read, or no column seems to hold images or targets.
    """
    columns = read_columns(path)
    image = _named(columns, IMAGES) or next((column for column in columns if column.names_images), None)
    if image is None:
        raise DataError(
            f"{path}: no column seems to hold image paths; expected a column named image; found {_names(columns)}"
        )
    group = _named(columns, GROUPS)
    split = next((each for each in columns if each.name.lower() in SPLITS and each.names_splits), None)
    rest = [column for column in columns if column.cells and column not in (image, group, split)]
    tried = [*_LIKELY, *_IF_ASKED] if wanted is not None else _LIKELY
    suited = (find(rest) for kind, find in tried if wanted is None or kind in wanted)
    found = next((targets for targets in suited if targets is not None), None)
    if found is None:
        raise DataError(_nothing_found(path, rest, wanted))
    targets, notes = found
    features = _features(rest, targets)
    notes = (*notes, *features.notes, *_unused_numbers(rest, targets, features), *_unused_splits(columns))
    roles = {"image_column": image, "group_column": group, "split_column": split}
    named = {field: column.name for field, column in roles.items() if column is not None}
    fields: dict[str, Any] = {**named, **targets}
    if features.features:
        fields["features"] = features.features
    defaults = Csv.model_fields
    return TableLayout({field: value for field, value in fields.items() if value != defaults[field].default}, notes)


def _features(rest: Sequence[Column], targets: Mapping[str, Any]) -> Features:
    named = {name for names in targets.values() for name in ([names] if isinstance(names, str) else names)}
    others = [column for column in rest if column.name not in named and not _beside(column)]
    return table_features(others, [column for column in rest if column.name in named])


def _unused_numbers(rest: Sequence[Column], targets: Mapping[str, Any], features: Features) -> Iterator[str]:
    if "label_column" in targets and "label_separator" not in targets:
        used = {targets["label_column"], *(each["column"] for each in features.features)}
        if measures := [each.name for each in _measures(rest) if each.name not in used]:
            yield f"not used: the numbers in {_list(measures)}; --task regression predicts them"


def _unused_splits(columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        strange = sorted(cell for cell in column.distinct if split_named(cell) is None)
        if column.name.lower() in SPLITS[:2] and strange and len(strange) < len(column.distinct):
            yield f"not used: the splits in {column.name}, since {strange[0]} is not a split; see split_column"


def _separated(rest: Sequence[Column]) -> Targets | None:
    """Return one column of several labels a cell, under a usual name."""
    return _several_in(column for column in rest if column.name.lower() in LABELS + SEVERAL)


def _separated_anywhere(rest: Sequence[Column]) -> Targets | None:
    return _several_in(column for column in rest if column.recurs)


def _several_in(columns: Iterable[Column]) -> Targets | None:
    column = next((each for each in columns if each.separator), None)
    if column is None:
        return None
    shown = "a space" if column.separator == " " else f"'{column.separator}'"
    note = f"assumed: {shown} separates the labels in {column.name}; an image may have any number of them"
    return {"label_column": column.name, "label_separator": column.separator}, (note,)


def _named_numbers(rest: Sequence[Column]) -> Targets | None:
    """Return a column that has the name of a label column but contains measurements."""
    column = _named(rest, LABELS)
    if column is None or not (column.real or (_many(column) and column.name.lower() == "target")):
        return None
    return _predicted([column], "it has too many different numbers to be classes")


def _named_label(rest: Sequence[Column]) -> Targets | None:
    persons = [each for each in rest if each.recurs]
    column = _named(rest, LABELS) or _named(rest, SEVERAL) or _named(persons, PERSONS)
    if column is None or column.real:
        return None
    return {"label_column": column.name}, ()


def _marked(rest: Sequence[Column]) -> Targets | None:
    """Return several columns of 0 and 1."""
    found = _marked_once(rest)
    return found if found is not None and len(found[0]["label_columns"]) > 1 else None


def _marked_once(rest: Sequence[Column]) -> Targets | None:
    """Return the columns of 0 and 1, one or more."""
    marks = [column for column in rest if column.marks and column.name.lower() not in BESIDE]
    if not marks:
        return None
    names = [column.name for column in marks]
    notes = [f"assumed: each of {_list(names)} is a label, as they hold 0 and 1"]
    if len(marks) > 1 and len({len(column.cells) for column in marks}) == 1 and _one_each(marks):
        notes.append("each image has exactly one of them: if they are classes, a column named label is simpler")
    return {"label_columns": names}, tuple(notes)


def _one_each(marks: Sequence[Column]) -> bool:
    rows = zip(*(column.cells for column in marks), strict=True)
    return all(sum(cell.lower() in YES for cell in row) == 1 for row in rows)


def _measured(rest: Sequence[Column]) -> Targets | None:
    found = _measures(rest)
    return _predicted(found, "they hold measurements, not classes") if found else None


def _any_numbers(rest: Sequence[Column]) -> Targets | None:
    found = [column for column in rest if column.numbers and not _beside(column)]
    return _predicted(found, "no other column holds numbers") if found else None


def _only_label(rest: Sequence[Column]) -> Targets | None:
    """Return the only column whose cells recur, as classes do."""
    column = _only_recurring(rest)
    if column is None:
        return None
    return {"label_column": column.name}, (f"assumed: {column.name} is the class; no other column could be",)


def _only_separated(rest: Sequence[Column]) -> Targets | None:
    """Return the only column whose cells recur, if several labels stand in one."""
    column = _only_recurring(rest)
    return None if column is None else _several_in([column])


def _only_recurring(rest: Sequence[Column]) -> Column | None:
    recurring = [column for column in rest if column.recurs and not column.real and not _beside(column)]
    return recurring[0] if len(recurring) == 1 else None


_Find = Callable[[Sequence[Column]], Targets | None]
_LIKELY: tuple[tuple[str, _Find], ...] = (
    ("labels", _separated),
    ("numbers", _named_numbers),
    ("label", _named_label),
    ("labels", _marked),
    ("numbers", _measured),
    ("labels", _only_separated),
    ("label", _only_label),
)
"""Functions that find targets of a kind, the likeliest first."""
_IF_ASKED: tuple[tuple[str, _Find], ...] = (
    ("labels", _separated_anywhere),
    ("labels", _marked_once),
    ("numbers", _any_numbers),
)
"""Functions that are tried last, if the user named a task with such targets."""


def _measures(rest: Sequence[Column]) -> list[Column]:
    """Return the columns of numbers that are measures: by name, not whole, or if there are none, of many values."""
    numeric = [each for each in rest if each.numbers and not each.marks and not _beside(each)]
    sure = [each for each in numeric if each.real or each.name.lower() in NUMBERS]
    return sure or [each for each in numeric if _many(each)]


def _many(column: Column) -> bool:
    return len({*column.numbers}) > MANY


def _beside(column: Column) -> bool:
    """Return whether a column numbers rows or describes files."""
    name, numbers = column.name.lower(), column.numbers
    rising = len(numbers) > 1 and all(after - before == 1 for before, after in pairwise(numbers))
    return name in BESIDE or name.endswith("_id") or (rising and name not in NUMBERS)


def _predicted(columns: Sequence[Column], reason: str) -> Targets:
    ranges = [f"{each.name} ({min(each.numbers):g} to {max(each.numbers):g})" for each in columns]
    note = f"assumed: predict the numbers in {_list(ranges)}, since {reason}; set number_columns for others"
    return {"number_columns": [each.name for each in columns]}, (note,)


def _nothing_found(path: Path, rest: Sequence[Column], wanted: frozenset[str] | None) -> str:
    expected = {
        "label": "label (a class)",
        "labels": "two or more columns of 0 and 1, or labels separated by ;",
        "numbers": "a column of numbers",
    }
    kinds = [text for kind, text in expected.items() if wanted is None or kind in wanted]
    return (
        f"{path}: no column seems to hold targets; expected {', or '.join(kinds)}; "
        f"found {_names(rest) or 'none'}. Rename a column, or write the spec by hand with label_column, label_columns "
        "or number_columns"
    )


def _named(columns: Sequence[Column], names: Iterable[str]) -> Column | None:
    return next((column for name in names for column in columns if column.name.lower() == name), None)


def _names(columns: Iterable[Column]) -> str:
    return listed([column.name for column in columns])


def _list(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
