"""Answers of face recognition."""

from __future__ import annotations

from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from automap.interfaces.answer import Answer, Row


class EmbeddingAnswer(Answer):
    """The embedding of an image: the dot product of two is the similarity of their images."""

    embedding: tuple[float, ...]

    def rows(self, top: int = 1) -> list[Row]:
        """Return one row with a column for each number."""
        return [{f"embedding_{index}": value for index, value in enumerate(self.embedding)}]


class SimilarityAnswer(Answer):
    """Base of answers that compare two images."""

    similarity: float
    """Cosine similarity, -1 to 1."""
    same: bool | None = None
    """Whether the similarity reaches the threshold chosen on the validation split; None without a threshold."""

    @model_serializer(mode="wrap")
    def _without_unknown(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    def rows(self, top: int = 1) -> list[Row]:
        """Return one row with a column for each field."""
        return [self.model_dump()]


class ComparisonAnswer(SimilarityAnswer):
    """The comparison of an image with another one."""

    other: str
    """Name of the other image."""


class MatchAnswer(SimilarityAnswer):
    """The most similar image of a gallery."""

    identity: str
    nearest: str
    """The gallery's image."""
