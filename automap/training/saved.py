"""A trained model on disk: ``model.keras``, which Keras alone can load, and ``model.json``, what it is."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
from pydantic import BaseModel, ConfigDict

from automap.spec.candidate import Candidate
from automap.spec.kinds import DataInfo
from automap.store.files import CARD_FILE, NETWORK_FILE


class ModelCard(BaseModel):
    """What must be known of a saved network to use it. ``candidate`` stays plain: it needs no plugin."""

    model_config = ConfigDict(frozen=True)

    info: DataInfo
    candidate: dict[str, Any]
    """In the spec's notation."""
    metrics: dict[str, float]
    """On the validation split."""
    versions: dict[str, str]


def save_model(
    directory: Path,
    network: keras.Model,
    candidate: Candidate,
    info: DataInfo,
    metrics: dict[str, float],
    *,
    keep: bool = True,
) -> int:
    """Write a network and its card into a folder, each in one step.

    Args:
        directory: an existing folder.
        network: from raw images, 0 to 255, to raw outputs.
        candidate: what it was made from.
        info: the data that it was trained on.
        metrics: on the validation split.
        keep: False only measures the size.

    Returns:
        The size of the network's file in bytes.
    """
    versions = {"automap": version("automap"), "keras": keras.version(), "backend": keras.backend.backend()}
    card = ModelCard(info=info, candidate=candidate.to_data(), metrics=metrics, versions=versions)
    temporary = directory / f".{os.getpid()}-{NETWORK_FILE}"
    try:
        network.save(temporary)
        size = temporary.stat().st_size
        if keep:
            temporary.replace(directory / NETWORK_FILE)
            write_text(directory / CARD_FILE, card.model_dump_json(indent=1))
    finally:
        temporary.unlink(missing_ok=True)
    return size


def write_text(path: Path, text: str) -> None:
    """Write a file in one step: it is never half there."""
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
