"""``automap export``: write a model in a format for deployment."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from automap.models.export.export import Exported


def export(
    model: Annotated[
        str,
        typer.Argument(
            help="Folder or URL of a model, STUDY (its winner) or STUDY:TRIAL.", metavar="MODEL", show_default=False
        ),
    ],
    format_: Annotated[
        str,
        typer.Option("--format", help="keras, saved_model, onnx, litert, openvino, or a plugin's.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="Folder for the artifact and its model card.", metavar="DIR", show_default="MODEL-FORMAT"),
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Quantize to int8, calibrated on training images.")] = False,
    max_loss: Annotated[float, typer.Option(help="Largest accepted loss of the metric with --int8.", min=0.0)] = 0.01,
    storage: StorageOption = None,
) -> None:
    """Export a model and verify the exported file.

    Example: automap export flowers --format onnx --output flowers-onnx
    """
    from automap.api.models import load_model
    from automap.api.scores import study_scores
    from automap.cli.predict import without_tensorflow_messages
    from automap.models.export.export import export_model, load_exporter

    load_exporter(format_)
    with without_tensorflow_messages():
        loaded = load_model(model, storage)
        directory = output or Path(f"{_plain_name(model)}-{format_}")
        scores = study_scores(model, storage)
        exported = export_model(loaded, format_, directory, int8=int8, max_loss=max_loss, scores=scores)
    _show(exported)


def _plain_name(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", os.path.basename(os.path.normpath(model))).strip("-.") or "model"


def _show(exported: Exported) -> None:
    from rich import box
    from rich.table import Table

    from automap.cli.console import output_console
    from automap.spec.display import safe_text

    found, console = exported.verification, output_console()
    table = Table("", "Keras", "exported", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, (before, after) in found.metrics.items():
        table.add_row(safe_text(name), f"{before:.5g}", f"{after:.5g}")
    table.add_row("latency, median", f"{found.keras.median:.2f} ms", f"{found.exported.median:.2f} ms")
    table.add_row("latency, 95th percentile", f"{found.keras.p95:.2f} ms", f"{found.exported.p95:.2f} ms")
    console.print(safe_text(f"wrote {exported.path} ({exported.size:,} bytes) and its model card"), soft_wrap=True)
    console.print(
        safe_text(
            f"verified on {found.images:,} of {found.total:,} validation images: "
            f"largest difference of raw outputs {found.largest_difference:.2g}"
        ),
        soft_wrap=True,
    )
    console.print(table)
