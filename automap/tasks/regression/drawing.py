"""Drawing of regression's answers."""

from __future__ import annotations

from PIL import Image

from automap.interfaces.answer import Drawing
from automap.tasks.drawing import captioned
from automap.tasks.regression.answer import RegressionAnswer


class RegressionDrawing(Drawing[RegressionAnswer]):
    """Writes the numbers below the image."""

    def draw(self, image: Image.Image, answer: RegressionAnswer) -> Image.Image:
        """Return the image with a caption."""
        return captioned(image, ", ".join(f"{name} {number:.10g}" for name, number in answer.numbers.items()))
