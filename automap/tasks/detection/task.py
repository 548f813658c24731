"""Object detection: boxes with a class each, found without anchors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.data.targets.boxes import CROWD, PADDING
from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import BoxesInfo, DataInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.tasks.decoders import spatial_features
from automap.tasks.detection.average_precision import Found, Truth, average_precision
from automap.tasks.detection.decode import find_boxes

if TYPE_CHECKING:
    import keras
    from PIL import Image

LIKELY = 0.5
"""From this probability on a box is drawn."""
RARE = 0.01
"""What the probability of a class is at every point before training: almost all points see no object."""


class Detection(Task):
    """Boxes with a class each: a fully convolutional head without anchors (FCOS: Tian et al., 2019, arXiv:1904.01355).

    Every point of a feature pyramid says which class is there, how far the four edges of its box are, and how close to
    the middle of the box it is.
    """

    targets: ClassVar[frozenset[str]] = frozenset({"boxes"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "ap50": Metric("maximize", "average precision at an overlap of 0.5, mean over classes, as COCO defines it"),
        "ap": Metric("maximize", "average precision, mean over overlaps of 0.5 to 0.95 and classes, as COCO has it"),
        "ar": Metric("maximize", "average recall of at most 100 boxes an image, as COCO defines it"),
        "loss": Metric("minimize", "the training loss on images without augmentation; set by the training"),
    }
    default_objective: ClassVar[str] = "ap50"
    default_loss: ClassVar[str] = "fcos"
    placed: ClassVar[frozenset[str]] = frozenset({"bounding_boxes"})

    width: int = tunable(64, low=32, high=96, step=32, ge=8, multiple_of=8, description="channels of the pyramid")
    depth: int = tunable(2, low=1, high=3, ge=1, description="convolutions before each answer")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn boxes ``(batch, boxes, 5)`` into edges ``(batch, boxes, 4)`` and labels ``(batch, boxes)``."""
        return {"bounding_boxes": {"boxes": targets[..., :4], "labels": targets[..., 4]}}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Return what each point of the pyramid says, ``(batch, points, 8 + classes)``, float32.

        The columns are the point itself (x, y and stride, in pixels), the distances to the left, top, right and
        bottom edge in pixels, the logit of being in the middle, and a logit for each class.
        """
        from keras import layers, ops

        pyramid = _pyramid(spatial_features(features, inputs[IMAGE]), self.width)
        answers = _Answers(self.width, self.depth, len(info.target_as(BoxesInfo).classes))
        said = [answers(level) for level in pyramid.values()]
        raw = layers.Concatenate(axis=1)(said) if len(said) > 1 else said[0]
        points = np.concatenate([_points(level.shape[1:3], stride) for stride, level in pyramid.items()])
        # The points are constants; as columns of the output they need no second account of the pyramid.
        where = ops.zeros_like(raw[..., :3]) + points[None]
        edges = ops.softplus(raw[..., :4]) * points[None, :, 2:]
        return ops.concatenate([where, edges, raw[..., 4:]], axis=-1)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return boxes ``(batch, boxes, 5)``: left, top, right, bottom, class; the class -1 is none."""
        from keras import ops

        boxes = targets["bounding_boxes"]
        labels = ops.cast(boxes["labels"], "float32")[..., None]
        return ops.concatenate([ops.cast(boxes["boxes"], "float32"), labels], axis=-1)

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a fresh evaluator of boxes against what points say."""
        return DetectionEvaluator(info)

    def decode(self, outputs: Array, info: DataInfo) -> list[dict[str, Any]]:
        """Turn what points say into answers.

        Returns:
            For each image ``boxes``, the most certain first: ``label``, ``probability`` and ``box`` (left, top, right,
            bottom, in pixels of the record).
        """
        return [
            {
                "boxes": [
                    {
                        "label": info.target_as(BoxesInfo).classes[int(index)],
                        "probability": float(score),
                        "box": [float(edge) for edge in box],
                    }
                    for box, score, index in zip(*found, strict=True)
                ]
            }
            for found in (find_boxes(each, info.image.shape[:2]) for each in outputs)
        ]

    def in_image(
        self, answer: dict[str, Any], place: Callable[[Sequence[float]], tuple[float, float, float, float]]
    ) -> dict[str, Any]:
        """Return the answer with boxes in pixels of the image."""
        return {"boxes": [{**found, "box": list(place(found["box"]))} for found in answer["boxes"]]}

    def draw(
        self, image: Image.Image, answer: dict[str, Any], picture: Image.Image | None, info: DataInfo
    ) -> Image.Image:
        """Return the image with the boxes that are more likely there than not."""
        from automap.tasks.drawing import class_colours, framed

        colours = dict(
            zip(
                info.target_as(BoxesInfo).classes,
                class_colours(len(info.target_as(BoxesInfo).classes) + 1)[1:],
                strict=True,
            )
        )
        likely = [found for found in reversed(answer["boxes"]) if found["probability"] >= LIKELY]
        named = [
            (found["box"], f"{found['label']} {found['probability']:.0%}", colours[found["label"]]) for found in likely
        ]
        return framed(image, named)


class DetectionEvaluator(Evaluator):
    """Keeps the boxes of all images, and compares them at the end."""

    def __init__(self, info: DataInfo) -> None:
        self._info = info
        self._found: list[Found] = []
        self._truth: list[Truth] = []

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: boxes ``(batch, boxes, 5)`` and what points say ``(batch, points, 8 + classes)``."""
        for boxes, output in zip(targets, outputs, strict=True):
            there = boxes[boxes[:, 4] != PADDING]
            codes = there[:, 4].astype(int)
            self._truth.append(Truth(there[:, :4], np.where(codes < 0, CROWD - codes, codes), codes < 0))
            self._found.append(find_boxes(output, self._info.image.shape[:2]))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if no image has a box.
        """
        found = average_precision(self._found, self._truth, len(self._info.target_as(BoxesInfo).classes))
        return {"ap50": found.precision_at_half, "ap": found.precision, "ar": found.recall}


def _pyramid(maps: Features, width: int) -> Features:
    """Return maps of `width` channels, each with what the coarser ones know (Lin et al., 2017, arXiv:1612.03144)."""
    from keras import layers

    coarse = {stride: each for stride, each in maps.items() if stride >= FINEST} or {max(maps): maps[max(maps)]}
    down: Any = None
    found: dict[int, Any] = {}
    for stride in sorted(coarse, reverse=True):
        lateral = layers.Conv2D(width, 1)(coarse[stride])
        if down is not None:
            like = lateral.shape[1:3]
            lateral = layers.Add()([lateral, layers.Resizing(like[0], like[1], interpolation="nearest")(down)])
        down = lateral
        found[stride] = layers.Conv2D(width, 3, padding="same")(lateral)
    return dict(sorted(found.items()))


FINEST = 4
"""Smaller strides are left out: their points are many and see little."""


class _Answers:
    """The layers that every level of the pyramid shares, and what they say of one."""

    def __init__(self, width: int, depth: int, classes: int) -> None:
        from keras import initializers, layers

        self._towers = [
            [
                (layers.Conv2D(width, 3, padding="same", use_bias=False), layers.GroupNormalization(8), layers.ReLU())
                for _ in range(depth)
            ]
            for _ in range(2)
        ]
        rare = initializers.Constant(-math.log((1 - RARE) / RARE))
        self._places = layers.Conv2D(5, 3, padding="same", dtype="float32", name="places")
        self._classes = layers.Conv2D(
            classes, 3, padding="same", bias_initializer=rare, dtype="float32", name="classes"
        )

    def __call__(self, level: Any) -> Any:
        """Return ``(batch, points, 5 + classes)``."""
        from keras import layers

        said = []
        for tower, last in zip(self._towers, (self._places, self._classes), strict=True):
            x = level
            for convolution, norm, activation in tower:
                x = activation(norm(convolution(x)))
            x = last(x)
            said.append(layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]), dtype="float32")(x))
        return layers.Concatenate(axis=-1, dtype="float32")(said)


def _points(size: tuple[int, int], stride: int) -> Array:
    """Return x, y and stride of every point of a map ``(points, 3)``, float32, in the order of its pixels."""
    y, x = np.meshgrid(*((np.arange(side) + 0.5) * stride for side in size), indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, stride)], axis=-1).astype(np.float32)
