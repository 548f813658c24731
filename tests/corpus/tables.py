"""Tables: quotes, cells, columns, delimiters, paths, labels, splits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from corpus.case import Case, fill, write

CSV = "{type: csv, path: data/t.csv}"


def table(
    change: Callable[[list[str]], list[str]] = lambda lines: lines, count: int = 40, encoding: str = "utf-8"
) -> Callable[[Path], None]:
    """Return what writes 40 images and a table of their paths with labels, changed."""

    def make(root: Path) -> None:
        fill(root / "data/im", count)
        lines = ["image,label"] + [f"im/{index}.png,{'cat' if index % 2 else 'dog'}" for index in range(count)]
        write(root / "data/t.csv", "\n".join([*change(lines), ""]).encode(encoding))

    return make


def replaced(number: int, text: str) -> Callable[[list[str]], list[str]]:
    """Return what replaces a line, counted from 1."""
    return lambda lines: [*lines[: number - 1], text, *lines[number:]]


def columns(*names: str, cells: Callable[[int], str]) -> Callable[[list[str]], list[str]]:
    """Return what adds columns."""
    return lambda lines: [",".join([lines[0], *names]), *(f"{line},{cells(i)}" for i, line in enumerate(lines[1:]))]


LOOSE = "{type: csv, path: data/t.csv, max_bad: 50%}"

CASES = [
    Case(
        "a quote that is never closed",
        table(replaced(7, 'im/5.png,"cat')),
        LOOSE,
        39,
        bad={"a quote is not closed": 1},
        init="data/t.csv",
    ),
    Case(
        "two quotes that are never closed",
        table(lambda lines: replaced(30, 'im/28.png,"dog')(replaced(7, 'im/5.png,"cat')(lines))),
        LOOSE,
        38,
        bad={"a quote is not closed": 2},
        init="data/t.csv",
    ),
    Case(
        "a quote within a cell",
        table(replaced(7, 'im/5.png,"cat" dog')),
        LOOSE,
        39,
        bad={"a quote within a cell; quote the whole cell, and double the quotes in it": 1},
        init="data/t.csv",
    ),
    Case(
        "delimiters in cells",
        table(
            lambda lines: [
                line.replace("cat", "dog, brown") if index % 4 == 2 else line for index, line in enumerate(lines)
            ]
        ),
        LOOSE,
        30,
        classes=("cat", "dog"),
        bad={"more cells than columns; a cell with the delimiter needs quotes": 10},
        init="data/t.csv",
    ),
    Case(
        "a missing cell",
        table(replaced(7, "im/5.png")),
        LOOSE,
        39,
        bad={"fewer cells than columns": 1},
        init="data/t.csv",
    ),
    Case(
        "quoted cells with delimiters and line breaks",
        table(columns("note", cells=lambda index: f'"one, {index}\ntwo ""{index}"""')),
        CSV,
        40,
        classes=("cat", "dog"),
        init="data/t.csv",
    ),
    Case(
        "duplicate columns",
        table(columns("label", cells=lambda index: "x")),
        CSV,
        error="duplicate column 'label'",
        init="data/t.csv",
    ),
    Case(
        "semicolons",
        table(lambda lines: [line.replace(",", ";") for line in lines]),
        CSV,
        40,
        classes=("cat", "dog"),
        init="data/t.csv",
    ),
    Case(
        "semicolons below a header with commas",
        table(lambda lines: [lines[0], *(line.replace(",", ";") for line in lines[1:])]),
        CSV,
        error="separated by ';', but the header by ','",
        init="data/t.csv",
    ),
    Case(
        "paths from Windows",
        table(lambda lines: [line.replace("/", "\\") for line in lines]),
        CSV,
        error="its path has backslashes: write / instead",
        init="data/t.csv",
    ),
    Case(
        "labels 1 and 1.0",
        table(
            lambda lines: [
                line.replace("cat", "1" if i % 4 else "1.0").replace("dog", "2") for i, line in enumerate(lines)
            ]
        ),
        CSV,
        40,
        classes=("1", "2"),
        init="data/t.csv",
    ),
    Case(
        "labels that are nan",
        table(lambda lines: [*lines[:39], "im/38.png,nan", "im/39.png,NaN"]),
        LOOSE,
        38,
        classes=("cat", "dog"),
        bad={"no label": 2},
        init="data/t.csv",
    ),
    Case(
        "labels that may stand for none",
        table(lambda lines: [*lines[:35], *(line.replace("cat", "N/A").replace("dog", "null") for line in lines[35:])]),
        CSV,
        40,
        warnings=("classes that may stand for missing labels: 'N/A', 'null'; clear these cells if they do",),
        init="data/t.csv",
    ),
    Case(
        "a line for spreadsheets",
        table(lambda lines: ["sep=;", *lines]),
        CSV,
        error="remove the line sep=…",
        init=None,
    ),
    Case("an empty table", table(lambda lines: []), CSV, error="data/t.csv is empty", init="data/t.csv"),
    Case(
        "decimal commas",
        table(lambda lines: ["image;age", *(f"im/{index}.png;{index},5" for index in range(40))]),
        "{type: csv, path: data/t.csv, number_columns: [age]}",
        error="'0,5' in the column 'age' is not a number; write decimals with a point",
        init=None,
    ),
    Case("a byte order mark", table(encoding="utf-8-sig"), CSV, 40, classes=("cat", "dog"), init="data/t.csv"),
    Case("UTF-16", table(encoding="utf-16"), CSV, error="UTF-16: save it as UTF-8", init="data/t.csv"),
    Case(
        "a split column with dev",
        table(columns("split", cells=lambda index: "dev" if index < 8 else "TRAIN")),
        "{type: csv, path: data/t.csv, split_column: split}",
        40,
        {"validation": 8},
        init="data/t.csv",
    ),
    Case(
        "an unknown split",
        table(columns("split", cells=lambda index: "holdout" if index < 8 else "train")),
        "{type: csv, path: data/t.csv, split_column: split, max_bad: 50%}",
        32,
        bad={"unknown split": 8},
        init="data/t.csv",
    ),
    Case(
        "columns of labels that are all zero",
        table(columns("a,b", cells=lambda index: f"{index % 2},0")),
        "{type: csv, path: data/t.csv, label_columns: [a, b]}",
        40,
        classes=("a",),
        warnings=("no image has 'b'",),
        init=None,
    ),
    Case(
        "an empty cell in the middle",
        table(replaced(7, "im/5.png,")),
        LOOSE,
        39,
        bad={"no label": 1},
        init="data/t.csv",
    ),
    Case(
        "a missing image",
        table(replaced(7, "im/500.png,cat")),
        LOOSE,
        39,
        bad={"cannot be read: No such file or directory": 1},
        init="data/t.csv",
    ),
    Case(
        "spaces around names and cells",
        table(lambda lines: [line.replace(",", " , ") for line in lines]),
        CSV,
        40,
        classes=("cat", "dog"),
        init="data/t.csv",
    ),
    Case(
        "no header",
        table(lambda lines: lines[1:]),
        CSV,
        error="the first line must name the columns",
        init="data/t.csv",
    ),
    Case("no line breaks but carriage returns", table(lambda lines: ["\r".join(lines)]), CSV, 40, init="data/t.csv"),
    Case(
        "paths with drive letters",
        table(lambda lines: [lines[0], *("C:\\" + line.replace("/", "\\") for line in lines[1:])]),
        CSV,
        error="a path with a drive letter; write relative paths, with /",
        init="data/t.csv",
    ),
    Case(
        "a URL",
        table(replaced(7, "https://example.org/a.png,cat")),
        LOOSE,
        39,
        bad={"a URL; download the images and write their paths": 1},
        init="data/t.csv",
    ),
    Case(
        "hundreds of columns of other names",
        table(lambda lines: [",".join(f"a{index}" for index in range(300)), *lines[1:]]),
        CSV,
        error="a19 and 280 more",
        init=None,
    ),
    Case("a device", table(replaced(7, "/dev/zero,cat")), LOOSE, 39, bad={"not a regular file": 1}, init="data/t.csv"),
    Case(
        "rows with an empty cell too many",
        table(lambda lines: [lines[0], *(f"{line}," for line in lines[1:])]),
        CSV,
        error="40 × more cells than columns; a cell with the delimiter needs quotes",
        init="data/t.csv",
    ),
]
