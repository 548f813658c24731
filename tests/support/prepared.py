"""Small data sets on disk, decoded as a search decodes them."""

from pathlib import Path

import numpy as np
from support.arrays import digits

from automap.data.prepare import PreparedData, prepare
from automap.interfaces.dataset import Dataset
from automap.spec.candidate import load_component


def some_digits(folder: Path, count: int = 200) -> PreparedData:
    """Return some of scikit-learn's 8×8 handwritten digits; the folder holds their file and their cache."""
    some = digits(count)
    np.savez(folder / "digits.npz", x=some.pixels, y=some.targets)
    return prepare(load_component(Dataset, {"type": "npz", "path": str(folder / "digits.npz")}), cache=folder)
