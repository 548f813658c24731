"""Saving the best weights of a trial that is still in training, so that they can be used meanwhile."""

from __future__ import annotations

from pathlib import Path

from automap.training.averaging import copied_weights
from automap.training.model_io import save_model
from automap.training.samples import save_samples
from automap.training.trainer import Trainer


def save_best(trainer: Trainer, directory: Path) -> None:
    """Write the best weights so far as a model into an existing folder; training continues with its own weights."""
    network, progress = trainer.network_to_save, trainer.progress
    present = copied_weights(network)
    network.set_weights(progress.weights)
    try:
        save_model(directory, network, trainer.request.candidate, trainer.data.info, progress.best_metrics)
    finally:
        network.set_weights(present)
    save_samples(directory, trainer.data)
