"""Names of run folders and of the files in them."""

from __future__ import annotations

RESULT_FILE = "result.json"
"""What the run gave; it stays when all else is deleted."""

CHECKPOINT_FILE = "checkpoint.npz"
"""All that a training needs to go on; it exists while the run does."""

DECAY_CHECKPOINT_FILE = "before-decay.npz"
"""The checkpoint from which a training that finished early can be continued; deleted with the weights."""

VALIDATION_FILE = "validation.npz"
"""Raw outputs on the validation split; deleted with the weights."""

NETWORK_FILE = "model.keras"
"""The trained network, which Keras alone can load."""

CARD_FILE = "model.json"
"""What must be known of the network to use it."""


def run_folder_name(kind: str, trial: int, seed: int) -> str:
    """Return the name of a run's folder in the run directory."""
    return f"trial-{trial:05d}" if kind == "search" else f"final-{trial:05d}-seed-{seed}"
