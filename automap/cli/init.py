"""``automap init``: look at images and write a spec for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

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
) -> None:
    """Write a commented spec for a folder, a table or arrays of images.

    A folder holds one folder for each class, or the folders images and masks, or inputs and targets; a table
    (CSV, Parquet) names an image and its label in each row; arrays (NPZ) hold images and labels.

    Example: automap init data/flowers --output flowers.yaml
    """
    from automap.cli.draft import draft_spec
    from automap.data.survey import dataset_type, survey

    kind = type_ or dataset_type(path)
    columns = _fields(kind, path)
    found = survey(kind, {"path": path, **columns})
    text = draft_spec(kind, path, columns, found, output)
    _must_load(text, output)
    if output is None:
        typer.echo(text, nl=False)
        return
    _write(output, text, force)
    classes = f", {len(found.classes)} classes" if found.classes else ""
    typer.echo(f"wrote {output}: {found.images:,} images{classes}", err=True)
    typer.echo(f"  look at it:  automap check {output}", err=True)
    typer.echo(f"  search:      automap search {output}", err=True)


def _fields(kind: str, path: Path) -> Mapping[str, Any]:
    """Return the fields of a data set, beside its path, that what lies there tells."""
    from automap.cli.table_columns import table_fields
    from automap.data.layouts import paired_layout

    if kind == "csv":
        return table_fields(path)
    paired = paired_layout(path) if path.is_dir() else None
    return paired[1] if paired is not None and paired[0] == kind else {}


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
