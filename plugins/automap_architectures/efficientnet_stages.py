"""The stages of EfficientNet-B0, which all of its variants scale."""

from __future__ import annotations

from typing import NamedTuple


class Stage(NamedTuple):
    """Some inverted residual blocks; the first of them has the stride."""

    expansion: int
    filters: int
    blocks: int
    stride: int
    kernel: int


# Table 1 of Tan & Le, 2019, arXiv:1905.11946.
STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
