"""``automap predict``: a finished model's answers for image files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from automap.models.predict import Prediction


class Format(StrEnum):
    """How answers are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def predict(
    model: Annotated[
        str, typer.Argument(help="Folder of a finished model, or its URL.", metavar="MODEL", show_default=False)
    ],
    images: Annotated[
        list[Path], typer.Argument(help="Image files, or folders of them.", metavar="IMAGE...", show_default=False)
    ],
    top: Annotated[int, typer.Option(help="How many classes to name for each image.", min=1)] = 3,
    format_: Annotated[Format, typer.Option("--format", help="How to write answers.")] = Format.TABLE,
) -> None:
    """Label images with a trained model.

    Example: automap predict automap.runs/digits/winner photo.jpg
    """
    from automap.exceptions import UserError

    with _without_chatter():
        from automap.models.load import load_model
        from automap.models.predict import image_files
        from automap.models.predict import predict as predict_files

    files = image_files(images)
    found = list(predict_files(load_model(model), files))
    _write(found, top, format_)
    unread = [prediction for prediction in found if prediction.answer is None]
    for prediction in unread:
        typer.echo(f"{prediction.path}: {prediction.reason}", err=True)
    if unread:
        raise UserError(f"{len(unread)} of {len(found)} files are no images that can be read")


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep what TensorFlow's C++ code says of the machine while it is imported away from the terminal.

    Errors are raised, not written, and stay.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    terminal = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _write(found: Sequence[Prediction], top: int, format_: Format) -> None:
    import csv
    import json
    import sys

    read = [(prediction.path, prediction.answer) for prediction in found if prediction.answer is not None]
    if format_ is Format.JSON:
        rows = [{"image": str(path), **answer} for path, answer in read]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif format_ is Format.CSV:
        writer = csv.writer(sys.stdout)
        writer.writerow(["image", "label", "probability"])
        writer.writerows([str(path), answer["label"], f"{answer['probability']:.6f}"] for path, answer in read)
    elif read:
        from automap.cli.console import output_console

        output_console().print(_table(read, top))


def _table(read: Sequence[tuple[Path, dict[str, Any]]], top: int) -> Table:
    from rich import box
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("image", overflow="fold")
    table.add_column("label", style="bold")
    table.add_column("probability", justify="right")
    table.add_column("", width=12)
    table.add_column("then", style="dim")
    for path, answer in read:
        bar = ProgressBar(total=1.0, completed=answer["probability"], width=12)
        table.add_row(str(path), answer["label"], f"{answer['probability']:.1%}", bar, _runners_up(answer, top))
    return table


def _runners_up(answer: dict[str, Any], top: int) -> str:
    classes = answer["classes"]
    pairs = classes.items() if isinstance(classes, dict) else [(c["label"], c["probability"]) for c in classes]
    return ", ".join(f"{label} {probability:.1%}" for label, probability in list(pairs)[1:top])
