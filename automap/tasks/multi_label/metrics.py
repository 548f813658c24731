"""Metrics of multi-label classification."""

from __future__ import annotations

import numpy as np

from automap.interfaces.array import Array
from automap.tasks.collecting import CollectingEvaluator
from automap.tasks.roc import mean_area_under_roc

THRESHOLD = 0.5
"""Labels of at least this probability are predicted."""


class MultiLabelEvaluator(CollectingEvaluator):
    """Collects logits and computes the metrics of `MultiLabel` over the whole split.

    Takes ``5 · images · labels`` bytes. Means over labels ignore labels without images, and are missing if no image
    has a label.
    """

    def converted(self, targets: Array, outputs: Array) -> tuple[Array, Array]:
        """See `CollectingEvaluator`: labels ``(batch, labels)``, 0 or 1, and logits of the same shape."""
        return np.asarray(targets) > 0, np.asarray(outputs, np.float32)

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        targets, logits = self.collected()
        found = _of_decisions(targets, logits >= _LOGIT)
        present = targets.any(axis=0)
        if present.any():
            found |= _of_labels(targets[:, present], logits[:, present])
        area = mean_area_under_roc(targets, logits)
        return found if area is None else {**found, "auroc": area}


_LOGIT = float(np.log(THRESHOLD / (1 - THRESHOLD)))


def sigmoid(logits: Array) -> Array:
    """Return the probabilities of logits, float64, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64))))


def _of_decisions(targets: Array, decisions: Array) -> dict[str, float]:
    hits, given = int((targets & decisions).sum()), int(targets.sum() + decisions.sum())
    return {
        "micro_f1": 2 * hits / given if given else 0.0,
        "exact_match": float((targets == decisions).all(axis=1).mean()),
    }


def _of_labels(targets: Array, logits: Array) -> dict[str, float]:
    """Return means over labels; each label must have at least one image."""
    from sklearn.metrics import average_precision_score

    decisions = logits >= _LOGIT
    f1 = 2 * (targets & decisions).sum(axis=0) / (targets.sum(axis=0) + decisions.sum(axis=0))
    areas = [average_precision_score(targets[:, label], logits[:, label]) for label in range(targets.shape[1])]
    return {"macro_f1": float(f1.mean()), "mean_average_precision": float(np.mean(areas))}
