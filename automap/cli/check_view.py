"""The output of ``automap check``: a spec, its search space, its data and the resources of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from automap.data.summary import DataSummary, remarks
from automap.interfaces.sampler import CategoricalHyperparameter, Hyperparameter
from automap.redaction import redact
from automap.spec.describe import describe_space
from automap.spec.display import safe_text
from automap.spec.quantities import format_size
from automap.spec.yaml import dump_yaml
from automap.workers.disk_and_memory import Estimate

MOST_CLASSES = 20
"""Largest number of classes that the data table lists individually."""


def resolved_spec(resolved: Mapping[str, Any], *, coloured: bool) -> RenderableType:
    """Return the resolved spec, with all defaults, as YAML that is a valid spec itself."""
    text = redact(dump_yaml(resolved))
    return Syntax(text, "yaml", theme="ansi_dark", background_color="default") if coloured else Text(text)


def search_space(searched: Sequence[Hyperparameter]) -> RenderableType:
    """Return a table of all searched hyperparameters."""
    if not searched:
        return Text("Nothing is searched: every hyperparameter has a value.\n")
    table = _table("search space", "hyperparameter", "searched", "first trial")
    for each in searched:
        first = f"{each.default:g}" if isinstance(each.default, float) else str(each.default)
        table.add_row(Text(each.name, style="cyan"), Text(_searched(each)), Text(first))
    return table


def weights(described: Mapping[str, str]) -> RenderableType:
    """Return a table of the pretrained weights that architectures start from."""
    table = _table("pretrained weights", "architecture", "weights")
    for name, description in described.items():
        table.add_row(Text(name, style="cyan"), safe_text(description))
    return table if table.row_count else Text()


def _searched(hyperparameter: Hyperparameter) -> str:
    if isinstance(hyperparameter, CategoricalHyperparameter):
        return " | ".join(hyperparameter.labels)
    fields = ("low", "high", "log", "step")
    return describe_space({name: getattr(hyperparameter, name) for name in fields})


def data_summary(summary: DataSummary) -> RenderableType:
    """Return tables of the data's records by split and class, what was skipped, and the warnings."""
    height, width, channels = summary.image_shape
    colour = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
    depth = "" if summary.bit_depth == 8 else f", {summary.bit_depth} bit"
    values = "" if summary.value_range is None else ", values {:g} to {:g}".format(*summary.value_range)
    size = f"{width} x {height} pixels, {colour}{depth}{values}, {format_size(summary.bytes)} decoded"
    parts: list[RenderableType] = [_counts(summary), Text(f"  {size}")]
    parts += [safe_text(f"  {line}", "yellow") for line in remarks(summary)]
    if summary.inputs:
        parts += [Text(), _inputs(summary)]
    return Group(*parts, Text())


def _inputs(summary: DataSummary) -> Table:
    table = _table("inputs beside the image", "column", "type", "missing", "training split")
    table.columns[2].justify = "right"
    for each in summary.inputs:
        table.add_row(
            safe_text(each.column, "cyan"), Text(each.type), Text(f"{each.missing:.1%}"), safe_text(each.about)
        )
    return table


def _counts(summary: DataSummary) -> Table:
    table = _table("data", "class", *summary.counts)
    for column in table.columns[1:]:
        column.justify = "right"
    by_class = list(zip(*summary.counts.values(), strict=True))
    for name, numbers in list(zip(summary.classes, by_class, strict=True))[:MOST_CLASSES]:
        table.add_row(safe_text(name, "cyan"), *(f"{number:,}" for number in numbers))
    if (hidden := len(summary.classes) - MOST_CLASSES) > 0:
        rest = [sum(numbers) for numbers in zip(*by_class[MOST_CLASSES:], strict=True)]
        table.add_row(Text(f"{hidden} more classes", style="dim"), *(f"{number:,}" for number in rest))
    table.add_section()
    table.add_row("all", *(f"{total:,}" for total in summary.records.values()), style="bold")
    return table


def needs(takes: Estimate, largest: int) -> RenderableType:
    """Return a table of the disk space and memory that a search needs."""
    table = _table("a search needs", "what", "about")
    table.columns[1].justify = "right"
    table.add_row("largest network", f"{largest:,} weights")
    table.add_row("decoded data, shared by searches", format_size(takes.cache))
    table.add_row("weights and checkpoints", format_size(takes.artifacts))
    table.add_row("memory of a worker", format_size(takes.memory))
    table.add_row("free disk at the run directory", format_size(takes.free))
    if takes.cache + takes.artifacts > takes.free:
        return Group(table, Text("  warning: not enough free disk space\n", style="bold red"))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
