"""Greedy selection of an ensemble's members (Caruana et al., 2004, doi:10.1145/1015330.1015432)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from automap.interfaces.array import Array

FOLDS = 5
"""Parts of the validation split: members and temperature that are chosen on all but one are judged on that one."""
SEED = 0

Weights = Mapping[int, float]
"""The weight of each member, by its place in the library; they sum to 1."""
Score = Callable[[Weights, Array], float]
"""How good an ensemble is on some validation images; larger is better."""


class Limit(NamedTuple):
    """What an ensemble may cost."""

    members: int
    """Draws, with replacement: the most members there can be."""
    latency: float
    """Milliseconds of all members together."""


def select(score: Score, latencies: Sequence[float], rows: Array, limit: Limit) -> Weights:
    """Return the members that are best together on some images.

    Starting with none, the model that improves the ensemble most is drawn again and again, the same one any number of
    times; the best ensemble on the way is returned.

    Args:
        score: judges an ensemble.
        latencies: of each model of the library, in milliseconds.
        rows: the validation images to choose on.
        limit: what the ensemble may cost. A single model is always allowed.
    """
    drawn: Counter[int] = Counter()
    best: tuple[float, Weights] | None = None
    for _ in range(limit.members):
        found = [
            (score(weights, rows), place, weights)
            for place in _affordable(drawn, latencies, limit)
            for weights in (_weights(drawn + Counter([place])),)
        ]
        if not found:
            break
        value, place, weights = max(found, key=lambda each: (each[0], -each[1]))
        drawn[place] += 1
        if best is None or value > best[0]:
            best = value, weights
    assert best is not None, "the library is empty"
    return best[1]


def folds(count: int) -> list[tuple[Array, Array]]:
    """Return pairs of the rows to choose on and the rows to judge on, which cover all rows once."""
    order = np.random.default_rng(SEED).permutation(count)
    parts = np.array_split(order, min(FOLDS, count))
    return [(np.sort(np.concatenate([*parts[:i], *parts[i + 1 :]])), np.sort(part)) for i, part in enumerate(parts)]


def _affordable(drawn: Counter[int], latencies: Sequence[float], limit: Limit) -> list[int]:
    taken = sum(latencies[place] for place in drawn)
    return [
        place
        for place, latency in enumerate(latencies)
        if not drawn or place in drawn or taken + latency <= limit.latency
    ]


def _weights(drawn: Counter[int]) -> Weights:
    return {place: count / drawn.total() for place, count in sorted(drawn.items())}
