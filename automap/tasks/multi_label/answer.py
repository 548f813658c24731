"""Answers of multi-label classification."""

from __future__ import annotations

from automap.interfaces.answer import Answer, Row
from automap.tasks.classification.answer import ClassProbability


class MultiLabelAnswer(Answer):
    """The labels of an image."""

    labels: tuple[str, ...]
    """Predicted labels, the most probable first."""
    classes: tuple[ClassProbability, ...]
    """All labels, the most probable first."""

    def rows(self, top: int = 1) -> list[Row]:
        """Return one row: the predicted labels, then the probability of each label, in the order of their names."""
        each: Row = {entry.label: entry.probability for entry in sorted(self.classes, key=lambda entry: entry.label)}
        if "labels" in each:  # A label of the data set that is called so.
            each["labels (probability)"] = each.pop("labels")
        return [{"labels": "; ".join(self.labels), **each}]
