"""Semantic segmentation: a class for each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import DataInfo, MaskInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.tasks.decoders import DecoderName, decode_features

if TYPE_CHECKING:
    import keras
    from PIL import Image

IGNORED = 255
"""The value of pixels that count nowhere."""
COVER = 0.5
"""How much of the image a class's colour hides where it is drawn."""


class Segmentation(Task):
    """A class for each pixel."""

    targets: ClassVar[frozenset[str]] = frozenset({"mask"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "mean_iou": Metric("maximize", "mean over classes of intersection over union, over all pixels of the split"),
        "dice": Metric("maximize", "mean over classes of the Dice coefficient, over all pixels of the split"),
        "pixel_accuracy": Metric("maximize", "share of pixels whose most probable class is the right one"),
        "loss": Metric("minimize", "the training loss on images without augmentation; set by the training"),
    }
    class_metrics: ClassVar[Mapping[str, Metric]] = {
        "iou": Metric("maximize", "intersection over union of a class, over all pixels of the split"),
    }
    default_objective: ClassVar[str] = "mean_iou"
    default_loss: ClassVar[str] = "dice_cross_entropy"
    placed: ClassVar[frozenset[str]] = frozenset({"segmentation_masks"})

    decoder: DecoderName = tunable("unet", choices=("unet", "fpn"), description="how feature maps are put together")
    width: int = tunable(16, low=8, high=32, step=8, ge=1, description="channels at full resolution")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn class indices ``(batch, height, width)`` into ``segmentation_masks`` ``(batch, height, width, 1)``."""
        from keras import ops

        return {"segmentation_masks": ops.cast(ops.expand_dims(targets, -1), "float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Decode the features and return logits ``(batch, height, width, classes)``, float32."""
        from keras import layers

        scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs[IMAGE])
        decoded = decode_features(self.decoder, features, scaled, self.width, norm=True)
        return layers.Conv2D(len(info.target_as(MaskInfo).classes), 1, dtype="float32", name="logits")(decoded)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the class indices ``(batch, height, width, 1)``, 255 where there is none."""
        return targets["segmentation_masks"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a fresh evaluator of class indices against logits."""
        return SegmentationEvaluator(info.target_as(MaskInfo).classes)

    def decode(self, outputs: Array, info: DataInfo) -> list[dict[str, Any]]:
        """Turn logits into answers.

        Returns:
            For each image ``classes``: the share of its pixels that each class has, the largest first.
        """
        return [_shares(each, info.target_as(MaskInfo).classes) for each in outputs.argmax(axis=-1)]

    def picture(self, output: Array, info: DataInfo) -> Array:
        """Return the class index of each pixel ``(height, width)``, uint8."""
        return np.asarray(output.argmax(axis=-1).astype(np.uint8))

    def draw(
        self, image: Image.Image, answer: dict[str, Any], picture: Image.Image | None, info: DataInfo
    ) -> Image.Image:
        """Return the image with each class but the first in a colour of its own."""
        from PIL import Image

        from automap.tasks.drawing import class_colours

        assert picture is not None, "segmentation answers with a mask"
        mask = np.asarray(picture)
        colours = Image.fromarray(class_colours(len(info.target_as(MaskInfo).classes))[mask])
        cover = Image.fromarray(np.where(mask > 0, round(255 * COVER), 0).astype(np.uint8))
        return Image.composite(colours, image, cover)


class SegmentationEvaluator(Evaluator):
    """Counts pixels by class and decision, ``(classes, classes)`` numbers however many images there are.

    ``iou_<class>`` stands beside the task's metrics for each class that the split or the decisions have; classes that
    neither has are left out of the means.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        self._counts = np.zeros((len(classes), len(classes)), np.int64)

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: class indices ``(batch, height, width)`` and logits ``(batch, height, width, classes)``."""
        decided = outputs.argmax(axis=-1)
        counted = targets != IGNORED
        pairs = targets[counted].astype(np.int64) * len(self._classes) + decided[counted]
        self._counts += np.bincount(pairs, minlength=self._counts.size).reshape(self._counts.shape)

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if no pixel was counted.
        """
        if not self._counts.any():
            raise ValueError("no pixel has a class: all are ignored")
        hits = self._counts.diagonal().astype(float)
        sizes = self._counts.sum(axis=0) + self._counts.sum(axis=1)
        found = np.flatnonzero(sizes)
        iou, dice = hits[found] / (sizes - hits)[found], 2 * hits[found] / sizes[found]
        return {
            "mean_iou": float(iou.mean()),
            "dice": float(dice.mean()),
            "pixel_accuracy": float(hits.sum() / self._counts.sum()),
            **{f"iou_{self._classes[index]}": float(value) for index, value in zip(found, iou, strict=True)},
        }


def _shares(mask: Array, classes: tuple[str, ...]) -> dict[str, Any]:
    counts = np.bincount(mask.reshape(-1), minlength=len(classes))
    order = np.argsort(-counts, kind="stable")
    return {"classes": [{"label": classes[index], "share": float(counts[index] / mask.size)} for index in order]}
