"""Names of the files in a run's folder."""

from __future__ import annotations

RESULT_FILE = "result.json"
"""What the run gave; it stays when all else is deleted."""

CHECKPOINT_FILE = "checkpoint.npz"
"""All that a training needs to go on; it exists while the run does."""

NETWORK_FILE = "model.keras"
"""The trained network, which Keras alone can load."""

CARD_FILE = "model.json"
"""What must be known of the network to use it."""
