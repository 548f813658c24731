"""Answers of regression."""

from __future__ import annotations

from automap.interfaces.answer import Answer, Row


class RegressionAnswer(Answer):
    """The numbers of an image."""

    numbers: dict[str, float]
    """By name, in the unit of the training data."""

    def rows(self, top: int = 1) -> list[Row]:
        """Return one row with a column for each number."""
        return [dict(self.numbers)]
