"""Stopping weak trials early.

With one objective Optuna's pruners decide. With several, where Optuna has none, trials are compared at rungs
(1, 3, 9, ... epochs) by non-dominated rank, as successive halving does with a single value (Li et al.,
2020, arXiv:1810.05934): a trial goes on if at least one in `REDUCTION` of those that reached the rung is not better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import optuna
from optuna.pruners import BasePruner

from automap.spec.objectives import non_dominated_ranks
from automap.spec.space import Range, Value
from automap.spec.spec import Spec

REDUCTION = 3
"""One in so many trials goes on at each rung."""


def make_pruner(spec: Spec) -> BasePruner:
    """Return the pruner that the spec names, for its longest training."""
    longest = longest_training(spec)
    match spec.search.pruner:
        case "hyperband":
            return optuna.pruners.HyperbandPruner(1, longest, REDUCTION)
        case "asha":
            return optuna.pruners.SuccessiveHalvingPruner(1, REDUCTION)
        case "median":
            return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1)
        case "none":
            return optuna.pruners.NopPruner()


def longest_training(spec: Spec) -> int:
    """Return the largest number of epochs that a candidate of the spec may have."""
    match spec.training.fields["epochs"]:
        case Value(epochs):
            return int(epochs)
        case Range(_, high):
            return int(high)
        case choices:
            return max(int(option.value) for option in choices.options)  # type: ignore[union-attr]


def is_rung(epoch: int) -> bool:
    """Return whether trials of several objectives are compared after `epoch` (1, 3, 9, ...)."""
    return bool(REDUCTION ** round(math.log(epoch, REDUCTION)) == epoch)


def rung_key(epoch: int) -> str:
    """Return the name of the trial attribute that holds the objective values after `epoch`."""
    return f"rung_{epoch}"


def is_weak(
    values: Sequence[float],
    others: Sequence[Sequence[float]],
    directions: Sequence[str],
    *,
    reduction: int = REDUCTION,
) -> bool:
    """Return whether a trial of several objectives should stop at a rung.

    Args:
        values: the trial's objectives at the rung.
        others: those of the other trials that reached the rung.
        directions: ``maximize`` or ``minimize`` for each objective.
        reduction: one in so many goes on; a whole front goes on or stops together.
    """
    ranks = non_dominated_ranks([values, *others], directions)
    survivors = max(1, len(ranks) // reduction)
    return ranks[0] > sorted(ranks)[survivors - 1]
