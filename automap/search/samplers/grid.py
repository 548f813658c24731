"""Grid search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from automap.exceptions import UserError
from automap.interfaces.sampler import Condition, Hyperparameter, NumericHyperparameter, Sampler, SearchSpace

if TYPE_CHECKING:
    import optuna

GRID_LIMIT = 100_000
"""Larger grids are refused; no budget would cover them."""

Point = dict[str, Any]
"""A value for every hyperparameter that exists at a point of the grid."""


class Grid(Sampler):
    """Every combination of the space's values once; continuous ranges need a step."""

    def build(self, space: SearchSpace, seed: int) -> optuna.samplers.BaseSampler:
        """Return the Optuna sampler.

        Raises:
            UserError: if a range is continuous and has no step, or the grid is larger than `GRID_LIMIT`.
        """
        from automap.search.samplers.grid_sampler import GridSampler

        return GridSampler(grid(space))

    def limit(self, space: SearchSpace) -> int:
        """Return the number of points of the grid.

        Raises:
            UserError: if a range is continuous and has no step, or the grid is larger than `GRID_LIMIT`.
        """
        return len(grid(space))


def grid(space: SearchSpace) -> list[Point]:
    """Enumerate a space; the last hyperparameter varies fastest.

    Raises:
        UserError: if a range is continuous and has no step, or the grid is larger than `GRID_LIMIT`.
    """
    points: list[Point] = [{}]
    for hyperparameter in space.hyperparameters:
        values = _values(hyperparameter)
        grown: list[Point] = []
        for point in points:
            exists = _meets(hyperparameter.conditions, point)
            grown += [{**point, hyperparameter.name: value} for value in values] if exists else [point]
            if len(grown) > GRID_LIMIT:
                raise UserError(
                    f"search.sampler: the grid has more than {GRID_LIMIT:,} points; narrow the space or use tpe"
                )
        points = grown
    return points


def _values(hyperparameter: Hyperparameter) -> list[Any]:
    if not isinstance(hyperparameter, NumericHyperparameter):
        return list(hyperparameter.labels)
    if hyperparameter.step is None and not hyperparameter.integer:
        raise UserError(f"{hyperparameter.name}: grid search needs a step, or choices, instead of a continuous range")
    step = hyperparameter.step or 1
    count = int((hyperparameter.high - hyperparameter.low) / step + 1e-9) + 1
    return [hyperparameter.low + index * step for index in range(min(count, GRID_LIMIT + 1))]


def _meets(conditions: tuple[Condition, ...], point: Mapping[str, Any]) -> bool:
    return all(point.get(name) == label for name, label in conditions)
