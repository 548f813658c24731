"""Splits that hold out whole classes, and batches with several images of each class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_digits

from automap.data.batches.balanced import balanced_order
from automap.data.prepare import prepare
from automap.data.sources.folder import Folder
from automap.data.splits.assign import assign_splits
from automap.exceptions import DataError
from automap.interfaces.dataset import Splits

some = settings(max_examples=100, deadline=None)
APART = {"unseen_classes": True}


@st.composite
def tables(draw):
    count = draw(st.integers(6, 80))
    whole = lambda low, high: st.lists(st.integers(low, high), min_size=count, max_size=count)  # noqa: E731
    targets = np.array(draw(whole(0, 9)), np.int32)
    hashes = np.array(draw(whole(0, 3 * count)), np.uint64) * np.uint64(2654435761)
    groups = np.array(draw(st.one_of(st.just([-1] * count), whole(-1, count // 2))), np.int64)
    given_splits = np.array(draw(st.one_of(st.just([-1] * count), whole(-1, 2))), np.int8)
    return targets, hashes, groups, given_splits


@some
@given(tables(), st.integers(0, 5))
def test_classes_pixels_and_groups_are_never_on_two_sides(table, seed):
    targets, hashes, groups, given_splits = table
    splits = assign_splits(targets, hashes, groups, given_splits, Splits(seed=seed, **APART))
    for values in (targets, hashes, np.where(groups < 0, -2 - np.arange(len(groups)), groups)):
        train, validation, test = (set(values[splits[name]].tolist()) for name in ("train", "validation", "test"))
        assert not train & validation
        assert not train & test
        assert not validation & test


@pytest.mark.parametrize(("classes", "held"), [(6, 2), (10, 2), (40, 6), (100, 15)])
def test_shares_are_counted_in_classes(classes, held):
    targets = np.repeat(np.arange(classes, dtype=np.int32), np.arange(classes) % 7 + 2)
    hashes = np.arange(len(targets), dtype=np.uint64) * np.uint64(2654435761)
    none = np.full(len(targets), -1)
    one, other = (
        assign_splits(targets, hashes, none, none.astype(np.int8), Splits(seed=seed, **APART)) for seed in (0, 1)
    )
    assert len(set(targets[one["validation"]])) == len(set(targets[one["test"]])) == held
    assert sum(map(len, one.values())) == len(targets)
    assert set(targets[one["validation"]]) != set(targets[other["validation"]]) or classes == 6


@pytest.fixture
def digits(tmp_path):
    """Write 200 digits as a folder of ten identities."""
    found = load_digits()
    for index, (image, label) in enumerate(zip(found.images[:200], found.target[:200], strict=True)):
        folder = tmp_path / "digits" / f"person {label}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * (255 / 16)).astype("uint8")).save(folder / f"{index}.png")
    return tmp_path / "digits"


def test_a_folder_is_split_by_identity(digits, tmp_path):
    data = prepare(Folder(path=digits, splits=Splits(**APART)), cache=tmp_path / "cache")
    counts = np.array(data.info.target.class_counts)
    assert len(data.info.target.classes) == 10
    assert np.count_nonzero(counts) == len(data.info.target.trained_classes) == 6
    assert set(np.flatnonzero(counts == 0)) == {
        *data.targets[data.splits["validation"]].tolist(),
        *data.targets[data.splits["test"]].tolist(),
    }


def test_too_few_identities_are_refused_with_advice(digits, tmp_path):
    for extra in sorted(digits.iterdir())[5:]:
        extra.rename(tmp_path / extra.name)
    with pytest.raises(DataError, match=r"train split has \d+ images of 1 of the 5 classes"):
        prepare(Folder(path=digits, splits=Splits(**APART)), cache=tmp_path / "cache")
    data = prepare(Folder(path=digits, splits=Splits(test=0, **APART)), cache=tmp_path / "cache")
    assert len(data.info.target.trained_classes) == 3


@some
@given(st.lists(st.integers(0, 6), min_size=1, max_size=100), st.integers(1, 5), st.integers(0, 3), st.integers(0, 3))
def test_every_run_has_one_class_and_every_record_occurs(classes, per_class, seed, epoch):
    classes = np.array(classes)
    order = balanced_order(classes, per_class, seed, epoch)
    runs = classes[order].reshape(-1, per_class)
    assert (runs == runs[:, :1]).all()
    assert set(order.tolist()) == set(range(len(classes)))
    for label, size in zip(*np.unique(classes, return_counts=True), strict=True):
        assert (runs[:, 0] == label).sum() == -(-size // per_class)
        if size >= per_class:
            own = order.reshape(-1, per_class)[runs[:, 0] == label]
            assert all(len(set(run)) == per_class for run in own.tolist())
    np.testing.assert_array_equal(order, balanced_order(classes, per_class, seed, epoch))


def test_epochs_have_other_orders():
    classes = np.repeat(np.arange(10), 20)
    one, other = (balanced_order(classes, 4, seed=0, epoch=epoch) for epoch in (0, 1))
    assert not np.array_equal(one, other)
