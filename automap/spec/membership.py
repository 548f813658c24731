"""Whether a candidate of another spec belongs to a search space, and as which hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from automap.interfaces.architecture import unpinned
from automap.spec.draw import Parameters, sections
from automap.spec.errors import shortened
from automap.spec.space import Choices, ComponentSpace, Range, Space, Value, dump_space
from automap.spec.spec import Spec

TOLERANCE = 1e-9
"""Relative; numbers are compared after they were written as JSON."""


@dataclass(frozen=True)
class Membership:
    """The place of a candidate in a search space."""

    parameters: Parameters = field(default_factory=dict)
    """Its hyperparameters by name, complete if there are no mismatches."""
    mismatches: tuple[str, ...] = ()
    """What lies outside of the space, such as ``optimizer.learning_rate: 0.5 is not between 0.001 and 0.1``."""

    def __add__(self, other: Membership) -> Membership:
        """Join two parts of a candidate."""
        return Membership({**self.parameters, **other.parameters}, (*self.mismatches, *other.mismatches))


def membership(spec: Spec, candidate: Mapping[str, Any]) -> Membership:
    """Locate a candidate in a spec's search space; the data set is not compared.

    Args:
        spec: the spec.
        candidate: plain data in the spec's notation, of any study.
    """
    steps = candidate.get("augmentation", ())
    if len(steps) != len(spec.augmentation):
        return Membership(mismatches=(f"augmentation: {len(steps)} steps instead of {len(spec.augmentation)}",))
    parts: dict[str, Any] = {**candidate, **{f"augmentation[{index}]": step for index, step in enumerate(steps)}}
    parts |= {f"encoders.{kind}": encoder for kind, encoder in candidate.get("encoders", {}).items()}
    return _joined([_locate(space, parts.get(name), name, "") for name, space in sections(spec)])


def _locate(space: Space, data: Any, name: str, field_name: str) -> Membership:
    """Locate a value; `name` is the hyperparameter's, `field_name` that of the component's field."""
    match space:
        case Value():
            fixed = dump_space(space)
            same = _equal(_without_digest(data, field_name), _without_digest(fixed, field_name))
            return Membership() if same else _outside(name, data, f"not {_show(fixed)}")
        case Range():
            problem = _outside_range(space, data)
            return _outside(name, data, problem) if problem else Membership({name: _as_suggested(space, data)})
        case Choices():
            return _among_choices(space, data, name, field_name)
        case ComponentSpace():
            return _component(space, data, name)


def _as_suggested(space: Range, number: float) -> float:
    number = min(max(number, space.low), space.high)
    return int(number) if space.integer else float(number)


def _outside(name: str, data: Any, problem: str) -> Membership:
    return Membership(mismatches=(f"{name}: {_show(data)} is {problem}",))


def _outside_range(space: Range, data: Any) -> str | None:
    if isinstance(data, bool) or not isinstance(data, int | float):
        return "not a number"
    slack = TOLERANCE * max(abs(space.low), abs(space.high))
    if not space.low - slack <= data <= space.high + slack:
        return f"not between {space.low:g} and {space.high:g}"
    step = space.step or (1 if space.integer else None)
    if step is not None and abs((data - space.low) / step - round((data - space.low) / step)) > 1e-6:
        return f"not on the grid of {space.low:g} to {space.high:g} in steps of {step:g}"
    return None


def _among_choices(space: Choices, data: Any, name: str, field_name: str) -> Membership:
    tried = []
    for label, option in zip(space.labels, space.options, strict=True):
        found = _locate(option, data, f"{name}.{label}", field_name)
        if not found.mismatches:
            return Membership({name: label}) + found
        tried.append((option, found))
    # An option of the same type says more precisely what is outside.
    kind = data.get("type") if isinstance(data, Mapping) else None
    near = [found for option, found in tried if kind and isinstance(option, ComponentSpace) and option.type == kind]
    if near:
        return min(near, key=lambda found: len(found.mismatches))
    return _outside(name, kind or data, f"not among {', '.join(space.labels)}")


def _component(space: ComponentSpace, data: Any, name: str) -> Membership:
    if not isinstance(data, Mapping):
        return _outside(name, data, "not a mapping")
    if space.type is not None and data.get("type") != space.type:
        return _outside(name, data.get("type"), f"not {space.type}")
    return _joined(
        [
            _locate(inner, data.get(each, _default(space.model, each)), f"{name}.{each}", each)
            for each, inner in space.fields.items()
        ]
    )


def _default(model: type[BaseModel], name: str) -> Any:
    """Return the default of a field, for candidates of earlier versions that lack it."""
    return dump_space(Value(model.model_fields[name].get_default(call_default_factory=True)))


def _joined(parts: Sequence[Membership]) -> Membership:
    return sum(parts, Membership())


def _without_digest(data: Any, field_name: str) -> Any:
    # Candidates name the SHA-256 of their weights too.
    return unpinned(data)[0] if field_name == "pretrained" and isinstance(data, str) else data


def _equal(one: Any, other: Any) -> bool:
    numbers = [isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other)]
    if all(numbers):
        return bool(abs(one - other) <= TOLERANCE * max(abs(one), abs(other)))
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _show(value: Any) -> str:
    return shortened(f"{value:g}" if isinstance(value, float) else str(value), 60)
