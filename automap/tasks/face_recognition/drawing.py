"""Drawing of face recognition's answers."""

from __future__ import annotations

from PIL import Image

from automap.interfaces.answer import Drawing
from automap.tasks.drawing import captioned
from automap.tasks.face_recognition.answer import ComparisonAnswer, MatchAnswer


class SimilarityDrawing(Drawing[ComparisonAnswer | MatchAnswer]):
    """Writes the similarity and the matched identity, or the compared image, below the image."""

    def draw(self, image: Image.Image, answer: ComparisonAnswer | MatchAnswer) -> Image.Image:
        """Return the image with a caption."""
        other = answer.identity if isinstance(answer, MatchAnswer) else answer.other
        verdict = {None: "", True: ", same identity", False: ", different identity"}[answer.same]
        return captioned(image, f"{other}: {answer.similarity:.2f}{verdict}")
