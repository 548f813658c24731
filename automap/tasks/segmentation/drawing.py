"""Drawing of segmentation's answers."""

from __future__ import annotations

import numpy as np
from PIL import Image

from automap.interfaces.answer import Drawing
from automap.tasks.drawing import class_colours
from automap.tasks.segmentation.answer import SegmentationAnswer
from automap.tasks.segmentation.metrics import IGNORED

OPACITY = 0.5
"""Opacity of a class's colour."""


class SegmentationDrawing(Drawing[SegmentationAnswer]):
    """Tints the pixels of each class but the first, the background."""

    def draw(self, image: Image.Image, answer: SegmentationAnswer) -> Image.Image:
        """Return the tinted image."""
        mask = np.where(answer.pixels == IGNORED, 0, answer.pixels)
        colours = Image.fromarray(class_colours(max(1, len(answer.names)))[mask])
        opacity = Image.fromarray(np.where(mask > 0, round(255 * OPACITY), 0).astype(np.uint8))
        return Image.composite(colours, image, opacity)
