"""What a data set is held to."""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import numpy as np

from automap.data.prepare import prepare
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import IMAGE, Sample, SplitName
from automap.testing.component import check_component, require
from automap.testing.examples import KINDS


def check_dataset(dataset: Dataset) -> None:
    """Check that a data set can be searched on.

    - It describes the same samples in the same order whenever it is asked.
    - Names of samples are unique; their first input is the image; they can be sent to another process.
    - Its images and targets decode: it is prepared as for a search, in a temporary cache.
    - Preparing it again finds the same data.

    Args:
        dataset: an instance that refers to real data.

    Raises:
        AssertionError: with the promise that is broken.
        DataError: if the data cannot be used.
    """
    check_component(dataset)
    require(dataset.target in KINDS, f"target must be one of {', '.join(KINDS)}; received '{dataset.target}'")
    samples = [sample for sample in dataset.samples() if isinstance(sample, Sample)]
    require(bool(samples), "it has no samples")
    _check_order(dataset, samples)
    for sample in samples:
        _check_sample(sample)
    with tempfile.TemporaryDirectory() as folder:
        first, again = (prepare(dataset, cache=Path(folder)) for _ in range(2))
    require(first.fingerprint == again.fingerprint, "preparing it a second time gives other data")
    require(first.info.target.kind == dataset.target, f"targets are decoded as '{first.info.target.kind}'")


def _check_order(dataset: Dataset, samples: list[Sample]) -> None:
    again = [sample for sample in dataset.samples() if isinstance(sample, Sample)]
    names = [sample.name for sample in samples]
    require(names == [sample.name for sample in again], "a second listing gives other samples, or another order")
    versions = [sample.version for sample in samples]
    require(versions == [sample.version for sample in again], "versions of unchanged samples change between listings")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    require(not repeated, f"{len(repeated)} names are not unique, for instance {', '.join(repeated[:3])}")


def _check_sample(sample: Sample) -> None:
    require(bool(sample.name), "a sample has no name")
    inputs = list(sample.inputs)
    require(inputs[:1] == [IMAGE], f"the first input must be '{IMAGE}'; {sample.name} has {inputs}")
    splits = (None, *get_args(SplitName))
    require(sample.split in splits, f"split must be one of {splits}; {sample.name} has {sample.split!r}")
    again = pickle.loads(pickle.dumps(sample))
    require(_same(again.target, sample.target), f"the target of {sample.name} changes when it is pickled")


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (not isinstance(one, np.ndarray) or bool(np.array_equal(one, other)))
