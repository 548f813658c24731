"""Images that ship with scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from automap.data.sources.arrays import array_records
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import BadSample, Sample


class Sklearn(Dataset):
    """scikit-learn's 1,797 handwritten digits, 8×8 grey pixels; nothing is downloaded."""

    name: Literal["digits"] = "digits"

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every digit."""
        from sklearn.datasets import load_digits

        digits = load_digits()
        # Pixels are counts from 0 to 16.
        yield from array_records((digits.images * (255 / 16)).round().astype(np.uint8), digits.target)
