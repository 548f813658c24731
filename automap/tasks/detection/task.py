"""Object detection: boxes with a class each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import BoxesInfo, DataInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.tasks.combining import concatenated
from automap.tasks.decoders import spatial_features
from automap.tasks.detection.answer import DetectedBox, DetectionAnswer
from automap.tasks.detection.average_precision import Found
from automap.tasks.detection.decode import find_members_boxes
from automap.tasks.detection.head import SharedTowers, feature_pyramid, grid_points
from automap.tasks.detection.metrics import DetectionEvaluator

if TYPE_CHECKING:
    import keras

    from automap.tasks.detection.drawing import DetectionDrawing


class Detection(Task):
    """Boxes with a class each, predicted by an anchor-free FCOS head (Tian et al., 2019, arXiv:1904.01355).

    Every point of a feature pyramid predicts a class, the distances to the four edges of its box, and its centerness.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"boxes"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "ap50": Metric("maximize", "COCO average precision at IoU 0.5, mean over classes"),
        "ap": Metric("maximize", "COCO average precision, mean over IoU 0.5 to 0.95 and classes"),
        "ar": Metric("maximize", "COCO average recall of at most 100 boxes per image"),
        "loss": Metric("minimize", "training loss, without augmentation"),
    }
    decoding: ClassVar[str] = (
        "One row for each point: x, y, stride, distances to the left, top, right and bottom edge in pixels, the logit "
        "of centerness, and a logit for each class. Score: sqrt(sigmoid(class) * sigmoid(centerness)), from 0.05; then "
        "NMS at IoU 0.6 for each class."
    )
    default_objective: ClassVar[str] = "ap50"
    default_loss: ClassVar[str] = "fcos"
    placed: ClassVar[frozenset[str]] = frozenset({"bounding_boxes"})

    width: int = tunable(64, low=32, high=96, step=32, ge=8, multiple_of=8, description="channels of the pyramid")
    depth: int = tunable(2, low=1, high=3, ge=1, description="convolutions in each tower of the head")
    members: tuple[tuple[int, float], ...] = Field(
        (), description="points and weight of each network of an ensemble; set by automap"
    )

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Split boxes ``(batch, boxes, 5)`` into edges ``(batch, boxes, 4)`` and labels ``(batch, boxes)``."""
        return {"bounding_boxes": {"boxes": targets[..., :4], "labels": targets[..., 4]}}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Return a prediction for each point of the pyramid, ``(batch, points, 8 + classes)``, float32.

        The columns are the point itself (x, y and stride, in pixels), the distances to the left, top, right and
        bottom edge in pixels, the logit of centerness, and a logit for each class.
        """
        from keras import layers, ops

        pyramid = feature_pyramid(spatial_features(features, inputs[IMAGE]), self.width)
        towers = SharedTowers(self.width, self.depth, len(info.target_as(BoxesInfo).classes))
        levels = [towers(level) for level in pyramid.values()]
        raw = layers.Concatenate(axis=1)(levels) if len(levels) > 1 else levels[0]
        points = np.concatenate([grid_points(level.shape[1:3], stride) for stride, level in pyramid.items()])
        # The points are constants; as output columns they spare decoding from knowing the pyramid.
        where = ops.zeros_like(raw[..., :3]) + points[None]
        edges = ops.softplus(raw[..., :4]) * points[None, :, 2:]
        return ops.concatenate([where, edges, raw[..., 4:]], axis=-1)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return boxes ``(batch, boxes, 5)``: left, top, right, bottom, class; class -1 for none."""
        from keras import ops

        boxes = targets["bounding_boxes"]
        labels = ops.cast(boxes["labels"], "float32")[..., None]
        return ops.concatenate([ops.cast(boxes["boxes"], "float32"), labels], axis=-1)

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return an evaluator of raw outputs against boxes."""
        return DetectionEvaluator(info, self.members)

    def decode(self, outputs: Array, info: DataInfo) -> list[DetectionAnswer]:
        """Turn raw outputs into boxes in pixels of the record."""
        names = info.target_as(BoxesInfo).classes
        return [_answer(find_members_boxes(each, info.image.shape[:2], self.members), names) for each in outputs]

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Put the points of all networks one after the other; decoding fuses their boxes."""
        return concatenated(outputs, axis=1)

    def of_ensemble(self, sizes: Sequence[int], weights: Sequence[float]) -> Self:
        """Return the task with the points and the weight of each network."""
        return self.model_copy(update={"members": tuple(zip(sizes, weights, strict=True))})

    def drawing(self, info: DataInfo) -> DetectionDrawing:
        """Return what draws boxes on an image."""
        from automap.tasks.detection.drawing import DetectionDrawing

        return DetectionDrawing(info.target_as(BoxesInfo).classes)


def _answer(found: Found, names: tuple[str, ...]) -> DetectionAnswer:
    left, top, right, bottom = found.boxes.T.tolist() if len(found.boxes) else ([], [], [], [])
    edges = zip(left, top, right, bottom, strict=True)
    boxes = (
        DetectedBox(label=names[int(index)], probability=float(score), box=box)
        for box, score, index in zip(edges, found.scores, found.classes, strict=True)
    )
    return DetectionAnswer(boxes=tuple(boxes))
