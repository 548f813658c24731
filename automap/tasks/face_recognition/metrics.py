"""Metrics of face recognition."""

from __future__ import annotations

from automap.interfaces.array import Array
from automap.interfaces.metric import VerificationPairs
from automap.tasks.collecting import CollectingEvaluator
from automap.tasks.face_recognition import verification
from automap.tasks.roc import mean_area_under_roc


class VerificationEvaluator(CollectingEvaluator):
    """Collects embeddings and computes the metrics of `FaceRecognition` over pairs of images.

    Takes ``4 · images · size`` bytes, and about 20 bytes for each of up to `verification.MAX_PAIRS` pairs of a kind.
    Metrics over pairs are missing if there are no pairs of the same identity, or none of different ones.
    """

    def __init__(self, pairs: VerificationPairs | None = None) -> None:
        super().__init__()
        self._pairs = pairs

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far.

        Raises:
            ValueError: if there was no batch.
        """
        identities, embeddings = self.collected()
        given = self._pairs
        if given is None:
            pairs, fold = verification.compare_all(identities, embeddings), None
        else:
            pairs = verification.compare(identities, embeddings, given.first, given.second)
            fold = given.fold if given.fold.any() else None
        first = verification.rank_one(identities, embeddings)
        found = {} if first is None else {"rank1": first}
        return found | _of_pairs(pairs, fold) if pairs.same.any() and not pairs.same.all() else found


def _of_pairs(pairs: verification.Pairs, fold: Array | None) -> dict[str, float]:
    area = mean_area_under_roc(pairs.same[:, None], pairs.scores[:, None])
    assert area is not None
    return {
        "verification_accuracy": (
            verification.verification_accuracy(pairs) if fold is None else verification.accuracy_of_folds(pairs, fold)
        ),
        "auroc": area,
        "tar_at_far_1e2": verification.true_accept_rate(pairs, 1e-2),
        "tar_at_far_1e3": verification.true_accept_rate(pairs, 1e-3),
        "threshold": verification.balanced_threshold(pairs),
    }
