"""Names of run folders and of the files in them."""

from __future__ import annotations

RESULT_FILE = "result.json"
"""The result; it stays when the weights are deleted."""

CHECKPOINT_FILE = "checkpoint.npz"
"""Everything needed to resume training; it exists while the run does."""

DECAY_CHECKPOINT_FILE = "before-decay.npz"
"""The checkpoint from which a training that finished early can be continued; deleted with the weights."""

VALIDATION_FILE = "validation.npz"
"""Raw outputs on the validation split; deleted with the weights."""

SAMPLES_FILE = "samples.npz"
"""Decoded validation and training images to verify and quantize exports with; deleted with the weights."""

NETWORK_FILE = "model.keras"
"""The trained network in Keras's format."""

CARD_FILE = "model.json"
"""What is needed to use the network: classes, preprocessing, metrics."""

WEIGHT_FILES = (NETWORK_FILE, CARD_FILE, CHECKPOINT_FILE, DECAY_CHECKPOINT_FILE, VALIDATION_FILE, SAMPLES_FILE)
"""What is deleted once a trial is no longer among the best."""

MODEL_FILES = (NETWORK_FILE, CARD_FILE, SAMPLES_FILE, RESULT_FILE)
"""What a published model consists of."""


def run_folder_name(kind: str, trial: int, seed: int) -> str:
    """Return the name of a run's folder in the run directory.

    Raises:
        StorageError: if the numbers are not integers, as SQLite allows: they could name a folder elsewhere.
    """
    # SQLAlchemy, which this imports, takes a third of a second; what only runs a model does without.
    from automap.store.errors import require_integer

    number, seed = require_integer("trial", trial), require_integer("seed", seed)
    if kind == "ensemble":
        return f"ensemble-{seed}"
    if kind in ("trained", "compressed"):
        return f"{kind}-{number:05d}-{seed}"
    return f"trial-{number:05d}" if kind == "search" else f"final-{number:05d}-seed-{seed}"
