"""Splits: no duplicates across splits, every class in each, reproducible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automap.data.splits.assign import assign_splits
from automap.interfaces.dataset import Splits

some = settings(max_examples=150, deadline=None)


@st.composite
def tables(draw):
    count = draw(st.integers(4, 120))
    whole = lambda low, high: st.lists(st.integers(low, high), min_size=count, max_size=count)  # noqa: E731
    targets = np.array(draw(whole(0, 3)), np.int32)
    hashes = np.array(draw(whole(0, 2 * count)), np.uint64) * np.uint64(2654435761)
    groups = np.array(draw(st.one_of(st.just([-1] * count), whole(-1, count // 2))), np.int64)
    given_splits = np.array(draw(st.one_of(st.just([-1] * count), whole(-1, 2))), np.int8)
    return targets, hashes, groups, given_splits


def sides(splits, values):
    return {name: set(values[records].tolist()) for name, records in splits.items()}


@some
@given(tables(), st.integers(0, 5))
def test_pixels_and_groups_are_never_on_two_sides(table, seed):
    targets, hashes, groups, given_splits = table
    splits = assign_splits(targets, hashes, groups, given_splits, Splits(seed=seed))
    for values in (hashes, np.where(groups < 0, -2 - np.arange(len(groups)), groups)):
        found = sides(splits, values)
        assert not found["train"] & found["validation"]
        assert not found["train"] & found["test"]
        assert not found["validation"] & found["test"]


@some
@given(tables())
def test_given_splits_are_kept(table):
    targets, hashes, groups, given_splits = table
    splits = assign_splits(targets, hashes, groups, given_splits, Splits())
    if (given_splits == 2).any():
        assert set(splits["test"]) == set(np.flatnonzero(given_splits == 2))
    if (given_splits == 1).any():
        assert set(splits["validation"]) <= set(np.flatnonzero(given_splits == 1))
    assert not set(splits["train"]) & set(np.flatnonzero(given_splits > 0))


@some
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(table, random):
    targets, hashes, groups, given_splits = table
    # Equal pixels of different classes or groups would make the order matter: give each image its own.
    hashes = np.arange(len(targets), dtype=np.uint64) * np.uint64(2654435761)
    order = np.array(random.sample(range(len(targets)), len(targets)))
    groups = np.full(len(targets), -1)
    one = assign_splits(targets, hashes, groups, given_splits, Splits())
    other = assign_splits(targets[order], hashes[order], groups, given_splits[order], Splits())
    assert sides(one, hashes) == sides(other, hashes[order])


def test_shares_hold_for_each_class():
    targets = np.repeat(np.arange(4, dtype=np.int32), [1000, 200, 40, 10])
    hashes = np.random.default_rng(0).integers(0, 2**63, len(targets)).astype(np.uint64)
    none = np.full(len(targets), -1)
    splits = assign_splits(targets, hashes, none, none.astype(np.int8), Splits(validation=0.2, test=0.1))
    counts = {name: np.bincount(targets[records], minlength=4).tolist() for name, records in splits.items()}
    assert counts == {"train": [700, 140, 28, 7], "validation": [200, 40, 8, 2], "test": [100, 20, 4, 1]}


@pytest.mark.parametrize("sizes", [[100, *[5] * 20], [500, *[1] * 60], [30] * 30, [60, 40]])
@pytest.mark.parametrize("seed", range(5))
def test_groups_of_uneven_size_do_not_starve_training(sizes, seed):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    targets = np.zeros(len(groups), np.int32)
    hashes = np.random.default_rng(seed).integers(0, 2**63, len(groups)).astype(np.uint64)
    given_splits = np.full(len(groups), -1, np.int8)
    splits = assign_splits(targets, hashes, groups, given_splits, Splits(validation=0.15, test=0.15, seed=seed))
    assert len(splits["train"]) >= (0.4 if len(sizes) == 2 else 0.6) * len(groups)
    assert len(splits["validation"]) >= 0.05 * len(groups)


def test_another_seed_gives_another_assignment():
    targets = np.zeros(200, np.int32)
    hashes = np.arange(200, dtype=np.uint64) * np.uint64(11400714819323198485)
    none = np.full(200, -1)
    one, other = (assign_splits(targets, hashes, none, none.astype(np.int8), Splits(seed=seed)) for seed in (0, 1))
    assert set(one["test"]) != set(other["test"])
