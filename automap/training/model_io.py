"""Saving trained models: ``model.keras``, which plain Keras can load, and ``model.json``, the model card."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import keras

from automap.interfaces.data_info import DataInfo
from automap.spec.candidate import Candidate
from automap.store.atomic import put_in_place, sync_file, write_text
from automap.store.files import CARD_FILE, NETWORK_FILE
from automap.training.model_card import ModelCard


def save_model(
    directory: Path,
    network: keras.Model,
    candidate: Candidate,
    info: DataInfo,
    metrics: dict[str, float],
    *,
    keep: bool = True,
) -> int:
    """Write a network and its model card into a folder, each atomically.

    Args:
        directory: an existing folder.
        network: from raw images to raw outputs.
        candidate: the candidate that the network was built from.
        info: describes the data that it was trained on.
        metrics: metrics on the validation split.
        keep: False to measure the size only.

    Returns:
        The size of the network's file in bytes.
    """
    return save_network(directory, network, model_card(candidate, info, metrics), keep=keep)


def model_card(candidate: Candidate, info: DataInfo, metrics: dict[str, float]) -> ModelCard:
    """Return the card of a network; see `save_model`."""
    versions = {"automap": version("automap"), "keras": keras.version(), "backend": keras.backend.backend()}
    return ModelCard(info=info, candidate=candidate.to_data(), metrics=metrics, versions=versions)


def save_network(directory: Path, network: keras.Model, card: ModelCard, *, keep: bool = True) -> int:
    """Write a network and its card into a folder and return the size of the network's file; see `save_model`."""
    temporary = directory / f".{os.getpid()}-{NETWORK_FILE}"
    try:
        network.save(temporary)
        size = temporary.stat().st_size
        if keep:
            sync_file(temporary)
            put_in_place(temporary, directory / NETWORK_FILE)
            write_text(directory / CARD_FILE, card.model_dump_json(indent=1))
    finally:
        temporary.unlink(missing_ok=True)
    return size
