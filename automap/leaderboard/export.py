"""Exporting leaderboards as JSON, CSV, Markdown and data frames."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automap.exceptions import UserError
from automap.leaderboard.columns import all_columns
from automap.spec.display import json_text
from automap.spec.flatten import flatten

if TYPE_CHECKING:
    from automap.leaderboard.board import Leaderboard, MeanStd, Row

_WHOLE = frozenset({"parameters", "flops", "size_bytes", "peak_memory_bytes"})


def to_json(board: Leaderboard) -> str:
    """Return a leaderboard as JSON.

    ``study`` is a name, or a list of names if there are several studies; each row then has its own ``study``.
    Rows that are not ranked have a null ``rank`` and a ``reason``.
    """
    several = len(board.studies) > 1
    data = {
        "study": list(board.studies) if several else board.studies[0],
        "objectives": [objective.model_dump() for objective in board.objectives],
        "rows": [_row_data(row, several) for row in board.rows],
    }
    return json_text(data)


def to_csv(board: Leaderboard) -> str:
    """Return a leaderboard as CSV, with one column for each number and hyperparameter."""
    names, rows = _flat_table(board)
    output = io.StringIO()
    writer = csv.DictWriter(output, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return output.getvalue().removesuffix("\n")


def to_pandas(board: Leaderboard) -> Any:
    """Return a leaderboard as a data frame, with one column for each number and hyperparameter.

    Raises:
        UserError: if pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise UserError("data frames need pandas; install it with: pip install 'automap[pandas]'") from None
    names, rows = _flat_table(board)
    return pandas.DataFrame(rows, columns=names)


def _flat_table(board: Leaderboard) -> tuple[list[str], list[dict[str, Any]]]:
    several = len(board.studies) > 1
    rows = [_cells(_row_data(row, several)) for row in board.rows]
    names = dict.fromkeys(name for row in rows for name in row)
    return sorted(names, key=_group), rows


def to_markdown(board: Leaderboard) -> str:
    """Return a leaderboard as a Markdown table with the columns shown in a terminal."""
    columns = all_columns(board)
    lines = [
        _markdown_line([column.title for column in columns]),
        _markdown_line(["---:" if column.justify == "right" else ":---" for column in columns]),
    ]
    cells = zip(*(column.cells for column in columns), strict=True)
    return "\n".join([*lines, *(_markdown_line([cell.strip() for cell in row]) for row in cells)])


def whole_numbers(cost: Mapping[str, float]) -> dict[str, float | int]:
    """Return costs with counts and sizes, which databases may hold as floats, as integers."""
    return {name: round(value) if name in _WHOLE else value for name, value in cost.items()}


def _row_data(row: Row, several: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"rank": row.rank}
    if several:
        data["study"] = row.study
    data |= {"trial": row.trial, "state": row.state}
    if row.rank is None:
        data["reason"] = row.reason
    shown = data | {
        "seeds": row.seeds,
        "epochs": row.epochs,
        "candidate": row.candidate,
        "validation": _estimates_data(row.validation),
        "test": None if row.test is None else _estimates_data(row.test),
        "cost": whole_numbers(row.cost),
        "artifacts": row.artifacts,
    }
    if row.members:
        shown["members"] = list(row.members)
    if row.compression is not None:
        shown |= {"parent": row.trial, "compression": dict(row.compression)}
    return shown


def _estimates_data(estimates: Mapping[str, MeanStd]) -> dict[str, dict[str, float | None]]:
    return {name: {"mean": found.mean, "std": found.std} for name, found in estimates.items()}


def _cells(data: Mapping[str, Any]) -> dict[str, Any]:
    found = ((path, value) for path, value in flatten(data) if value is not None)
    return {path: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value for path, value in found}


_GROUPS = (
    "rank",
    "study",
    "trial",
    "state",
    "reason",
    "seeds",
    "epochs",
    "validation",
    "test",
    "cost",
    "candidate",
    "artifacts",
    "members",
    "parent",
    "compression",
)


def _group(name: str) -> int:
    return _GROUPS.index(name.partition(".")[0].partition("[")[0])


def _markdown_line(cells: list[str]) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
