"""The search space as data: a spec's fields as values, ranges, choices and components.

`dump_space` writes a space as plain data, `automap.spec.parse_space` reads it; a dumped space parses to an equal one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter

from automap.interfaces.component import Component
from automap.spec.plugins import plugin_name


@dataclass(frozen=True)
class Value:
    """A fixed hyperparameter, validated."""

    value: Any


@dataclass(frozen=True)
class Range:
    """A number between `low` and `high`, both inclusive."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    integer: bool = False


@dataclass(frozen=True)
class Choices:
    """One of several alternatives, each of which may have hyperparameters of its own."""

    options: tuple[Space, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """A unique short name for each option: the component's type, or the value as JSON."""
        return _numbered([_label(option) for option in self.options])


@dataclass(frozen=True)
class ComponentSpace:
    """A component, or the training settings, with a space for each of its fields."""

    model: type[BaseModel]
    type: str | None
    fields: Mapping[str, Space]

    def __hash__(self) -> int:
        return hash((self.model, self.type, tuple(self.fields.items())))


Space = Value | Range | Choices | ComponentSpace


def _label(option: Space) -> str:
    match option:
        case ComponentSpace():
            return option.type or option.model.__name__
        case Value(value) if isinstance(value, str):
            return value
        case Value():
            return json.dumps(dump_space(option))
        case Range(low, high):
            return f"{low:g}..{high:g}"
        case Choices():
            return "|".join(option.labels)


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Make names unique: ``cnn, cnn, vit`` becomes ``cnn#1, cnn#2, vit``."""
    total, seen = Counter(names), Counter[str]()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if total[name] == 1 else f"{name}#{seen[name]}")
    return tuple(unique)


def dump_space(space: Space) -> Any:
    """Return a space as plain data, as a spec writes it."""
    match space:
        case Value(value):
            return _plain(value)
        case Range():
            data: dict[str, Any] = {"low": space.low, "high": space.high}
            if space.log:
                data["log"] = True
            return data if space.step is None else {**data, "step": space.step}
        case Choices(options):
            return {"choices": [dump_space(option) for option in options]}
        case ComponentSpace():
            head = {} if space.type is None else {"type": space.type}
            return head | {name: dump_space(field) for name, field in space.fields.items()}


def component_data(component: BaseModel) -> dict[str, Any]:
    """Return a component as plain data: its type and all of its fields."""
    head = {"type": plugin_name(type(component))} if isinstance(component, Component) else {}
    return head | {name: _plain(getattr(component, name)) for name in type(component).model_fields}


def _plain(value: Any) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json")


def largest_number(data: Any) -> float:
    """Return the largest number in a dumped space of numbers, including nested choices."""
    match data:
        case {"high": high}:
            return largest_number(high)
        case {"choices": options}:
            return max(map(largest_number, options))
        case bool():
            pass
        case int() | float():
            return data
    raise ValueError(f"not a space of numbers: {data}")
