"""Weights of the positive labels of images that may have several."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from automap import ClassesInfo, DataInfo

PositiveWeight = Literal["balanced"] | Annotated[float, Field(gt=0)]

LARGEST = 100.0
"""A label of one image in a thousand would otherwise rule every batch in which it stands."""


def positive_weights(weight: PositiveWeight, info: DataInfo) -> tuple[float, ...]:
    """Return the weight of each label.

    Args:
        weight: the same for all, or ``balanced``: how many images are without the label for each that has it, at most
            `LARGEST`.
        info: of the data; its class counts are images that have the label.
    """
    counts = info.target_as(ClassesInfo).class_counts
    if weight != "balanced":
        return (float(weight),) * len(counts)
    return tuple(min(LARGEST, (info.train_size - count) / max(1, count)) for count in counts)
