"""Drawing candidates: an Optuna trial suggests a value for every hyperparameter of a spec."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from automap.interfaces.augmentation import Augmentation
from automap.interfaces.sampler import (
    CategoricalHyperparameter,
    Condition,
    Hyperparameter,
    NumericHyperparameter,
    SearchSpace,
)
from automap.spec.candidate import Candidate
from automap.spec.pretrained import has_pretrained
from automap.spec.space import Choices, ComponentSpace, Range, Space, Value, component_data, dump_space
from automap.spec.spec import Spec

Parameters = dict[str, Any]
"""Suggested values by the name of their hyperparameter, as Optuna stores them."""


class Suggest(Protocol):
    """The part of `optuna.trial.BaseTrial` that suggests values."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return a whole number of a range."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a number of a range."""

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of several labels."""


def sections(spec: Spec) -> Iterator[tuple[str, Space]]:
    """Yield the parts of a spec that may have hyperparameters, each with the prefix of its names."""
    yield "task", spec.task
    yield "architecture", spec.architecture
    for kind, encoder in spec.encoders.items():
        yield f"encoders.{kind}", encoder
    if spec.fusion is not None:
        yield "fusion", spec.fusion
    for index, step in enumerate(spec.augmentation):
        yield f"augmentation[{index}]", step
    yield "optimizer", spec.optimizer
    yield "loss", spec.loss
    yield "training", spec.training


def draw(spec: Spec, trial: Suggest) -> Candidate:
    """Return the candidate with the values that `trial` suggests for every hyperparameter."""
    filled = {name: _fill(space, name, trial) for name, space in sections(spec)}
    steps = tuple(value for name, value in filled.items() if name.startswith("augmentation["))
    encoders = {kind: filled[f"encoders.{kind}"] for kind in spec.encoders}
    rest = {name: value for name, value in filled.items() if not name.startswith(("augmentation[", "encoders."))}
    return Candidate.model_validate(
        {**rest, "dataset": component_data(spec.dataset), "augmentation": steps, "encoders": encoders},
    )


def _fill(space: Space, name: str, trial: Suggest) -> Any:
    match space:
        case Value():
            return dump_space(space)
        case Range(low, high, log, step, True):
            return trial.suggest_int(name, int(low), int(high), step=int(step or 1), log=log)
        case Range(low, high, log, step):
            return trial.suggest_float(name, low, high, step=step, log=log)
        case Choices(options):
            label = trial.suggest_categorical(name, space.labels)
            return _fill(options[space.labels.index(label)], f"{name}.{label}", trial)
        case ComponentSpace():
            head = {} if space.type is None else {"type": space.type}
            return head | {field: _fill(inner, f"{name}.{field}", trial) for field, inner in space.fields.items()}


def search_space(spec: Spec) -> SearchSpace:
    """Return a spec's search space as samplers and schedulers see it."""
    return SearchSpace(spec.directions, tuple(hyperparameters(spec)), spec.search.seed)


def hyperparameters(spec: Spec) -> Iterator[Hyperparameter]:
    """Yield every hyperparameter of a spec, also those that exist only under some choice."""
    for found, _ in searched_spaces(spec):
        yield found


def searched_spaces(spec: Spec) -> Iterator[tuple[Hyperparameter, Range | Choices]]:
    """Yield every hyperparameter of a spec with its range or choices."""
    for name, space in sections(spec):
        yield from _searched_spaces(space, name, None, ())


def _searched_spaces(
    space: Space, name: str, default: Any, conditions: tuple[Condition, ...]
) -> Iterator[tuple[Hyperparameter, Range | Choices]]:
    match space:
        case Range(low, high, log, step, integer):
            initial = _default_number(space, default)
            yield NumericHyperparameter(name, initial, low, high, log, step, integer, conditions), space
        case Choices(options, labels=labels):
            yield CategoricalHyperparameter(name, _default_label(space, default), labels, conditions), space
            for option, label in zip(options, labels, strict=True):
                yield from _searched_spaces(option, f"{name}.{label}", default, (*conditions, (name, label)))
        case ComponentSpace(model, _, fields):
            for field, inner in fields.items():
                initial = model.model_fields[field].get_default(call_default_factory=True)
                yield from _searched_spaces(inner, f"{name}.{field}", initial, conditions)


def _default_number(space: Range, default: Any) -> float:
    # A field such as training.ema has a default that is no number.
    if isinstance(default, bool) or not isinstance(default, int | float):
        default = math.sqrt(space.low * space.high) if space.log else (space.low + space.high) / 2
    number = min(max(default, space.low), space.high)
    if space.step is not None:
        number = space.low + round((number - space.low) / space.step) * space.step
        number = min(number, space.high)
    return int(number) if space.integer else float(number)


