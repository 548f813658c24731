"""The model that is fitted: a network with its augmentations and its loss in one compiled step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from automap.interfaces.data_info import DataInfo
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.training.averaging import WeightAverage
from automap.training.step_reuse.dropout import with_adjusted_dropout


class TrainingModel(keras.Model):  # type: ignore[misc]
    """Wraps a network so that ``fit`` takes stored records.

    A batch is ``{"inputs": the network's inputs by name, "targets": as the cache stores them}``.
    Inside the step the task prepares the targets, the augmentations change images and targets together, and
    the loss compares the network's outputs with what became of the targets. All of it happens in `call` and
    `compute_loss`, which every backend compiles, so that no backend needs a train step of its own.

    Args:
        network: raw images, 0 to 255, to raw outputs; what is saved in the end.
        augmentations: layers from dict to dict, applied in this order.
        task: prepares targets.
        info: of the data.
        loss: of prepared targets and outputs; if it is a layer, its weights are trained with the network's.
        average: the moving average of the network's weights, if one is wanted.
    """

    def __init__(
        self,
        network: keras.Model,
        augmentations: Sequence[keras.Layer],
        task: Task,
        info: DataInfo,
        loss: keras.Loss | keras.Layer,
        average: WeightAverage | None = None,
    ) -> None:
        super().__init__(name="training", dtype="float32")
        self.finished = network
        """What is saved: of Keras's layers, with the candidate's own numbers."""
        self.network, self.dropout_rates = with_adjusted_dropout(network)
        """The same, with the same weights, as it is trained and evaluated."""
        self.augmentations = list(augmentations)
        self.task, self.info, self.training_loss = task, info, loss
        self.average = average
        self.built = True

    def state(self) -> list[keras.Variable]:
        """Return all variables of the training, the optimizer's and random generators' too, each once."""
        found = {id(variable): variable for variable in (*self.variables, *self.optimizer.variables)}
        return list(found.values())

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Return the network's outputs, and while training also what the loss compares them with."""
        if not training:
            return self.network(inputs["inputs"], training=False)
        batch = {
            "images": ops.cast(inputs["inputs"][IMAGE], "float32"),
            **self.task.prepare(inputs["targets"], self.info),
        }
        for layer in self.augmentations:
            batch = layer(batch, training=True)
        images = batch.pop("images")
        if self.average is not None:
            self.average.update()
        return self.network({**inputs["inputs"], IMAGE: images}, training=True), self.task.loss_target(batch)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean loss of a training batch plus the network's own losses (regularisation)."""
        outputs, target = y_pred
        return sum(self.losses, start=self.training_loss(target, outputs))
