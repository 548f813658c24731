"""Models of earlier trials whose compiled steps serve later ones."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from automap.data.prepare import PreparedData
from automap.interfaces.component import Component
from automap.spec.candidate import Candidate
from automap.spec.space import component_data
from automap.training.model import TrainingModel

MOST_KEPT = 4
"""Of one worker: each model holds its variables, its optimizer's, and the graph of its step."""

_READ_OUTSIDE = frozenset({"epochs", "warmup", "early_stopping"})
"""Training settings that the compiled step does not see, or reads from the schedule's variables."""


class CompiledModels:
    """The models that a worker trained last, by what their compiled steps depend on.

    Tracing and compiling a small network takes as long as several of its epochs. Trials that differ in numbers that
    are read from variables (`Component.adjustable`) or in their seed alone, as a finalist's do, need one compiled
    step: the model of the earlier trial takes all variables of the later one's, and goes on as that.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.most = most
        self.reused = 0
        """How often a model that was compiled before has been given out again."""
        self._kept: OrderedDict[str, TrainingModel] = OrderedDict()

    def adopt(self, key: str, fresh: TrainingModel) -> TrainingModel:
        """Return a model that is equal to a fresh one in every variable, compiled already if there is such a one.

        Args:
            key: what the compiled step depends on, as `compilation_key` says.
            fresh: a model that was just built; not to be used any more if another one is returned.
        """
        model = self._kept.pop(key, None)
        if model is None:
            model = fresh
        else:
            self.reused += 1
            for variable, value in zip(model.state(), fresh.state(), strict=True):
                variable.assign(value)
        self._kept[key] = model
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return model

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()


def compilation_key(candidate: Candidate, data: PreparedData, parts: int) -> str:
    """Return a string that is the same for candidates whose compiled steps are.

    Args:
        candidate: what is trained.
        data: on what: its shapes, statistics and number of records are part of the network.
        parts: into how many each batch is divided.
    """
    components: tuple[Component, ...] = (
        candidate.task,
        candidate.architecture,
        *candidate.augmentation,
        candidate.optimizer,
        candidate.loss,
    )
    settings = candidate.training.model_dump(mode="json", exclude=set(_READ_OUTSIDE))
    return json.dumps([[_compiled_in(each) for each in components], settings, data.fingerprint, parts], sort_keys=True)


def _compiled_in(component: Component) -> dict[str, Any]:
    """Return a component's data; of a number that is read from a variable, whether it is zero."""
    described = component_data(component)
    fields = {"type": described} if isinstance(described, str) else dict(described)
    return fields | {name: bool(getattr(component, name)) for name in component.adjustable}