def _default_label(space: Choices, default: Any) -> str:
    values = [option.value if isinstance(option, Value) else None for option in space.options]
    return space.labels[values.index(default) if default is not None and default in values else 0]


FIRST_HEADS = (
    ("linear", "all", 0.05),
    ("kernel", "all", 0.03),
    ("svm", "all", 0.1),
    ("mlp", "all", 0.01),
    ("linear", "last", 0.1),
    ("kernel", "scales", 0.03),
    ("linear", "scales", 0.05),
    ("cosine", "last", 0.1),
    ("linear", "all", 0.2),
    ("kernel", "scales", 0.01),
)
"""Heads of the first trials, with the features that they see and their penalty: each takes about a second."""
HEADS_ON_VIEWS = (
    ("kernel", "all", 0.03),
    ("kernel", "scales", 0.03),
    ("linear", "scales", 0.05),
    ("mlp", "all", 0.01),
)
"""Heads that are fitted on augmented images too, after them."""


def first_parameters(spec: Spec) -> list[Parameters]:
    """Return the hyperparameters of the first trials: every default, once for each choice of architecture.

    Where the first architecture has pretrained weights, heads on its frozen backbone come first, as far as the spec
    leaves that open.
    """
    defaults = {found.name: found.default for found in hyperparameters(spec)}
    if not isinstance(spec.architecture, Choices):
        return [*_first_heads(spec, spec.architecture, defaults), defaults]
    first = defaults["architecture"]
    option = spec.architecture.options[spec.architecture.labels.index(first)]
    labels = [first, *(label for label in spec.architecture.labels if label != first)]
    return [*_first_heads(spec, option, defaults), *({**defaults, "architecture": label} for label in labels)]


def _first_heads(spec: Spec, architecture: Space, defaults: Parameters) -> list[Parameters]:
    labels = {
        found.name: found.labels for found in hyperparameters(spec) if isinstance(found, CategoricalHyperparameter)
    }
    if not has_pretrained(architecture) or "backbone" not in labels.get("training.freeze", ()) or spec.fusion:
        return []
    frozen = {**defaults, "training.freeze": "backbone"}
    unchanged, changed = _cached_steps(spec, "none"), _cached_steps(spec, "")
    found = [{**frozen, **unchanged, **head} for head in _admitted(spec, labels, FIRST_HEADS)]
    if changed == unchanged:
        return found
    # The views of images come after the first models: they take as long again to compute.
    return [*found, *({**frozen, **changed, **head} for head in _admitted(spec, labels, HEADS_ON_VIEWS))]


def _admitted(
    spec: Spec, labels: Mapping[str, Sequence[str]], heads: Sequence[tuple[str, str, float]]
) -> list[Parameters]:
    """Return the hyperparameters of those heads that a spec admits; of the default head if it admits none."""
    return [
        {"task.head": head, "task.features": features, **_penalty(spec, penalty)}
        for head, features, penalty in heads
        if head in labels.get("task.head", ()) and features in labels.get("task.features", ())
    ] or [{}]


def _penalty(spec: Spec, wanted: float) -> Parameters:
    space = cast(ComponentSpace, spec.task).fields.get("penalty")
    return {"task.penalty": min(max(wanted, space.low), space.high)} if isinstance(space, Range) else {}


def _cached_steps(spec: Spec, preferred: str) -> Parameters:
    """Return the choice of each searched augmentation whose images can be cached: the preferred one if it is there."""
    found: Parameters = {}
    for index, step in enumerate(spec.augmentation):
        if isinstance(step, Choices):
            options = zip(step.labels, step.options, strict=True)
            labels = [label for label, option in options if _has_views(option)]
            labels.sort(key=lambda label: (label != preferred, label == "none"))
            found |= {f"augmentation[{index}]": label for label in labels[:1]}
    return found


def _has_views(option: Space) -> bool:
    model = option.model if isinstance(option, ComponentSpace) else None
    return isinstance(model, type) and issubclass(model, Augmentation) and model.views is not Augmentation.views


class _Chosen:
    """Suggests values that are given."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return int(self._parameters[name])

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        return float(self._parameters[name])

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self._parameters[name]


def boundary_candidates(spec: Spec) -> Iterator[tuple[str, Candidate]]:
    """Yield a candidate for both ends of every range and for every choice, all else at its default.

    Each comes with a description such as ``architecture.resnet.width = 128``.
    """
    found = list(hyperparameters(spec))
    defaults = {each.name: each.default for each in found}
    yield "every default", draw(spec, _Chosen(defaults))
    for each in found:
        for value in each.boundaries:
            parameters = {**defaults, **dict(each.conditions), each.name: value}
            yield f"{each.name} = {value}", draw(spec, _Chosen(parameters))
