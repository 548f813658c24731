"""The training model whose step combines the gradients of single examples."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import keras

from automap.interfaces.data_info import DataInfo
from automap.interfaces.task import Task
from automap.training.averaging import WeightAverage
from automap.training.extras import CombineGradients
from automap.training.model import Parts, TrainingModel


class PerExampleModel(TrainingModel):
    """A training model that computes the gradient of every example and combines them.

    The step holds a gradient of every weight for each example of a batch, so it needs memory for ``batch size`` times
    the number of weights.

    Args:
        parts: network, augmentations and losses.
        task: prepares targets.
        info: describes the data.
        average: the moving average of the network's weights; None for none.
        combine: combines the gradients.
    """

    def __init__(
        self, parts: Parts, task: Task, info: DataInfo, average: WeightAverage | None, combine: CombineGradients
    ) -> None:
        super().__init__(parts, task, info, average)
        self.combine = combine
        step = import_module(f"automap.training.per_example.{keras.backend.backend()}_step")
        self._step: Callable[..., Any] = step.train_step

    def train_step(self, *arguments: Any) -> Any:
        """Train on a batch; the arguments and results are those of the backend's ``train_step``."""
        return self._step(self, *arguments)

    def start_step(self, batch: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Return the augmented inputs and targets of a batch."""
        augmented = self.augment(batch)
        if self.average is not None:
            self.average.update()
        return augmented

    def example_loss(self, inputs: dict[str, Any], target: Any) -> Any:
        """Return the loss of one example, which has a batch axis of length 1."""
        outputs = self.network(inputs, training=True)
        loss = sum(self.network.losses, start=self.training_loss(target, outputs))
        return loss if self.second_loss is None else loss + self.second_loss(inputs, outputs)
