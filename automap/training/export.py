"""Saving a trained network with all that is needed to use it."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

import keras

from automap.spec.candidate import Candidate
from automap.spec.kinds import DataInfo

MODEL_FILE = "model.keras"
ABOUT_FILE = "model.json"


def save_model(directory: Path, network: keras.Model, candidate: Candidate, info: DataInfo) -> Path:
    """Write ``model.keras`` and ``model.json`` into a folder, each under a temporary name first.

    Args:
        directory: the folder; it is created if need be.
        network: from raw images, 0 to 255, to raw outputs.
        candidate: what was trained.
        info: the data that it was trained on.

    Returns:
        The path of ``model.keras``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    about = {
        "automap": version("automap"),
        "keras": version("keras"),
        "info": info.model_dump(mode="json"),
        "candidate": candidate.to_data(),
    }
    temporary = directory / f".{os.getpid()}.keras"
    try:
        network.save(temporary)
        temporary.rename(directory / MODEL_FILE)
        temporary.write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")
        temporary.rename(directory / ABOUT_FILE)
    finally:
        temporary.unlink(missing_ok=True)
    return directory / MODEL_FILE
