"""Training on some batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np

from automap.data.batches.batches import TrainingBatches
from automap.exceptions import TrainingError
from automap.training.model import TrainingModel

_ADVICE = "try a lower learning rate or training.gradient_clip"


def fit_batches(
    model: TrainingModel,
    batches: TrainingBatches,
    epoch: int,
    span: tuple[int, int],
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> float:
    """Train on some batches of an epoch and return their mean loss.

    Args:
        model: the compiled model.
        batches: batches of the training split.
        epoch: the epoch, from 0.
        span: the first batch, and the one after the last.
        callbacks: Keras callbacks.

    Raises:
        TrainingError: if the loss or a weight is no longer finite.
    """
    start, stop = span
    # Keras warns about finite data sets even if steps_per_epoch is their length.
    history = model.fit(
        batches.epoch(epoch, start, stop),
        steps_per_epoch=stop - start,
        verbose=0,
        shuffle=False,
        callbacks=list(callbacks),
    )
    loss = float(history.history["loss"][-1])
    if not math.isfinite(loss):
        raise TrainingError(f"the loss became {loss} in epoch {epoch + 1}; {_ADVICE}")
    # On some processors ReLU turns NaN into 0, which would hide a broken network behind a finite loss.
    if broken := [weight.path for weight in model.network.trainable_weights if not _is_finite(weight)]:
        raise TrainingError(f"weights of {broken[0]} are no longer finite in epoch {epoch + 1}; {_ADVICE}")
    return loss


def _is_finite(weight: keras.Variable) -> bool:
    # With NumPy: backend operations outside the compiled step start a hundred times slower.
    return bool(np.isfinite(keras.ops.convert_to_numpy(weight)).all())
