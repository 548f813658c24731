"""What all contestants of benchmarks/search.py share: the data, the network, the record of what was reached when."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

FILTERS = ([32, 64, 64], [64, 128, 128], [32, 64, 128])
EPOCHS = 20
"""Of a training at full length."""


def arguments() -> argparse.Namespace:
    """Return the data's folder, the file to write, the seed, the seconds, and when the process was started."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("record", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--started", type=float, required=True)
    return parser.parse_args()


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """Return ``x_train``, ``y_train``, ``x_val``, ``y_val``, ``x_test`` and ``y_test``; images are uint8."""
    with np.load(folder / "arrays.npz") as file:
        return {name: file[name] for name in file.files}


def network(filters: list[int], dropout: float, classes: int) -> keras.Model:
    """Return the network that automap's ``cnn`` is: convolutions with pooling between them, a dense layer."""
    inputs = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    for level, count in enumerate(filters):
        if level:
            x = keras.layers.MaxPooling2D()(x)
        x = keras.layers.Conv2D(count, 3, activation="relu")(x)
    x = keras.layers.Flatten()(x)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    x = keras.layers.Dense(64, activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


_best = [0.0]
"""Of all trainings of this process. AutoKeras copies callbacks: what they know must lie outside of them."""


class Recorder(keras.callbacks.Callback):
    """Writes a line for each epoch that is better than all before it: seconds, validation and test accuracy.

    The test split is looked at for the record alone; nothing is chosen by it.
    """

    def __init__(self, asked: argparse.Namespace, x_test: np.ndarray, y_test: np.ndarray) -> None:
        super().__init__()
        self._path, self._started = str(asked.record), asked.started
        self._x, self._y = x_test, y_test

    def __deepcopy__(self, memo: Any) -> Recorder:
        """Return itself: copies of the test split for each trial would be of no use."""
        return self

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Sample an epoch if it is the best one so far."""
        reached = (logs or {}).get("val_accuracy", 0.0)
        if reached > _best[0]:
            _best[0] = reached
            seconds = time.time() - self._started
            decided = self.model.predict(self._x, batch_size=256, verbose=0).argmax(axis=1)
            line = {"seconds": seconds, "validation": reached, "test": float((decided == self._y).mean())}
            with open(self._path, "a") as file:
                file.write(json.dumps(line) + "\n")
