"""A cache of compiled models of earlier trials, whose compiled steps later trials reuse."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

import keras

from automap.data.prepare import PreparedData
from automap.interfaces.component import Component
from automap.spec.candidate import Candidate
from automap.spec.space import component_data
from automap.training.build import BatchPlan, build_parts, compile_model
from automap.training.extras import NO_EXTRAS, TrainingExtras
from automap.training.heads.backbone import FrozenBackbones
from automap.training.model import TrainingModel
from automap.training.step_reuse.adjusted import adjusted

MOST_KEPT = 4
"""Number of models that a worker keeps; each holds its variables, its optimizer's, and the graph of its step."""

_READ_OUTSIDE = frozenset({"epochs", "warmup", "early_stopping", "evaluate"})
"""Training settings that do not affect the compiled step, or are read from the schedule's variables."""


class CompiledModels:
    """The models that a worker trained last, by everything that their compiled steps depend on.

    Args:
        most: largest number of models.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.most = most
        self.reused = 0
        """How often a compiled model was reused."""
        self.frozen = FrozenBackbones()
        """The frozen backbone of the last head trials, and its features."""
        self._kept: OrderedDict[str, TrainingModel] = OrderedDict()

    def build(
        self, candidate: Candidate, data: PreparedData, plan: BatchPlan, extras: TrainingExtras = NO_EXTRAS
    ) -> tuple[TrainingModel, keras.Model]:
        """Build a candidate's model, reusing the compiled step of an earlier model if possible.

        Args:
            candidate: the candidate.
            data: the data set to train on.
            plan: how the data is divided into batches.
            extras: initial weights, learning rates by layer, a second loss, clipping.

        Returns:
            The compiled model with the initial values of all variables, and the network to save: it consists of
            Keras's own layers with the candidate's hyperparameters and takes over the weights of ``model.network``.
        """
        parts = build_parts(candidate, data.info, plan, extras)
        fresh = compile_model(adjusted(parts, candidate), candidate, data, plan)
        if extras.second_loss is not None or extras.combine_gradients is not None or extras.learning_rate_factors:
            # These are part of the compiled step.
            return fresh, parts.network
        return self._compiled(_compilation_key(candidate, data, plan), fresh), parts.network

    def _compiled(self, key: str, fresh: TrainingModel) -> TrainingModel:
        """Return a model whose variables equal those of a new one; it is compiled already if one was cached."""
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
        """Forget all models."""
        self._kept.clear()
        self.frozen.clear()


def _compilation_key(candidate: Candidate, data: PreparedData, plan: BatchPlan) -> str:
    """Return a string that is the same for candidates with the same compiled step.

    The data's shapes, statistics and number of records are part of the network.
    """
    components: tuple[Component, ...] = (
        candidate.task,
        candidate.architecture,
        *candidate.encoders.values(),
        *(() if candidate.fusion is None else (candidate.fusion,)),
        *candidate.augmentation,
        candidate.optimizer,
        candidate.loss,
    )
    # The steps at which stages are unfrozen are constants of the step; they depend on the length of the training.
    gradual = candidate.training.unfreeze not in ("auto", 0)
    settings = candidate.training.model_dump(
        mode="json", exclude=set(_READ_OUTSIDE) - ({"epochs"} if gradual else set())
    )
    key = [[_compiled_in(each) for each in components], settings, data.fingerprint, plan.accumulation]
    return json.dumps(key, sort_keys=True)


def _compiled_in(component: Component) -> dict[str, Any]:
    """Return a component's data; for a number that is read from a variable, only whether it is zero."""
    described = component_data(component)
    fields = {"type": described} if isinstance(described, str) else dict(described)
    return fields | {name: bool(getattr(component, name)) for name in component.adjustable}
