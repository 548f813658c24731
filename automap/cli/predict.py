"""``automap predict``: a finished model's answers for image files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from automap.models.load import FinishedModel
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
    output: Annotated[
        Path | None,
        typer.Option(help="Folder for answers that are images: masks, enhanced images.", metavar="FOLDER"),
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(help="Folder for images with the answer drawn on them.", metavar="FOLDER")
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            help="Face recognition: a folder of images for each identity, in which to search.",
            metavar="FOLDER",
            show_default="compare the images with each other",
        ),
    ] = None,
) -> None:
    """Answer for images with a trained model.

    Example: automap predict automap.runs/digits/winner photo.jpg
    """
    from automap.cli.console import say
    from automap.exceptions import UserError

    with _without_chatter():
        from automap.models.load import load_model
        from automap.models.predict import image_files
        from automap.models.predict import predict as predict_files
        from automap.models.similarity import compare, is_embedded, search

    files = image_files(images)
    for folder in (output, draw):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    found = []
    with _without_chatter():
        loaded = load_model(model)
    names = _distinct_names(files)
    for prediction, name in zip(predict_files(loaded, files), names, strict=True):
        kept = prediction if output is None else _with_picture(prediction, output / name)
        if draw is not None and not is_embedded([prediction]):
            kept = _with_drawing(loaded, kept, draw / name)
        # Pictures go to disk one by one: those of a thousand photographs would not fit into memory.
        found.append(replace(kept, picture=None))
    embedded = is_embedded(found)
    if gallery is not None and not embedded:
        raise UserError("--gallery is for models of face recognition; this one answers for each image by itself")
    if embedded:
        found = compare(loaded, found) if gallery is None else search(loaded, found, gallery)
        if draw is not None:
            places = [draw / name for name in _distinct_names([prediction.path for prediction in found])]
            found = [_with_drawing(loaded, each, place) for each, place in zip(found, places, strict=True)]
    _write(found, top, format_)
    unread = [prediction for prediction in found if prediction.answer is None]
    for prediction in unread:
        say(f"{prediction.path}: {prediction.reason}")
    if unread:
        raise UserError(f"{len(unread)} of {len(files)} files are no images that can be read")


def _with_picture(prediction: Prediction, place: Path) -> Prediction:
    """Save the answer that is an image, and say where."""
    if prediction.answer is None or prediction.picture is None:
        return prediction
    prediction.picture.save(place)
    return replace(prediction, answer={**prediction.answer, "picture": str(place)})


def _with_drawing(model: FinishedModel, prediction: Prediction, place: Path) -> Prediction:
    """Save the image with the answer drawn on it, and say where."""
    from automap.models.predict import draw

    if prediction.answer is None or (drawn := draw(model, prediction)) is None:
        return prediction
    drawn.save(place)
    return replace(prediction, answer={**prediction.answer, "drawing": str(place)})


def _distinct_names(files: Sequence[Path]) -> list[str]:
    """Return a name ending in .png for each file; where two files have one name, with a number."""
    taken: dict[str, int] = {}
    names = []
    for file in files:
        again = taken[file.stem] = taken.get(file.stem, 0) + 1
        names.append(f"{file.stem}.png" if again == 1 else f"{file.stem}-{again}.png")
    return names


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep what TensorFlow's C++ code says of the machine away from the terminal, at its import and first use.

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
    import io

    from automap.cli.console import output_console, print_json, print_lines

    read = [(prediction.path, prediction.answer) for prediction in found if prediction.answer is not None]
    if format_ is Format.JSON:
        rows = [{"image": str(path), **answer} for path, answer in read]
        print_json(rows)
    elif format_ is Format.CSV:
        writer = csv.writer(text := io.StringIO(), lineterminator="\n")
        rows = _rows(read)
        writer.writerow(columns := list(dict.fromkeys(column for row in rows for column in row)))
        writer.writerows([row.get(column, "") for column in columns] for row in rows)
        print_lines(text.getvalue(), end="")
    elif read:
        labelled = all("probability" in answer for _, answer in read)
        output_console().print(_table(read, top) if labelled else _plain_table(read))


def _table(read: Sequence[tuple[Path, dict[str, Any]]], top: int) -> Table:
    from rich import box
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    from automap.spec.display import safe_text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("image", overflow="fold")
    table.add_column("label", style="bold")
    table.add_column("probability", justify="right")
    table.add_column("", width=12)
    table.add_column("then", style="dim")
    for path, answer in read:
        bar = ProgressBar(total=1.0, completed=answer["probability"], width=12)
        cells = (str(path), answer["label"], f"{answer['probability']:.1%}")
        table.add_row(*map(safe_text, cells), bar, safe_text(_runners_up(answer, top)))
    return table


def _rows(read: Sequence[tuple[Path, dict[str, Any]]]) -> list[dict[str, str]]:
    """Return a row for each answer; of boxes one for each, and one without for an image that has none."""
    rows = []
    for path, answer in read:
        boxes = answer.get("boxes")
        rest = {"image": str(path), **_in_columns({key: value for key, value in answer.items() if key != "boxes"})}
        rows += [{**rest, **_box_columns(found)} for found in boxes] if boxes else [rest]
    return rows


def _box_columns(found: dict[str, Any]) -> dict[str, str]:
    edges = zip(("left", "top", "right", "bottom"), found["box"], strict=True)
    named = {name: f"{edge:.1f}" for name, edge in edges}
    return {"label": found["label"], "probability": f"{found['probability']:.6f}", **named}


def _in_columns(answer: dict[str, Any]) -> dict[str, str]:
    """Return an answer as columns: labels with a number each get a column each, except beside a single label."""
    if "probability" in answer:
        kept = {key: value for key, value in answer.items() if key != "classes"}
        return {key: f"{value:.6f}" if isinstance(value, float) else str(value) for key, value in kept.items()}
    columns: dict[str, str] = {}
    for key, value in answer.items():
        if isinstance(value, list) and value and all(isinstance(entry, dict) and len(entry) == 2 for entry in value):
            columns |= {str(entry["label"]): f"{next(reversed(entry.values())):.6f}" for entry in value}
        elif isinstance(value, list):
            columns[key] = "; ".join(map(str, value))
        elif isinstance(value, dict):
            columns |= {str(name): str(number) for name, number in value.items()}
        else:
            columns[key] = f"{value:.6f}" if isinstance(value, float) else str(value)
    return columns


def _plain_table(read: Sequence[tuple[Path, dict[str, Any]]]) -> Table:
    from rich import box
    from rich.table import Table

    from automap.spec.display import escaped, safe_text

    rows = _rows(read)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    table = Table(*map(escaped, columns), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(safe_text(row.get(column, "")) for column in columns))
    return table


def _runners_up(answer: dict[str, Any], top: int) -> str:
    classes = answer["classes"]
    pairs = classes.items() if isinstance(classes, dict) else [(c["label"], c["probability"]) for c in classes]
    return ", ".join(f"{label} {probability:.1%}" for label, probability in list(pairs)[1:top])
