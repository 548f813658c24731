"""Objectives and constraints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from automap.interfaces.metric import Direction
from automap.interfaces.task import Task
from automap.spec.errors import shortened
from automap.spec.suggest import did_you_mean


class Cost(NamedTuple):
    """A cost of a model that is known for every task."""

    direction: Direction
    key: str
    """Its name in a result's costs, which includes the unit."""
    unit: str
    description: str


COSTS: Mapping[str, Cost] = {
    "parameters": Cost("minimize", "parameters", "", "weights of the network"),
    "flops": Cost("minimize", "flops", "FLOP", "floating-point operations of one image; a multiply-add counts two"),
    "latency": Cost("minimize", "latency_ms", "ms", "median time of a batch of one image"),
    "latency_p95": Cost("minimize", "latency_p95_ms", "ms", "95th percentile of the time of a batch of one image"),
    "size": Cost("minimize", "size_bytes", "B", "size of the saved model"),
    "train_seconds": Cost("minimize", "train_seconds", "s", "time of the training"),
    "peak_memory": Cost("minimize", "peak_memory_bytes", "B", "largest memory of the worker during the training"),
}
"""The costs that objectives and constraints may name in addition to the task's metrics."""


class Objective(BaseModel):
    """A metric or cost and the direction in which it is better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(description="a metric of the task, or a cost")
    direction: Direction = Field(description="if left out, the usual direction of the metric")


class Constraint(BaseModel):
    """Limits on a metric or cost; a result outside them is infeasible."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str = Field(description="a metric of the task, or a cost")
    min: float | None = Field(None, description="smallest value allowed")
    max: float | None = Field(None, description="largest value allowed")

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("a constraint needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min must not be above max; received min {self.min:g} and max {self.max:g}")
        return self

    def violation(self, values: Mapping[str, float]) -> float | None:
        """Return how far a result is outside the limits; 0 or less is feasible, None is unknown.

        Args:
            values: the result's metrics and costs.
        """
        value = metric_value(self.metric, values)
        if value is None:
            return None
        below = -math.inf if self.min is None else self.min - value
        above = -math.inf if self.max is None else value - self.max
        return max(below, above)

    def describe(self, values: Mapping[str, float]) -> str:
        """Return a sentence with the value and the limits."""
        value = metric_value(self.metric, values)
        limits = [
            f"{word} {limit:,g}" for word, limit in (("at least", self.min), ("at most", self.max)) if limit is not None
        ]
        found = "unknown" if value is None else f"{value:,g}"
        return f"{self.metric} is {found}, allowed is {' and '.join(limits)}"


def metric_value(metric: str, values: Mapping[str, float | None]) -> float | None:
    """Return a metric or cost by the name that specs use; None if it is not there or not finite."""
    key = COSTS[metric].key if metric in COSTS else metric
    value = values.get(key)
    return value if value is not None and math.isfinite(value) else None


def objective_value(
    objective: Objective, metrics: Mapping[str, float | None], cost: Mapping[str, float | None]
) -> float | None:
    """Return the value of an objective; None if it is not there or not finite."""
    return metric_value(objective.metric, {**metrics, **cost})


def check_metric(name: str, task: type[Task]) -> str:
    """Return the name of a metric or cost.

    Raises:
        ValueError: if the task has no such metric; the text names the nearest one.
    """
    known = [*task.metrics, *COSTS]
    if name in known:
        return name
    hint = did_you_mean(name, known, f"there are {', '.join(known)}")
    raise ValueError(f"unknown metric '{shortened(name)}'; {hint}")


def assume_direction(item: Any) -> Any:
    """Return an objective as a mapping, with a direction even if its metric is not known."""
    if isinstance(item, str):
        item = {"metric": item}
    return {"direction": "maximize", **item} if isinstance(item, dict) else item


def expand_objective(item: Any, task: type[Task]) -> Any:
    """Return an objective as a mapping, with the usual direction of its metric if it has none.

    Raises:
        ValueError: if the task has no such metric.
    """
    if isinstance(item, str):
        item = {"metric": item}
    if not isinstance(item, dict) or not isinstance(item.get("metric"), str):
        return assume_direction(item)
    name = check_metric(item["metric"], task)
    known = task.metrics[name] if name in task.metrics else COSTS[name]
    return {"direction": known.direction, **item}
