"""The area under the ROC curve."""

from __future__ import annotations

from automap.interfaces.array import Array


def mean_area_under_roc(positive: Array, scores: Array) -> float | None:
    """Return the area under the ROC curve from the ranks of the scores (Mann-Whitney); ties count half.

    Args:
        positive: true labels, ``(n, labels)``, bool.
        scores: ``(n, labels)``.

    Returns:
        The mean over labels with both positive and negative entries, 0 to 1; None if there are no such labels.
    """
    from scipy.stats import rankdata

    positives = positive.sum(axis=0)
    pairs = positives * (len(positive) - positives)
    defined = pairs > 0
    if not defined.any():
        return None
    # All labels at once: scikit-learn's roc_auc_score takes milliseconds for each label in every epoch, and
    # raises an error if a label is absent from the split.
    ranks = (rankdata(scores, axis=0) * positive).sum(axis=0)
    areas = (ranks - positives * (positives + 1) / 2)[defined] / pairs[defined]
    return float(areas.mean())
