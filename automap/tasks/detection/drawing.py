"""Drawing of detection's answers."""

from __future__ import annotations

from PIL import Image

from automap.interfaces.answer import Drawing
from automap.tasks.detection.answer import DetectionAnswer
from automap.tasks.drawing import class_colours, framed

MIN_PROBABILITY = 0.5
"""Boxes below are not drawn."""


class DetectionDrawing(Drawing[DetectionAnswer]):
    """Draws boxes of at least `MIN_PROBABILITY`, with a colour for each class.

    Args:
        classes: of the model.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._colours = dict(zip(classes, class_colours(len(classes) + 1)[1:], strict=True))

    def draw(self, image: Image.Image, answer: DetectionAnswer) -> Image.Image:
        """Return the image with labelled boxes."""
        likely = [each for each in reversed(answer.boxes) if each.probability >= MIN_PROBABILITY]
        return framed(
            image, [(each.box, f"{each.label} {each.probability:.0%}", self._colours[each.label]) for each in likely]
        )
