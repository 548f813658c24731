"""Drawing of multi-label classification's answers."""

from __future__ import annotations

from PIL import Image

from automap.interfaces.answer import Drawing
from automap.tasks.drawing import captioned
from automap.tasks.multi_label.answer import MultiLabelAnswer


class MultiLabelDrawing(Drawing[MultiLabelAnswer]):
    """Writes the predicted labels below the image."""

    def draw(self, image: Image.Image, answer: MultiLabelAnswer) -> Image.Image:
        """Return the image with a caption."""
        return captioned(image, ", ".join(answer.labels) or "none")
