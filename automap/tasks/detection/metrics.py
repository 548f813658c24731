"""Metrics of detection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from automap.data.targets.boxes import PADDING, class_of
from automap.interfaces.array import Array
from automap.interfaces.data_info import BoxesInfo, DataInfo
from automap.interfaces.metric import Evaluator
from automap.tasks.detection.average_precision import Found, Truth, average_precision
from automap.tasks.detection.decode import find_members_boxes


class DetectionEvaluator(Evaluator):
    """Keeps the boxes of all images and computes COCO's metrics at the end."""

    def __init__(self, info: DataInfo, members: Sequence[tuple[int, float]] = ()) -> None:
        self._info, self._members = info, members
        self._found: list[Found] = []
        self._truth: list[Truth] = []

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: boxes ``(batch, boxes, 5)`` and raw outputs ``(batch, points, 8 + classes)``."""
        for boxes, output in zip(targets, outputs, strict=True):
            present = boxes[boxes[:, 4] != PADDING]
            self._truth.append(Truth(present[:, :4], *class_of(present[:, 4])))
            self._found.append(find_members_boxes(output, self._info.image.shape[:2], self._members))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if no image has a box.
        """
        found = average_precision(self._found, self._truth, len(self._info.target_as(BoxesInfo).classes))
        return {"ap50": found.precision_at_half, "ap": found.precision, "ar": found.recall}
