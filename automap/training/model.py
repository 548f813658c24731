"""The model that is trained: augmentation, network and loss in one compiled step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from automap.spec.kinds import DataInfo, Task


class TrainingModel(keras.Model):  # type: ignore[misc]
    """A network with what only training needs around it.

    It is fed ``{"images": (batch, height, width, channels) uint8, "targets": as the cache stores them}`` and
    augments, computes and compares inside Keras's own compiled step, without a step of its own: so it runs
    alike on every backend.

    Args:
        network: from raw images, 0 to 255, to raw outputs.
        task: prepares targets and names the one that the loss compares.
        info: the data.
        augmentation: layers that change a batch of images with their targets.
        loss: compares targets and outputs.
        ema: momentum of a moving average of the weights; None for none.
    """

    def __init__(
        self,
        network: keras.Model,
        task: Task,
        info: DataInfo,
        augmentation: Sequence[keras.Layer],
        loss: keras.Loss,
        ema: float | None = None,
    ) -> None:
        # Its own computations are few and need all bits; the network has a policy of its own.
        super().__init__(name="training", dtype="float32")
        self.network = network
        self.augmentation = list(augmentation)
        self._task, self._info, self._compare, self._ema = task, info, loss, ema
        self.averages = [] if ema is None else [self._average_of(weight) for weight in network.trainable_variables]
        self.averaged_steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="averaged_steps")
        self.built = True

    def _average_of(self, weight: keras.Variable) -> keras.Variable:
        average = self.add_weight(shape=weight.shape, initializer="zeros", trainable=False, name="average")
        average.assign(weight)
        return average

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Return the network's outputs and the target to compare them with."""
        batch = {
            "images": ops.cast(inputs["images"], "float32"),
            **self._task.prepare(inputs["targets"], self._info),
        }
        if training:
            for layer in self.augmentation:
                batch = layer(batch, training=True)
            self._update_averages()
        images = batch.pop("images")
        return {"outputs": self.network(images, training=training), "target": self._task.loss_target(batch)}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean loss of a batch with the network's own regularisation losses."""
        loss = self._compare(y_pred["target"], y_pred["outputs"])
        for extra in self.losses:
            loss += extra
        return loss

    def _update_averages(self) -> None:
        if self._ema is None:
            return
        # Early averages would otherwise be of the initial weights, mostly.
        steps = self.averaged_steps + 1
        momentum = ops.minimum(self._ema, (1 + steps) / (10 + steps))
        self.averaged_steps.assign(steps)
        for average, weight in zip(self.averages, self.network.trainable_variables, strict=True):
            average.assign(momentum * average + (1 - momentum) * ops.cast(weight, average.dtype))
