"""From the spec's ``search.sampler`` to an Optuna sampler."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from automap.exceptions import UserError
from automap.spec.draw import Parameters, hyperparameters, sections
from automap.spec.space import Choices, ComponentSpace, Range, Space, Value
from automap.spec.spec import Spec

GRID_LIMIT = 100_000
"""Points above which a grid is refused: no budget would ever see its end."""


def make_sampler(spec: Spec, seed: int) -> BaseSampler:
    """Return the sampler that the spec names.

    Args:
        spec: the whole spec; some samplers do not fit every space.
        seed: the sampler's seed; workers that share a study need different ones.

    Raises:
        UserError: if the sampler cannot search this space, or lacks an optional dependency.
    """
    # Optuna marks what it may still change as experimental; its users need to know, automap's do not.
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    match spec.search.sampler:
        case "tpe":
            # Grouping keeps hyperparameters that exist only under some choice in one multivariate model.
            return optuna.samplers.TPESampler(multivariate=True, group=True, constant_liar=True, seed=seed)
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)
        case "qmc":
            # One sequence for all workers: Optuna counts its points in the study, so the seed must agree.
            return optuna.samplers.QMCSampler(
                scramble=True,
                seed=spec.search.seed,
                warn_asynchronous_seeding=False,
                warn_independent_sampling=False,
            )
        case "cmaes":
            _needs_one_objective(spec)
            return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
        case "nsga2":
            return optuna.samplers.NSGAIISampler(population_size=20, seed=seed)
        case "gp":
            _needs_torch()
            return optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False)
        case "grid":
            return GridSampler(grid(spec))


def _needs_one_objective(spec: Spec) -> None:
    if len(spec.objectives) > 1:
        raise UserError(
            f"search.sampler: {spec.search.sampler} searches for one objective, "
            f"received {len(spec.objectives)}; use tpe or nsga2"
        )


def _needs_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        raise UserError("search.sampler: gp needs PyTorch: pip install 'automap[gp]'") from None


class GridSampler(BaseSampler):
    """Gives trial number n the n-th point of a grid; conditional spaces are enumerated branch by branch.

    Optuna's own grid needs one flat space, and its brute-force sampler stops only a study that Optuna runs.
    """

    def __init__(self, points: list[Parameters]) -> None:
        self._points = points

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return nothing: no hyperparameter is sampled jointly."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return nothing: no hyperparameter is sampled jointly."""
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return the value of a hyperparameter at the trial's point."""
        return self._points[trial.number % len(self._points)][param_name]


def grid(spec: Spec) -> list[Parameters]:
    """Enumerate every candidate of a spec as the parameters that draw it.

    Raises:
        UserError: if a range is continuous and has no step, or the grid is larger than `GRID_LIMIT`.
    """
    for hole in hyperparameters(spec):
        if isinstance(hole.space, Range) and not hole.space.integer and hole.space.step is None:
            raise UserError(f"{hole.name}: a grid needs a step, or choices, instead of a continuous range")
    parts = [_points(space, name) for name, space in sections(spec)]
    points = list(itertools.islice(_combine(parts), GRID_LIMIT + 1))
    if len(points) > GRID_LIMIT:
        raise UserError(f"search.sampler: the grid has more than {GRID_LIMIT:,} points; narrow the space or use tpe")
    return points


def _combine(parts: list[list[Parameters]]) -> Iterator[Parameters]:
    for combination in itertools.product(*parts):
        yield {name: value for part in combination for name, value in part.items()}


def _points(space: Space, name: str) -> list[Parameters]:
    match space:
        case Value():
            return [{}]
        case Range(low, high, _, step):
            count = int((high - low) / (step or 1) + 1e-9) + 1
            return [{name: low + index * (step or 1)} for index in range(count)]
        case Choices(options, labels=labels):
            return [
                {name: label, **point}
                for option, label in zip(options, labels, strict=True)
                for point in _points(option, f"{name}.{label}")
            ]
        case ComponentSpace(_, _, fields):
            return list(_combine([_points(hole, f"{name}.{field}") for field, hole in fields.items()]))
