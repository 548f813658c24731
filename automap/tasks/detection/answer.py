"""Answers of detection."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict

from automap.interfaces.answer import Answer, Placement, Row


class DetectedBox(BaseModel):
    """One object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    probability: float
    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels; right and bottom exclusive."""


class DetectionAnswer(Answer):
    """The objects in an image."""

    boxes: tuple[DetectedBox, ...]
    """The most probable first."""

    def rows(self, top: int = 1) -> list[Row]:
        """Return a row for each box."""
        return [
            {
                "label": each.label,
                "probability": each.probability,
                **dict(zip(("left", "top", "right", "bottom"), each.box, strict=True)),
            }
            for each in self.boxes
        ] or [{}]

    def in_image(self, placement: Placement) -> Self:
        """Return the answer with boxes in pixels of the original image."""
        boxes = (each.model_copy(update={"box": placement.box_in_image(each.box)}) for each in self.boxes)
        return self.model_copy(update={"boxes": tuple(boxes)})
