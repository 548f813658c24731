"""Occlusion."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from automap.interfaces.array import Array
from automap.interfaces.explainer import Explained, Explainer


class Occlusion(Explainer):
    """Occlusion: how much the score falls when a patch is covered (Zeiler & Fergus, 2014, arXiv:1311.2901)."""

    patches: int = Field(8, ge=2, le=64, description="patches along the longer side; neighbours overlap by half")

    def heat(self, network: Explained, image: Array) -> Array:
        """Return a map of the resolution of the image."""
        height, width = image.shape[:2]
        side = max(1, -(-max(height, width) // self.patches))
        step = max(1, side // 2)
        corners = [(top, left) for top in _starts(height, side, step) for left in _starts(width, side, step)]
        covered = np.repeat(image[None].astype(np.float32), len(corners), axis=0)
        for one, (top, left) in zip(covered, corners, strict=True):
            one[top : top + side, left : left + side] = network.blank[top : top + side, left : left + side]
        fall = np.maximum(network.scores(image[None])[0] - network.scores(covered), 0)
        heat, times = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
        for (top, left), value in zip(corners, fall, strict=True):
            heat[top : top + side, left : left + side] += value
            times[top : top + side, left : left + side] += 1
        return heat / times


def _starts(length: int, side: int, step: int) -> list[int]:
    """Return where patches begin so that they cover the whole length."""
    last = max(0, length - side)
    return sorted({*range(0, last + 1, step), last})
