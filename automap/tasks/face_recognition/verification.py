"""Verification: deciding from embeddings whether two images show the same identity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from automap.interfaces.array import Array

MAX_PAIRS = 500_000
"""If there are more pairs, this many of each kind (same and different identity) are sampled."""
FOLDS = 10
FOLD_PAIRS = 3_000
"""Largest number of pairs of each kind in the accuracy, as in LFW's protocol."""
_ROWS = 1_024


class Pairs(NamedTuple):
    """Compared pairs of images."""

    scores: Array
    """Cosine similarity of each pair, ``(pairs,)``, -1 to 1."""
    same: Array
    """Whether both images show the same identity, ``(pairs,)``, bool."""


def compare_all(identities: Array, embeddings: Array, *, limit: int = MAX_PAIRS) -> Pairs:
    """Compare every image with every other one, or a reproducible sample of pairs if there are too many.

    Args:
        identities: ``(n,)``, integers.
        embeddings: ``(n, size)`` of length 1.
        limit: largest number of pairs; of each kind if they are sampled.
    """
    count = len(identities)
    if count * (count - 1) // 2 <= limit:
        first, second = np.triu_indices(count, 1)
    else:
        random = np.random.default_rng(0)
        different = random.integers(0, count, (2, limit))
        different = different[:, identities[different[0]] != identities[different[1]]]
        first, second = np.concatenate([_own_pairs(identities, limit, random), different], axis=1)
    return compare(identities, embeddings, first, second)


def compare(identities: Array, embeddings: Array, first: Array, second: Array) -> Pairs:
    """Compare the images ``first[i]`` and ``second[i]``."""
    chunks = [
        np.einsum("nd,nd->n", embeddings[first[start:end]], embeddings[second[start:end]])
        for start, end in ((start, start + 64 * _ROWS) for start in range(0, len(first), 64 * _ROWS))
    ]
    return Pairs(np.concatenate(chunks) if chunks else np.empty(0), identities[first] == identities[second])


def _own_pairs(identities: Array, limit: int, random: np.random.Generator) -> Array:
    """Return pairs of the same identity ``(2, pairs)``: all, or a uniform sample."""
    order = np.argsort(identities, kind="stable")
    starts = np.flatnonzero(np.diff(identities[order], prepend=identities[order[0]] - 1))
    counts = np.diff(starts, append=len(order))
    pairs = counts * (counts - 1) // 2
    if pairs.sum() <= limit:
        return np.concatenate(
            [order[s + np.stack(np.triu_indices(c, 1))] for s, c in zip(starts, counts, strict=True)], 1
        )
    chosen = random.choice(len(pairs), limit, p=pairs / pairs.sum())
    first = random.integers(0, counts[chosen])
    second = (first + random.integers(1, counts[chosen])) % counts[chosen]
    return np.stack([order[starts[chosen] + first], order[starts[chosen] + second]])


def verification_accuracy(pairs: Pairs, folds: int = FOLDS) -> float:
    """Return the cross-validated verification accuracy (LFW: Huang et al., 2007).

    Equal numbers of same and different pairs are split into folds; each fold is classified with the threshold that
    is best on the other folds.

    Args:
        pairs: at least one of each kind.
        folds: number of folds; fewer if there are too few pairs.
    """
    balanced = _balanced(pairs)
    folds = min(folds, len(balanced.scores) // 2)
    if folds < 2:
        return float(((balanced.scores >= best_threshold(balanced)) == balanced.same).mean())
    # The pairs are sorted by kind, so that every fold gets the same number of each.
    half = len(balanced.scores) // 2
    return accuracy_of_folds(balanced, np.tile(np.arange(half) % folds, 2))


def accuracy_of_folds(pairs: Pairs, fold: Array) -> float:
    """Return the accuracy when each fold is classified with the threshold that is best on all others.

    Args:
        pairs: at least one of each kind outside each fold.
        fold: of each pair, ``(pairs,)``, at least two.
    """
    right = np.empty(len(pairs.scores), bool)
    for number in np.unique(fold):
        held = fold == number
        threshold = best_threshold(Pairs(pairs.scores[~held], pairs.same[~held]))
        right[held] = (pairs.scores[held] >= threshold) == pairs.same[held]
    return float(right.mean())


def balanced_threshold(pairs: Pairs) -> float:
    """Return the best threshold for equally frequent same and different pairs."""
    return best_threshold(_balanced(pairs))


def _balanced(pairs: Pairs) -> Pairs:
    random = np.random.default_rng(0)
    kinds = np.flatnonzero(pairs.same), np.flatnonzero(~pairs.same)
    size = min(FOLD_PAIRS, *(len(kind) for kind in kinds))
    chosen = np.concatenate([random.permutation(kind)[:size] for kind in kinds])
    return Pairs(pairs.scores[chosen], pairs.same[chosen])


def best_threshold(pairs: Pairs) -> float:
    """Return the threshold of the highest accuracy, midway between two scores."""
    order = np.argsort(-pairs.scores, kind="stable")
    scores, same = pairs.scores[order].astype(np.float64), pairs.same[order]
    # If the first k pairs are accepted, the same pairs among them and the different ones after them are correct.
    right = np.concatenate([[0], np.cumsum(np.where(same, 1, -1))])
    ends = np.concatenate([[True], scores[1:] != scores[:-1], [True]])
    right = np.where(ends, right, np.iinfo(np.int64).min)
    accepted = int(right.argmax())
    above = scores[accepted - 1] if accepted else 1.0
    below = scores[accepted] if accepted < len(scores) else -1.0
    return float((above + below) / 2)


def true_accept_rate(pairs: Pairs, false_accept_rate: float) -> float:
    """Return the share of same pairs accepted at a false accept rate.

    Args:
        pairs: at least one of each kind.
        false_accept_rate: largest share of different pairs that are accepted, 0 to 1.
    """
    impostors = np.sort(pairs.scores[~pairs.same])[::-1]
    allowed = int(np.floor(false_accept_rate * len(impostors) + 1e-9))
    if allowed >= len(impostors):
        return 1.0
    # Pairs are accepted above the first different pair that must be rejected; equal scores are rejected too.
    return float((pairs.scores[pairs.same] > impostors[allowed]).mean())


def rank_one(identities: Array, embeddings: Array) -> float | None:
    """Return the rank-1 accuracy: the share of images whose nearest other image has the same identity.

    Args:
        identities: ``(n,)``, integers.
        embeddings: ``(n, size)`` of length 1.

    Returns:
        The share among images with another image of their identity; None if there are none.
    """
    _, number, counts = np.unique(identities, return_inverse=True, return_counts=True)
    probes = np.flatnonzero(counts[number] > 1)
    if not len(probes):
        return None
    found = np.empty(len(probes), bool)
    for start in range(0, len(probes), _ROWS):
        rows = probes[start : start + _ROWS]
        similarities = embeddings[rows] @ embeddings.T
        similarities[np.arange(len(rows)), rows] = -np.inf
        found[start : start + _ROWS] = identities[similarities.argmax(axis=1)] == identities[rows]
    return float(found.mean())
