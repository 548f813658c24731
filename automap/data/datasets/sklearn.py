"""Images that ship with scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from automap.data.datasets.arrays import array_records
from automap.spec.kinds import BadRecord, Dataset, Record


class Sklearn(Dataset):
    """scikit-learn's 1,797 handwritten digits, 8×8 grey pixels; nothing is downloaded."""

    name: Literal["digits"] = "digits"

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every digit."""
        from sklearn.datasets import load_digits

        digits = load_digits()
        # Pixels are counts from 0 to 16.
        yield from array_records(digits.images * (255 / 16), digits.target)
