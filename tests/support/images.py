"""Real images for tests, from packages that carry them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits: ``(1797, 8, 8)`` uint8 and classes."""
    found = load_digits()
    return (found.images * (255 / 16)).astype(np.uint8), found.target


def write_digits(folder: Path, *, each: int = 12, classes: int = 3, size: int = 16, first: int = 0) -> Path:
    """Write digits as PNG files, a folder for each class."""
    images, targets = digits()
    for digit in range(classes):
        (folder / str(digit)).mkdir(parents=True, exist_ok=True)
        for index in np.flatnonzero(targets == digit)[first : first + each]:
            Image.fromarray(images[index]).resize((size, size)).save(folder / str(digit) / f"{index}.png")
    return folder
