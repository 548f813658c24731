"""``automap compress``: a smaller and faster model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from automap.cli.selection import StorageOption

if TYPE_CHECKING:
    from automap.api.compression import Made


def compress(
    model: Annotated[
        str, typer.Argument(help="STUDY (its winner) or STUDY:TRIAL.", metavar="MODEL", show_default=False)
    ],
    method: Annotated[
        Literal["quantize", "prune", "distill"],
        typer.Option(help="int8 weights and activations, fewer channels, or a smaller trial that learns from MODEL."),
    ] = "quantize",
    format_: Annotated[str, typer.Option("--format", help="Format of the exported file.")] = "onnx",
    int8: Annotated[bool, typer.Option("--int8", help="Quantize the pruned or distilled model, too.")] = False,
    aware: Annotated[bool, typer.Option("--aware", help="Fine-tune with simulated int8 before quantizing.")] = False,
    sparsity: Annotated[
        float, typer.Option(help="Share of the channels that pruning removes.", min=0.01, max=0.95)
    ] = 0.5,
    student: Annotated[
        int | None,
        typer.Option(help="Trial that learns from MODEL.", min=0, show_default="the best one of half the size"),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of training.", min=1, show_default="a third of the trial's; distill: all of them"),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Compressed models, for the spread of their metrics.", min=1)] = 1,
    max_loss: Annotated[float, typer.Option(help="Largest accepted loss of the metric by int8.", min=0.0)] = 0.01,
    storage: StorageOption = None,
) -> None:
    """Make a model smaller and faster.

    Each compressed model is exported and measured in the format's own runtime, and becomes a row of the leaderboard
    next to its parent.

    Example: automap compress flowers --method prune --sparsity 0.5 --int8
    """
    from automap.cli.console import say
    from automap.cli.predict import without_tensorflow_messages
    from automap.models.export.export import load_exporter

    load_exporter(format_)
    with without_tensorflow_messages():
        from automap.api.compression import compress_model
        from automap.models.compress.compress import Settings

    def report(epoch: int, epochs: int, metrics: dict[str, float]) -> None:
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        say(f"epoch {epoch} of {epochs}: {numbers}")

    settings = Settings(method, format_, int8 or aware or method == "quantize", aware, sparsity, epochs, max_loss)
    for made in compress_model(model, settings, seeds, student, report, storage):
        _show(made)


def _show(made: Made) -> None:
    from rich import box
    from rich.table import Table

    from automap.cli.console import output_console
    from automap.spec.display import safe_text

    console, (result, exported, _) = output_console(), made.compressed
    table = Table("", f"trial {made.parent.trial}", "compressed", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, value in result.validation.items():
        if name in made.parent.validation:
            table.add_row(safe_text(name), f"{made.parent.validation[name]:.5g}", f"{value:.5g}")
    for name, value in (result.test or {}).items():
        before = (made.parent.test or {}).get(name)
        table.add_row(safe_text(f"test {name}"), "" if before is None else f"{before:.5g}", f"{value:.5g}")
    table.add_row("size in bytes", f"{made.parent.cost['size_bytes']:,.0f}", f"{exported.size:,}")
    keras, own = exported.verification.keras, exported.verification.exported
    table.add_row("latency, median", f"{keras.median:.2f} ms", f"{own.median:.2f} ms")
    table.add_row("latency, 95th percentile", f"{keras.p95:.2f} ms", f"{own.p95:.2f} ms")
    console.print(safe_text(f"wrote {exported.path} ({exported.size:,} bytes)"), soft_wrap=True)
    for note in result.notes:
        console.print(safe_text(note), soft_wrap=True)
    console.print(table)
