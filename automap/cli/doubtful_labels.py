"""Doubtful labels for ``automap check``: judged, shown and written as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from automap.cli.console import message_console, output_console, say
from automap.cli.predict import without_tensorflow_messages
from automap.exceptions import UserError
from automap.spec.display import safe_text, shell_quoted

if TYPE_CHECKING:
    from automap.api.check import SpecCheck
    from automap.models.doubtful_labels import DoubtfulLabel

MOST_SHOWN = 20
"""Rows of the table; the CSV file has all."""


def check_options(model: str | None, output: Path | None, *, data: bool) -> None:
    """Refuse options that do not fit together.

    Args:
        model: the model that judges the labels.
        output: the CSV file to write.
        data: whether the data set is read.

    Raises:
        UserError: if one is given without another that it needs.
    """
    if model is None and output is not None:
        raise UserError("--labels-output needs --labels MODEL")
    if model is not None and not data:
        raise UserError("--labels needs the data; leave out --no-data")


def judge_labels(checked: SpecCheck, model: str, output: Path | None) -> list[DoubtfulLabel]:
    """Return the doubtful labels of a spec's data, and write them if a file is given.

    Raises:
        UserError: if labels cannot be judged, or the file cannot be written.
    """
    with message_console().status("judging labels"), without_tensorflow_messages():
        doubtful = checked.doubtful_labels(model)
    if output is not None:
        _write(doubtful, output)
        say(f"wrote {shell_quoted(output)}")
    return doubtful


def show_labels(doubtful: Sequence[DoubtfulLabel], records: int) -> None:
    """Print the most doubtful labels.

    Args:
        doubtful: the most doubtful first.
        records: number of records that were judged.
    """
    table = Table(
        title="doubtful labels", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in ("record", "split", "label", "suggested"):
        table.add_column(column, overflow="fold")
    for each in doubtful[:MOST_SHOWN]:
        label = f"{each.label} ({each.label_probability:.2f})"
        suggested = f"{each.suggested} ({each.suggested_probability:.2f})"
        table.add_row(safe_text(each.name, "cyan"), each.split, safe_text(label), safe_text(suggested))
    console = output_console()
    if doubtful:
        console.print(table)
    text = f"  {len(doubtful):,} of {records:,} labels are doubtful"
    if len(doubtful) > MOST_SHOWN:
        text += f"; the {MOST_SHOWN} most doubtful are shown, --labels-output FILE writes all"
    console.print(Text(f"{text}\n"), soft_wrap=True)


def _write(doubtful: Sequence[DoubtfulLabel], path: Path) -> None:
    from automap.models.doubtful_labels import DoubtfulLabel

    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(DoubtfulLabel)])
            writer.writeheader()
            writer.writerows(asdict(each) for each in doubtful)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error
