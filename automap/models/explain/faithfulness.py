"""How faithful a heat map is: deletion and insertion (Petsiuk et al., 2018, arXiv:1806.07421)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.explainer import Explained

STEPS = 16


class Faithfulness(NamedTuple):
    """Areas under the curves of the score, scaled so that the image has 1 and a blank image 0."""

    deletion: float
    """While the hottest pixels are removed first: smaller is better."""
    insertion: float
    """While the hottest pixels are inserted first: larger is better."""

    @property
    def gain(self) -> float:
        """Insertion minus deletion; 0 for a random map, larger is better."""
        return self.insertion - self.deletion


def faithfulness(network: Explained, image: Array, heat: Array) -> Faithfulness | None:
    """Measure a heat map.

    Args:
        network: with the score.
        image: ``(height, width, channels)``.
        heat: ``(height, width)``.

    Returns:
        None if a blank image has no lower score than the image: then there is nothing to measure.
    """
    order = np.argsort(-heat, axis=None, kind="stable")
    place = np.empty(heat.size, int)
    place[order] = np.arange(heat.size)
    shares = np.linspace(0, 1, STEPS + 1)
    hot = (place.reshape(heat.shape)[None] < (shares * heat.size)[:, None, None])[..., None]
    scores = network.scores(
        np.concatenate([np.where(hot, network.blank, image), np.where(hot, image, network.blank)]).astype(np.float32)
    )
    full, empty = float(scores[0]), float(scores[STEPS])
    if full <= empty:
        return None
    scaled = np.clip((scores - empty) / (full - empty), 0, 1)
    return Faithfulness(float(scaled[: STEPS + 1].mean()), float(scaled[STEPS + 1 :].mean()))
