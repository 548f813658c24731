"""Training on records of 16 bits and any number of channels."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from support.arrays import digits
from support.candidates import candidate

from automap.data.batches.batches import TrainingBatches
from automap.spec.plugins import find_plugins
from automap.training.build import BatchPlan, build_model
from automap.training.evaluate import evaluate
from automap.training.measure.costs import latency_costs, static_costs
from automap.training.model import _augmented_range


def bands(low=0, high=4095):
    """Return the digits as one of five bands of 12 bits, the others noise."""
    shallow = digits(400)
    random = np.random.default_rng(0)
    pixels = random.integers(low, low + (high - low) // 8, (400, 8, 8, 5)).astype(np.uint16)
    pixels[..., 3] = low + shallow.pixels[:400, ..., 0].astype(np.uint16) * ((high - low) // 255)
    sample = pixels[shallow.splits["train"]].astype(float)
    image = shallow.info.image.model_copy(
        update={
            "shape": (8, 8, 5),
            "bit_depth": 16,
            "display_range": (float(low), float(high)),
            "mean": tuple(sample.mean(axis=(0, 1, 2)).tolist()),
            "std": tuple(sample.std(axis=(0, 1, 2)).tolist()),
        }
    )
    return replace(shallow, pixels=pixels, info=shallow.info.model_copy(update={"inputs": {"image": image}}))


def fit(data, chosen, epochs):
    keras.utils.set_random_seed(0)
    batches = TrainingBatches(data, chosen.training.batch_size, seed=0)
    model = build_model(chosen, data, BatchPlan(batches.batch_size, batches.steps))
    losses = [model.fit(batches.epoch(epoch), verbose=0, shuffle=False).history["loss"][0] for epoch in range(epochs)]
    return model, losses


def test_five_bands_of_12_bits_are_learned():
    data, chosen = bands(), candidate(epochs=30)
    model, _ = fit(data, chosen, 30)
    found = evaluate(model, data, "validation", data.splits["validation"], 64).metrics
    assert found["accuracy"] > 0.5
    assert static_costs(model.network)["flops"] > 0
    assert latency_costs(model.network)["latency_ms"] > 0


@pytest.mark.parametrize("name", sorted(find_plugins("automap.augmentations")))
def test_every_augmentation_takes_deep_images_with_bands(name):
    _, losses = fit(bands(), candidate(augmentation=[{"type": name}]), 1)
    assert np.isfinite(losses).all()


def test_augmentations_see_the_values_of_the_data_as_0_to_255():
    low, scale = _augmented_range(bands(1000, 3550).info.image)
    assert (1000 - low) * scale == 0
    assert (3550 - low) * scale == pytest.approx(255)
    assert _augmented_range(digits().info.image) == (0.0, 1.0)
