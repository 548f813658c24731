"""Batches: every record counted once, orders that a seed decides, one way of reading like the other."""

import keras
import numpy as np
import pytest
from support.arrays import digits

from automap.data import batches as module
from automap.data.batches import TrainingBatches, epoch_order, evaluation_batches


def read(epoch) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the (images, targets) of each batch, whatever the backend takes."""
    steps = [epoch[step] for step in range(len(epoch))] if isinstance(epoch, keras.utils.PyDataset) else list(epoch)
    found = [step[0] if isinstance(step, tuple) else step for step in steps]
    return [(np.asarray(step["images"]), np.asarray(step["targets"])) for step in found]


def test_an_order_is_a_permutation_that_seed_and_epoch_decide():
    order = epoch_order(1000, 3, 5)
    assert sorted(order) == list(range(1000))
    np.testing.assert_array_equal(order, epoch_order(1000, 3, 5))
    assert (order != epoch_order(1000, 3, 6)).any()
    assert (order != epoch_order(1000, 4, 5)).any()


def test_an_epoch_takes_full_batches_of_distinct_training_records():
    data = digits(500)
    training = TrainingBatches(data, 64, seed=0)
    found = read(training.epoch(0))
    assert len(found) == training.steps == len(data.splits["train"]) // 64
    assert {images.shape for images, _ in found} == {(64, 8, 8, 1)}
    assert all(images.dtype == np.uint8 for images, _ in found)
    chosen = data.splits["train"][epoch_order(len(data.splits["train"]), 0, 0)[: 64 * training.steps]]
    np.testing.assert_array_equal(np.concatenate([targets for _, targets in found]), data.targets[chosen])
    np.testing.assert_array_equal(np.concatenate([images for images, _ in found]), data.images(chosen))


def test_the_records_left_over_are_others_each_epoch():
    data = digits(500)
    training = TrainingBatches(data, 200, seed=0)
    seen = [np.concatenate([images for images, _ in read(training.epoch(epoch))]) for epoch in range(12)]
    taken = {image.tobytes() for images in seen for image in images}
    assert taken == {image.tobytes() for image in data.images(data.splits["train"])}


def test_streamed_batches_hold_the_same_records_as_those_in_memory(monkeypatch):
    data = digits(500)
    resident = read(TrainingBatches(data, 64, seed=0).epoch(2))
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 0)
    streamed = read(TrainingBatches(data, 64, seed=0).epoch(2))
    for (images, targets), (others, labels) in zip(resident, streamed, strict=True):
        assert sorted(image.tobytes() for image in images) == sorted(image.tobytes() for image in others)
        assert sorted(targets) == sorted(labels)


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_an_evaluation_sees_every_record_once(size):
    data = digits(500)
    found = list(evaluation_batches(data, "validation", size))
    assert {len(images) for images, _ in found} == {size}
    records = data.splits["validation"]
    np.testing.assert_array_equal(np.concatenate([targets for _, targets in found]), data.targets[records])
    images = np.concatenate([images[: len(targets)] for images, targets in found])
    np.testing.assert_array_equal(images, data.images(records))
