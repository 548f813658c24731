"""The base of losses that put a margin into the softmax over identities."""

from __future__ import annotations

from typing import ClassVar

from automap import LossComponent, tunable


class MarginLoss(LossComponent):
    """A softmax over identities of unit embeddings, with a margin."""

    tasks: ClassVar[frozenset[str]] = frozenset({"face_recognition"})

    scale: float = tunable(
        16.0,
        low=8.0,
        high=64.0,
        log=True,
        gt=0,
        description="scale of the cosines; the paper's 64 suits many identities",
    )
