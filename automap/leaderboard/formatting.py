"""Formatting candidates, metrics and costs: ``resnet · adamw · lr 3.2e-3``, ``0.9852``, ``4.7 MB``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automap.spec.quantities import format_duration, format_size
from automap.store.rankings import Measure

if TYPE_CHECKING:
    from automap.leaderboard.board import MeanStd

SEPARATOR = " · "

_SHORT_NAMES = {"learning_rate": "lr", "batch_size": "batch", "weight_decay": "wd"}

# The most informative fields come first, since the end of a line may be cut off.
_FIRST = ("architecture", "optimizer", "optimizer.learning_rate")
_LAST = ("augmentation", "loss", "training")


def short_candidate(candidate: Mapping[str, Any]) -> str:
    """Return a candidate's main choices on one line."""
    found = _tokens(candidate)
    chosen = [key for key in found if key.startswith(("architecture", "optimizer"))]
    return SEPARATOR.join(found[key] for key in chosen)


def differing_tokens(candidates: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return, for each candidate, the hyperparameters in which candidates differ, the main ones first.

    A hyperparameter is compared among the candidates that have it: the width of a ``resnet`` is shown if two of
    them have different widths. If nothing differs, architecture and optimizer are shown.
    """
    found = [_tokens(candidate) for candidate in candidates]
    values: dict[str, set[str]] = {}
    for tokens in found:
        for key, token in tokens.items():
            values.setdefault(key, set()).add(token)
    differing = {key for key, tokens in values.items() if len(tokens) > 1}
    if not differing:
        differing = {key for key in values if key.startswith(("architecture=", "optimizer="))} | {*_FIRST}
    return [[token for key, token in tokens.items() if key in differing and token] for tokens in found]


def format_value(value: Any) -> str:
    """Format a hyperparameter's value: ``0.0032`` as ``3.2e-3``, ``[32, 64]`` as ``32-64``."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return _short_float(value)
    if isinstance(value, list | tuple):
        return "-".join(format_value(item) for item in value) or "none"
    return str(value)


def _short_float(value: float) -> str:
    if value and abs(value) < 0.01:
        digits, _, exponent = f"{value:.1e}".partition("e")
        return f"{digits.removesuffix('.0')}e{int(exponent)}"
    return f"{value:.3g}"


def _tokens(candidate: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each hyperparameter, the main ones first.

    Keys are equal where values of two candidates may be compared. The data set is left out: it is never searched,
    and two studies, or one that was moved, may differ in nothing but its path.
    """
    searched = {slot: data for slot, data in candidate.items() if slot != "dataset"}
    found = {key: token for slot, data in searched.items() for key, token in _slot_tokens(slot, data)}
    return dict(sorted(found.items(), key=lambda item: _importance(item[0])))


def _importance(key: str) -> int:
    plain = ".".join(part.partition("=")[0] for part in key.split("."))
    if plain in _FIRST:
        return _FIRST.index(plain)
    slot = plain.partition(".")[0].partition("[")[0]
    return len(_FIRST) + (1 + _LAST.index(slot) if slot in _LAST else 0)


def _slot_tokens(slot: str, data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, Mapping):
        yield from _component_tokens(slot, data)
    elif slot == "augmentation":
        steps = [step for step in data if step.get("type") != "none"]
        yield slot, "+".join(step["type"] for step in steps) or "no augmentation"
        for step in steps:
            fields = {name: value for name, value in step.items() if name != "type"}
            yield from _component_tokens(f"{slot}[{step['type']}]", fields)
    else:
        yield slot, f"{slot} {format_value(data)}"


def _component_tokens(slot: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = data.get("type")
    if kind is not None:
        yield slot, str(kind)
    for name, value in data.items():
        # Learning rates of different optimizers are compared; other fields only within one component.
        key = f"{slot}.{name}" if name == "learning_rate" else f"{slot}={kind}.{name}"
        if isinstance(value, Mapping):
            yield from _component_tokens(key, value)
        elif name != "type":
            yield key, _field_token(name, value)


def _field_token(name: str, value: Any) -> str:
    label = _SHORT_NAMES.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return label if value else f"no {label}"
    return value if isinstance(value, str) else f"{label} {format_value(value)}"


NOTHING = "\N{EN DASH}"
"""Shown where there is no number."""


def format_measured(measure: Measure, found: MeanStd | None) -> str:
    """Format one of a row's numbers, with its spread if it has one: ``0.9852 ±.0037``."""
    if found is None:
        return NOTHING
    if measure.group == "cost":
        return format_cost(measure.name, found.mean)
    if found.std is None:
        return format_metric(found.mean)
    return f"{format_metric(found.mean)} ±{format_metric(found.std).removeprefix('0')}"


def format_metric(value: float) -> str:
    """Format a metric: ``0.9852``."""
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.4g}"


def format_cost(name: str, value: float) -> str:
    """Format a cost with its unit: ``1.2 M``, ``0.31 ms``, ``4.7 MB``, ``12s``."""
    if name.endswith("_bytes"):
        return format_size(value)
    if name.endswith("_seconds"):
        return format_duration(value)
    if name.endswith("_ms"):
        return f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"
    return format_count(value)


def format_count(value: float) -> str:
    """Format a large number in three digits: ``913``, ``12.3 k``, ``1.2 M``, ``3.4 G``."""
    for unit in ("", "k", "M", "G"):
        if abs(value) < 999.5:
            return f"{value:.0f}" if not unit else f"{_three_digits(value)} {unit}"
        value /= 1000
    return f"{_three_digits(value)} T"


def _three_digits(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"


def describe_compression(compression: Mapping[str, Any]) -> str:
    """Return how a model was compressed, on one line: "prune (sparsity 0.5, openvino)"."""
    options = [f"{name} {value:g}" for name, value in compression.items() if isinstance(value, float)]
    options += ["quantization-aware"] if compression.get("aware") else []
    named = [str(compression[name]) for name in ("precision", "format") if name in compression]
    return f"{compression['method']} ({', '.join([*options, *named])})"
