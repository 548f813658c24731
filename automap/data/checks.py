"""Checks that a data set can be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from automap.data.cache.reader import Cache
from automap.data.splits.assign import SPLIT_CODES
from automap.data.targets.kind import TargetKind
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.sample import BadSample, SplitName


def refuse_bad(bad: Sequence[BadSample], good: int, max_bad: float) -> None:
    """Refuse a data set with too many bad samples.

    Args:
        bad: the samples that cannot be used.
        good: number of the others.
        max_bad: largest share of bad samples, 0 to 1.

    Raises:
        DataError: with the reasons and some of the samples.
    """
    if len(bad) <= max_bad * (len(bad) + good):
        return
    reasons = Counter(sample.reason for sample in bad)
    counted = ", ".join(f"{number} × {reason}" for reason, number in reasons.most_common())
    examples = [next(sample for sample in bad if sample.reason == reason) for reason, _ in reasons.most_common(5)]
    named = ", ".join(sample.name + (f" ({sample.detail})" if sample.detail else "") for sample in examples)
    raise DataError(
        f"could not use {len(bad)} of {len(bad) + good} samples, more than dataset.max_bad allows ({max_bad:.1%}): "
        f"{counted}. For example: {named}. Repair or remove them, or raise dataset.max_bad"
    )


def check_classes(cache: Cache, kind: TargetKind) -> None:
    """Check that a data set has enough classes for its kind of target.

    Raises:
        DataError: if it has not.
    """
    classes = cache.manifest.classes
    if len(classes) >= kind.fewest_classes:
        return
    if not classes:
        raise DataError(f"none of the {cache.records} images has a class")
    raise DataError(f"all {cache.records} images are of one class ('{classes[0]}'); two or more classes are needed")


def check_splits(splits: Mapping[SplitName, Array], cache: Cache) -> None:
    """Check that there are images to train and to validate on.

    Raises:
        DataError: if there are none.
    """
    if len(splits["train"]) and len(splits["validation"]):
        return
    classes = cache.manifest.classes
    if not len(splits["train"]) and (cache.given != SPLIT_CODES[None]).all():
        raise DataError(
            f"the data set assigns all {cache.records} images to validation and test; none is left to train on"
        )
    alike = len(np.unique(cache.hashes, axis=0))
    if alike < cache.records:
        raise DataError(
            f"too few different images to split into training and validation: {alike} among {cache.records}; "
            "duplicates are kept in the same split"
        )
    raise DataError(
        f"too few images to split into training and validation: {cache.records} images"
        f"{f' in {len(classes)} classes; at least one class needs two images' if classes else '; two are needed'}"
    )
