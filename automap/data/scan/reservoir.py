"""Reservoir sampling."""

from __future__ import annotations

import random

from automap.interfaces.sample import Sample


class Reservoir:
    """Keeps a uniform random sample of any number of samples; the same for the same sequence.

    Args:
        size: largest number of samples that are kept.
    """

    def __init__(self, size: int) -> None:
        self.samples: list[Sample] = []
        self._size, self._seen = size, 0
        self._random = random.Random(0)

    def add(self, sample: Sample) -> None:
        """Keep the sample, perhaps in place of another one."""
        self._seen += 1
        if len(self.samples) < self._size:
            self.samples.append(sample)
        elif (place := int(self._random.random() * self._seen)) < self._size:
            self.samples[place] = sample
