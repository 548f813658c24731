"""The model that is fitted: a network with its augmentations and its loss in one compiled step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from automap.interfaces.data_info import DataInfo, ImageInfo
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.training.averaging import WeightAverage
from automap.training.batch_norm import BatchStatistics
from automap.training.extras import CombineGradients, SecondLoss


@dataclass(frozen=True)
class Parts:
    """The parts of a training model before it is compiled."""

    network: keras.Model
    """The network, from raw images to raw outputs."""
    augmentations: list[keras.Layer]
    """Augmentation layers, applied in this order."""
    loss: keras.Loss | keras.Layer
    """The loss of prepared targets and outputs; if it is a layer, its weights are trained with the network's."""
    optimizer: keras.Optimizer
    second_loss: SecondLoss | None = None
    """A second loss that is added."""
    combine: CombineGradients | None = None
    """Combines the gradients of single examples; None for the gradient of the mean loss."""
    numbers: tuple[keras.Variable, ...] = ()
    """Variables that the compiled step reads but no layer owns."""


class TrainingModel(keras.Model):  # type: ignore[misc]
    """Wraps a network so that ``fit`` takes stored records.

    A batch is ``{"inputs": the network's inputs by name, "targets": as the cache stores them}``.
    Inside the compiled step, the task prepares the targets, augmentations change images and targets together, and the
    loss compares the outputs with the augmented targets. All of this happens in `call` and `compute_loss`, so that no
    backend needs a train step of its own; `PerExampleModel` is the exception.

    Args:
        parts: network, augmentations and losses.
        task: prepares targets.
        info: describes the data.
        average: the moving average of the network's weights; None for none.
    """

    def __init__(self, parts: Parts, task: Task, info: DataInfo, average: WeightAverage | None = None) -> None:
        super().__init__(name="training", dtype="float32")
        self.network = parts.network
        self.augmentations = parts.augmentations
        self.training_loss, self.second_loss = parts.loss, parts.second_loss
        self.numbers = list(parts.numbers)
        self.task, self.info = task, info
        self.average = average
        self.statistics = BatchStatistics(parts.network)
        self.built = True

    def state(self) -> list[keras.Variable]:
        """Return all variables once each, including those of the optimizer and of random generators."""
        found = {id(variable): variable for variable in (*self.variables, *self.optimizer.variables)}
        return list(found.values())

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """Return the network's outputs; in training, together with the augmented targets."""
        if not training:
            return self.network(inputs["inputs"], training=False)
        augmented, target = self.augment(inputs)
        if self.average is not None:
            self.average.update()
        outputs = self.network(augmented, training=True)
        if self.second_loss is not None:
            self.add_loss(self.second_loss(augmented, outputs))
        return outputs, target

    def augment(self, batch: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        """Return the augmented inputs of a batch, and the targets that the loss expects."""
        images = ops.cast(batch["inputs"][IMAGE], "float32")
        # Augmentations see 0 to 255, whatever the bit depth.
        low, scale = _augmented_range(self.info.image)
        augmented = {
            "images": images if scale == 1 else (images - low) * scale,
            **self.task.prepare(batch["targets"], self.info),
        }
        for layer in self.augmentations:
            augmented = layer(augmented, training=True)
        images = augmented.pop("images")
        if scale != 1:
            images = images / scale + low
        if len(batch["inputs"]) > 1:
            # A black image is a missing one, and stays one.
            images = images * ops.cast(ops.any(batch["inputs"][IMAGE] > 0, axis=(1, 2, 3), keepdims=True), "float32")
        return {**batch["inputs"], IMAGE: images}, self.task.loss_target(augmented)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean loss of a training batch, plus the second loss and the network's own (regularisation)."""
        outputs, target = y_pred
        return sum(self.losses, start=self.training_loss(target, outputs))


def _augmented_range(info: ImageInfo) -> tuple[float, float]:
    """Return the pixel value that augmentations see as 0, and the scale that maps the largest value to 255."""
    if info.bit_depth == 8:
        return 0.0, 1.0
    low, high = info.display_range or (0.0, float(info.max_value))
    return low, 255.0 / (high - low)
