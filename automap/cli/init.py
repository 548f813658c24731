"""``automap init``: inspect images and write a spec for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
        typer.Option("--type", help="Type of the data set, if it is not recognised correctly.", metavar="NAME"),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", help="The task, if it is not the one that PATH suggests.", metavar="NAME"),
    ] = None,
) -> None:
    """Write a commented spec for images in a folder, table or file.

    A folder contains one folder for each class, or the folders images and masks, or inputs and targets, or annotations
    in the format of COCO, Pascal VOC or YOLO. A table (CSV, Parquet) has an image with its label, labels or numbers in
    each row. Arrays (NPZ, IDX) contain images and labels. --task chooses another task for the same images, such as
    face_recognition for one folder per person, or enhancement for clean images.

    Example: automap init data/flowers --output flowers.yaml
    """
    from automap.cli.console import print_lines, say
    from automap.data.recognise.proposal import propose_spec
    from automap.spec.display import shell_quoted

    proposal = propose_spec(path, output, type_=type_, task=task)
    if output is None:
        print_lines(proposal.text, end="")
        return
    proposal.write(overwrite=force)
    found = proposal.found
    classes = f", {len(found.classes)} classes" if found.classes else ""
    say(f"wrote {output}: {found.images:,} images{classes}")
    say(f"  check it:    automap check {shell_quoted(output)}")
    say(f"  search:      automap search {shell_quoted(output)}")
