"""What a training with per-example gradients cannot contain."""

from __future__ import annotations

import keras

from automap.exceptions import TrainingError
from automap.spec.candidate import Candidate
from automap.training.batch_norm import trainable_norms

BACKENDS = ("tensorflow", "jax")


def require_separable(candidate: Candidate, network: keras.Model, precision: str) -> None:
    """Check that the loss of a batch is the mean of losses that depend on one example each.

    Args:
        candidate: what is trained.
        network: its network, with its frozen layers.
        precision: its dtype policy.

    Raises:
        TrainingError: if it is not, or the backend has no such step; the text says what to change.
    """
    if (reason := _reason(candidate, network, precision)) is not None:
        raise TrainingError(f"per-example gradients: {reason}")


def _reason(candidate: Candidate, network: keras.Model, precision: str) -> str | None:
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        return f"they need the backend {' or '.join(BACKENDS)}; received {backend}"
    if candidate.loss.images_per_class is not None:
        return f"the loss {type(candidate.loss).__name__} compares the images of a batch; use a loss of single images"
    if norms := trainable_norms(network):
        return (
            f"the batch normalisation '{norms[0].name}' mixes the images of a batch; "
            "use an architecture without batch normalisation, or freeze the backbone"
        )
    if mixing := [type(each).__name__ for each in candidate.augmentation if each.mixes]:
        return f"the augmentation {mixing[0]} mixes the images of a batch; remove it"
    if precision == "mixed_float16":
        return "mixed_float16 scales the loss of a batch; use precision: float32 or mixed_bfloat16"
    return None
