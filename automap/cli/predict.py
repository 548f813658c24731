"""``automap predict``: predict for image files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from automap.cli.answers import OutputFiles, WrittenAnswer
    from automap.models.model import LoadedModel
    from automap.models.predict import Prediction
    from automap.models.rows import Row

MAX_NAMED = 10
"""Number of unreadable or ignored files that a message names."""


class Format(StrEnum):
    """Output formats of answers."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def predict(
    model: Annotated[
        str,
        typer.Argument(
            help="Folder or URL of a model, an exported file, STUDY (its winner) or STUDY:TRIAL.",
            metavar="MODEL",
            show_default=False,
        ),
    ],
    images: Annotated[
        list[str],
        typer.Argument(
            help="Image files, folders, glob patterns, or - for a list of files on standard input; or tables (.csv, "
            ".tsv, .parquet) with the columns of the training data.",
            metavar="PATH",
            show_default=False,
        ),
    ],
    top: Annotated[int, typer.Option(help="Number of classes in tables and CSV.", min=1)] = 1,
    format_: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
    output: Annotated[
        Path | None, typer.Option(help="Save masks and enhanced images in this folder.", metavar="FOLDER")
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(help="Save images with the answers drawn on them in this folder.", metavar="FOLDER")
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            help="Face recognition: look images up in a folder with one folder of images for each identity.",
            metavar="FOLDER",
            show_default="compare the images with each other",
        ),
    ] = None,
    flip: Annotated[
        bool,
        typer.Option("--flip", help="Combine the answers for each image and its mirror image; takes twice as long."),
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Predict with a trained model.

    Example: automap predict flowers photos/ --format csv
    """
    from automap.cli.answers import OutputFiles, write_answers
    from automap.exceptions import RunError
    from automap.models.files import image_files

    files, ignored = image_files(images)
    if ignored:
        count = f"{len(ignored):,} file{'' if len(ignored) == 1 else 's'}"
        _list_files(f"warning: ignored {count} without an image extension", list(map(str, ignored)))
    places = OutputFiles(files, output, draw)
    with without_tensorflow_messages():
        from automap.api.models import load_model

        loaded = load_model(model, storage)
    if flip:
        from automap.models.flipping import with_flips

        loaded = with_flips(loaded)
    found = _answers(loaded, _with_tables(loaded, files), gallery, places)
    write_answers(found, top, format_.value)
    unread = [f"{each.prediction.name}: {each.prediction.reason}" for each in found if each.prediction.answer is None]
    if unread:
        _list_files(f"warning: could not read {len(unread):,} of {len(found):,} images", unread)
    if len(unread) == len(found):
        raise RunError("none of the images could be read")


def _with_tables(model: LoadedModel, files: Sequence[Path]) -> list[Path | Row]:
    """Return the files, with the rows of tables in their place; name what the model reads and is not given."""
    from automap.cli.console import say
    from automap.exceptions import UserError
    from automap.models.rows import columns_of_model, is_table, read_table

    sources: list[Path | Row] = []
    for file in files:
        if not is_table(file):
            sources.append(file)
            continue
        table = read_table(file, model)
        sources += table.rows
        if table.missing:
            say(
                f"warning: {file} lacks columns, which are taken to be missing in every row: {', '.join(table.missing)}"
            )
    if not sources:
        raise UserError("the tables have no rows")
    wanted = columns_of_model(model.info)
    if wanted and any(isinstance(each, Path) for each in sources):
        columns = ", ".join(each.column for each in wanted)
        say(f"warning: of image files, the other inputs are missing: {columns}; a table with these columns gives them")
    return sources


def _answers(
    model: LoadedModel, files: Sequence[Path | Row], gallery: Path | None, places: OutputFiles
) -> list[WrittenAnswer]:
    """Return the answers and save their pictures and drawings."""
    from automap.exceptions import UserError
    from automap.models.predict import predict as predict_images
    from automap.models.similarity import compare, compares_images, search

    predictions = _with_progress(predict_images(model, files), len(files))
    if compares_images(model):
        embeddings = list(predictions)
        if all(each.answer is None for each in embeddings):
            return [places.save(model, each) for each in embeddings]
        compared = compare(model, embeddings) if gallery is None else search(model, embeddings, gallery)
        return [places.save(model, each) for each in compared]
    if gallery is not None:
        raise UserError("--gallery is for face recognition; this model has another task")
    # Saved one by one, because the pictures of a thousand photographs would not fit into memory.
    return [places.save(model, each) for each in predictions]


def _with_progress(predictions: Iterator[Prediction], total: int) -> Iterator[Prediction]:
    """Show a progress bar on standard error if it is a terminal."""
    from rich.progress import track

    from automap.cli.console import message_console

    console = message_console()
    if not console.is_terminal or console.is_dumb_terminal:
        return predictions
    return iter(track(predictions, "predicting", total, console=console, transient=True))


def _list_files(message: str, names: Sequence[str]) -> None:
    from automap.cli.console import say

    say(message)
    for name in names[:MAX_NAMED]:
        say(f"  {name}")
    if len(names) > MAX_NAMED:
        say(f"  and {len(names) - MAX_NAMED:,} more")


@contextmanager
def without_tensorflow_messages() -> Iterator[None]:
    """Hide what TensorFlow's C++ code writes to standard error when it is imported.

    Errors are raised, not written, and are unaffected.
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
