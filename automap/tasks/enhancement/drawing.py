"""Drawing of enhancement's answers."""

from __future__ import annotations

from PIL import Image

from automap.interfaces.answer import Drawing
from automap.tasks.enhancement.answer import EnhancementAnswer


class EnhancementDrawing(Drawing[EnhancementAnswer]):
    """Shows the original and the enhanced image side by side."""

    def draw(self, image: Image.Image, answer: EnhancementAnswer) -> Image.Image:
        """Return both images, the original resized to the enhanced one."""
        enhanced = answer.picture()
        if enhanced.mode == "I;16":
            enhanced = enhanced.point(lambda value: value / 256, "L")
        both = Image.new("RGB", (2 * enhanced.width, enhanced.height))
        both.paste(image.resize(enhanced.size, Image.Resampling.BICUBIC), (0, 0))
        both.paste(enhanced.convert("RGB"), (enhanced.width, 0))
        return both
