"""The reason of a failure within Keras."""

import keras
import numpy as np
import pytest

from automap.exceptions import TrainingError
from automap.training.failures import LONGEST_REASON, OutOfMemoryError, failures_explained


class Crash(keras.layers.Layer):
    """What a plugin's layer does that was written for other images."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def call(self, images):
        raise self.error


def fit_with(error):
    model = keras.Sequential([Crash(error), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile(loss="mse")
    model.fit(np.zeros((4, 8, 8, 2)), np.zeros((4, 2)), verbose=0)


def test_errors_of_layers_are_reported_without_keras_wrapping():
    with pytest.raises(TrainingError) as told, failures_explained():
        fit_with(ValueError("expected images of 3 channels"))
    assert str(told.value) == "ValueError: expected images of 3 channels"


def test_a_long_reason_is_cut():
    with pytest.raises(TrainingError) as told, failures_explained():
        raise RuntimeError("x" * 1000)
    assert len(str(told.value)) <= LONGEST_REASON + len("RuntimeError: ")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes."),
        MemoryError("x"),
    ],
)
def test_out_of_memory_errors_are_recognised(error):
    with pytest.raises(OutOfMemoryError, match="out of memory"), failures_explained():
        raise error


def test_an_interruption_passes_through():
    with pytest.raises(KeyboardInterrupt), failures_explained():
        raise KeyboardInterrupt
