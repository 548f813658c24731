"""Semantic segmentation: a class for each pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import DataInfo, MaskInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.tasks.combining import mixed_logits
from automap.tasks.decoders import DecoderName, decode_features
from automap.tasks.segmentation.answer import SegmentationAnswer
from automap.tasks.segmentation.metrics import SegmentationEvaluator

if TYPE_CHECKING:
    import keras

    from automap.tasks.segmentation.drawing import SegmentationDrawing


class Segmentation(Task):
    """A class for each pixel."""

    targets: ClassVar[frozenset[str]] = frozenset({"mask"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "mean_iou": Metric("maximize", "intersection over union over all pixels of the split, mean over classes"),
        "dice": Metric("maximize", "Dice coefficient over all pixels of the split, mean over classes"),
        "pixel_accuracy": Metric("maximize", "fraction of pixels whose most probable class is correct"),
        "loss": Metric("minimize", "training loss, without augmentation"),
    }
    class_metrics: ClassVar[Mapping[str, Metric]] = {
        "iou": Metric("maximize", "intersection over union of one class, over all pixels of the split"),
    }
    decoding: ClassVar[str] = "Logits of the classes, in order, for each pixel; the largest one is the pixel's class."
    default_objective: ClassVar[str] = "mean_iou"
    default_loss: ClassVar[str] = "dice_cross_entropy"
    placed: ClassVar[frozenset[str]] = frozenset({"segmentation_masks"})

    decoder: DecoderName = tunable("unet", choices=("unet", "fpn"), description="architecture of the decoder")
    width: int = tunable(16, low=8, high=32, step=8, ge=1, description="channels at full resolution")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn class indices ``(batch, height, width)`` into ``segmentation_masks`` ``(batch, height, width, 1)``."""
        from keras import ops

        return {"segmentation_masks": ops.cast(ops.expand_dims(targets, -1), "float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Decode the features and return logits ``(batch, height, width, classes)``, float32."""
        from keras import layers

        scaled = layers.Rescaling(2 / info.image.max_value, offset=-1.0)(inputs[IMAGE])
        decoded = decode_features(self.decoder, features, scaled, self.width, norm=True)
        return layers.Conv2D(len(info.target_as(MaskInfo).classes), 1, dtype="float32", name="logits")(decoded)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the class indices ``(batch, height, width, 1)``, 255 where a pixel has none."""
        return targets["segmentation_masks"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return an evaluator of logits against class indices."""
        return SegmentationEvaluator(info.target_as(MaskInfo).classes)

    def decode(self, outputs: Array, info: DataInfo) -> list[SegmentationAnswer]:
        """Turn logits ``(batch, height, width, classes)`` into masks."""
        names = info.target_as(MaskInfo).classes
        return [SegmentationAnswer.of_mask(mask, names) for mask in outputs.argmax(axis=-1).astype(np.uint8)]

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Average the probabilities of each pixel and return their logits."""
        return mixed_logits(outputs, weights, temperature)

    def drawing(self, info: DataInfo) -> SegmentationDrawing:
        """Return what tints the classes in an image."""
        from automap.tasks.segmentation.drawing import SegmentationDrawing

        return SegmentationDrawing()
