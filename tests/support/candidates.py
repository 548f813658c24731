"""Candidates of installed plugins, small enough to train in a test."""

from collections.abc import Sequence
from typing import Any

from automap import Candidate
from automap.spec.objectives import Objective

ACCURACY = Objective(metric="accuracy", direction="maximize")

TINY: dict[str, Any] = {"type": "cnn", "filters": [8, 16], "dense": 16}
NORMED: dict[str, Any] = {"type": "resnet", "blocks": 1, "width": 8}


def candidate(
    architecture: Any = TINY,
    *,
    augmentation: Sequence[Any] = (),
    optimizer: Any = None,
    loss: Any = "cross_entropy",
    task: Any = "classification",
    **training: Any,
) -> Candidate:
    """Return a candidate for handwritten digits; `training` are fields of the training settings."""
    return Candidate.model_validate(
        {
            "task": task,
            "dataset": {"type": "sklearn", "name": "digits"},
            "architecture": architecture,
            "augmentation": list(augmentation),
            "optimizer": optimizer or {"type": "adamw", "learning_rate": 3e-3},
            "loss": loss,
            "training": {"epochs": 3, "batch_size": 64, **training},
        }
    )
