"""Drawing of classification's answers."""

from __future__ import annotations

from PIL import Image

from automap.interfaces.answer import Drawing
from automap.tasks.classification.answer import ClassificationAnswer
from automap.tasks.drawing import captioned


class ClassificationDrawing(Drawing[ClassificationAnswer]):
    """Writes the class and its probability below the image."""

    def draw(self, image: Image.Image, answer: ClassificationAnswer) -> Image.Image:
        """Return the image with a caption."""
        return captioned(image, f"{answer.label} {answer.probability:.1%}")
