"""``automap init``: look at images and write a spec for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer


def init(
    path: Annotated[
        Path,
        typer.Argument(help="A folder, a table or arrays of images.", metavar="PATH", show_default=False),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The spec to write.", show_default="standard output")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the spec if it exists.")] = False,
    type_: Annotated[
        str | None,
        typer.Option("--type", help="The data set's type, if it is not told from PATH.", metavar="NAME"),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", help="What to predict, if it is not what PATH looks like.", metavar="NAME"),
    ] = None,
) -> None:
    """Write a commented spec for a folder, a table or arrays of images.

    A folder holds one folder for each class, or the folders images and masks, or inputs and targets; a table
    (CSV, Parquet) names an image and its label, several labels or numbers in each row; a JSON file holds COCO's
    annotations; arrays (NPZ) hold images and labels. With --task, the same images may serve another task: folders of
    persons face_recognition, a folder of good images enhancement.

    Example: automap init data/flowers --output flowers.yaml
    """
    from automap.cli.console import print_lines, say
    from automap.cli.draft import draft_spec
    from automap.data.recognise.recognise import recognise
    from automap.data.recognise.survey import survey
    from automap.spec.display import shell_quoted

    wanted = _targets_of(task) if task is not None else None
    layout = recognise(path, type_, wanted)
    found = survey(layout.type, {"path": layout.path, **layout.fields})
    if wanted is not None and found.target not in wanted:
        _refuse(path, layout.type, found.target, str(task), wanted)
    text = draft_spec(layout, found, output, task)
    _must_load(text, output)
    if output is None:
        print_lines(text, end="")
        return
    _write(output, text, force)
    classes = f", {len(found.classes)} classes" if found.classes else ""
    say(f"wrote {output}: {found.images:,} images{classes}")
    say(f"  look at it:  automap check {shell_quoted(output)}")
    say(f"  search:      automap search {shell_quoted(output)}")


def _targets_of(task: str) -> frozenset[str]:
    from automap.interfaces.task import Task
    from automap.spec.plugins import load_plugin

    return cast(type[Task], load_plugin(Task.group, task)).targets


_LAYOUTS = {
    "label": "a folder of images for each class, or a table with a column of classes",
    "labels": "a table with columns of 0 and 1, or with one column of labels and a ; between them",
    "numbers": "a table with a column of numbers",
    "mask": "the folders images and masks, or COCO's annotations with shapes",
    "boxes": "boxes in COCO's, Pascal VOC's or YOLO's files",
    "image": "the folders inputs and targets, or a folder of good images",
}


def _refuse(path: Path, type_: str, target: str, task: str, wanted: frozenset[str]) -> None:
    from automap.exceptions import UserError

    laid_out = "; or ".join(_LAYOUTS.get(kind, f"a data set with {kind} targets") for kind in sorted(wanted))
    raise UserError(
        f"--task {task}: {path} was read as a data set of the type {type_}, with {target} targets, from which that "
        f"task cannot learn; it needs {laid_out}"
    )


def _must_load(text: str, output: Path | None) -> None:
    """Read the draft as a spec file is read: what init writes, check and search accept."""
    from automap.spec.spec import Spec
    from automap.spec.yaml import load_yaml

    folder = (output.parent if output else Path()).absolute()
    Spec.model_validate(load_yaml(output or "spec.yaml", text).data, context={"folder": folder})


def _write(path: Path, text: str, force: bool) -> None:
    from automap.exceptions import UserError

    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} exists already; overwrite it with --force") from None
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
