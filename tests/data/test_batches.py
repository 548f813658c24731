"""Batches: every record once, a reproducible order, the same content in memory and streamed."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.arrays import digits

from automap.data.batches import batches as module
from automap.data.batches.batches import TrainingBatches, evaluation_batches
from automap.data.batches.orders import epoch_order, windowed_order


def read(epoch) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the (images, targets) of each batch, whatever the backend takes."""
    found = [step[0] if isinstance(step, tuple) else step for step in epoch]
    return [(np.asarray(step["inputs"]["image"]), np.asarray(step["targets"])) for step in found]


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


@given(st.integers(1, 500), st.integers(0, 3), st.integers(1, 60), st.integers(1, 200))
def test_an_order_of_windows_takes_every_record_once_and_is_decided_by_seed_and_epoch(count, epoch, block, window):
    order = windowed_order(count, 3, epoch, block=block, window=window)
    assert sorted(order) == list(range(count))
    np.testing.assert_array_equal(order, windowed_order(count, 3, epoch, block=block, window=window))


def test_a_window_is_read_in_blocks_and_mixed_within():
    order = windowed_order(10_000, 0, 1, block=50, window=1000)
    for start in range(0, 10_000, 1000):
        window = order[start : start + 1000]
        # Twenty blocks, each read forwards; some are cut by the window's ends.
        assert (np.diff(np.sort(window)) > 1).sum() <= 24
        assert (np.diff(window) == 1).mean() < 0.01
    # From places all over the data set.
    assert np.ptp(order[:1000]) > 8000


@pytest.fixture
def streamed(monkeypatch):
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(module, "WINDOW_BYTES", 130 * 64)
    monkeypatch.setattr(module, "BLOCK_BYTES", 8 * 64)


@pytest.mark.usefixtures("streamed")
def test_streamed_batches_hold_every_record_with_its_target():
    data = digits(500)
    training = TrainingBatches(data, 32, seed=0)
    known = {image.tobytes(): target for image, target in zip(data.pixels, data.targets, strict=True)}
    seen = set()
    for epoch in range(4):
        found = read(training.epoch(epoch))
        assert [images.shape for images, _ in found] == [(32, 8, 8, 1)] * training.steps
        for image, target in zip(*map(np.concatenate, zip(*found, strict=True)), strict=True):
            assert known[image.tobytes()] == target
        taken = [image.tobytes() for images, _ in found for image in images]
        assert len(set(taken)) == len(taken)
        seen |= set(taken)
    assert len(seen) == len(data.splits["train"])


@pytest.mark.usefixtures("streamed")
def test_streamed_epochs_are_decided_by_the_seed_and_may_be_left_in_the_middle():
    first = read(TrainingBatches(digits(500), 32, seed=4).epoch(1))
    [(images, targets)] = read(islice(TrainingBatches(digits(500), 32, seed=4).epoch(1), 1))
    np.testing.assert_array_equal(images, first[0][0])
    np.testing.assert_array_equal(targets, first[0][1])


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_an_evaluation_sees_every_record_once(size):
    data = digits(500)
    found = list(evaluation_batches(data, data.splits["validation"], size))
    assert {len(inputs["image"]) for inputs, _ in found} == {size}
    records = data.splits["validation"]
    np.testing.assert_array_equal(np.concatenate([targets for _, targets in found]), data.targets[records])
    images = np.concatenate([inputs["image"][: len(targets)] for inputs, targets in found])
    np.testing.assert_array_equal(images, data.images(records))
