"""What a sampler is held to."""

from __future__ import annotations

from typing import Any

import optuna

from automap.interfaces.sampler import (
    CategoricalHyperparameter,
    Hyperparameter,
    NumericHyperparameter,
    Sampler,
    SearchSpace,
)
from automap.testing.component import check_component, instance_of, require

TRIALS = 30

SPACE = SearchSpace(
    directions=("minimize",),
    hyperparameters=(
        CategoricalHyperparameter("kind", "a", ("a", "b")),
        NumericHyperparameter("kind.a.rate", 0.1, 1e-3, 1.0, log=True, conditions=(("kind", "a"),)),
        NumericHyperparameter("kind.b.size", 4, 1, 8, integer=True, conditions=(("kind", "b"),)),
        NumericHyperparameter("width", 0.5, 0.0, 1.0, step=0.25),
    ),
)
"""A number of each form, two of them under a choice."""


def check_sampler(sampler: Sampler | type[Sampler], space: SearchSpace = SPACE) -> None:
    """Check a sampler on a small search space.

    - Every value that it proposes is within its range, and every label is one of the alternatives.
    - It goes on when trials fail.
    - The same seed gives the same proposals.

    Args:
        sampler: an instance, or a class whose defaults are checked.
        space: a search space that it can search.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(sampler)
    check_component(built)
    first, again = _proposals(built, space), _proposals(built, space)
    require(first == again, f"{type(built).__name__} gives other proposals for the same seed")


def _proposals(sampler: Sampler, space: SearchSpace) -> list[dict[str, Any]]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler.build(space, seed=1), directions=list(space.directions))
    found = []
    for number in range(min(TRIALS, sampler.limit(space) or TRIALS)):
        trial = study.ask()
        parameters = _drawn(trial, space)
        found.append(parameters)
        if number % 5 == 3:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, [float(len(str(parameters)))] * len(space.directions))
    return found


def _drawn(trial: optuna.Trial, space: SearchSpace) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    for each in space.hyperparameters:
        if all(drawn.get(name) == label for name, label in each.conditions):
            drawn[each.name] = _suggested(trial, each)
    return drawn


def _suggested(trial: optuna.Trial, each: Hyperparameter) -> Any:
    if isinstance(each, CategoricalHyperparameter):
        label = trial.suggest_categorical(each.name, each.labels)
        require(label in each.labels, f"{each.name} = {label!r} is not one of {each.labels}")
        return label
    if each.integer:
        value: float = trial.suggest_int(each.name, int(each.low), int(each.high), step=int(each.step or 1))
    else:
        value = trial.suggest_float(each.name, each.low, each.high, log=each.log, step=each.step)
    require(each.low <= value <= each.high, f"{each.name} = {value} is outside {each.low} to {each.high}")
    return value
