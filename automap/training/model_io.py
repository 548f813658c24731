"""A trained model on disk: ``model.keras``, which Keras alone can load, and ``model.json``, what it is."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
from pydantic import BaseModel, ConfigDict

from automap.interfaces.data_info import DataInfo
from automap.interfaces.sample import IMAGE
from automap.spec.candidate import Candidate
from automap.store.atomic import put_in_place, sync_file, write_text
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
            sync_file(temporary)
            put_in_place(temporary, directory / NETWORK_FILE)
            write_text(directory / CARD_FILE, card.model_dump_json(indent=1))
    finally:
        temporary.unlink(missing_ok=True)
    return size


def read_card(text: str) -> ModelCard:
    """Read a model's card, also one that a version before 0.2 wrote.

    Raises:
        ValueError: if it is not a card.
        KeyError: if a card of an earlier version lacks a field.
    """
    card = json.loads(text)
    if not isinstance(card, dict):
        raise ValueError(f"expected a mapping; received {type(card).__name__}")
    if "image_shape" in card.get("info", {}):
        card["info"] = _nested_info(card["info"], str(card["candidate"]["task"]["type"]))
    return ModelCard.model_validate(card)


_TARGET_OF_TASK = {
    "classification": "label",
    "face_recognition": "label",
    "multi_label": "labels",
    "segmentation": "mask",
    "detection": "boxes",
    "regression": "numbers",
    "enhancement": "image",
}
"""The kind of target of each task that automap had when cards described all targets in one flat mapping."""


def _nested_info(flat: dict[str, Any], task: str) -> dict[str, Any]:
    kind = _TARGET_OF_TASK.get(task, "label")
    target: dict[str, Any] = {"kind": kind}
    if kind == "numbers":
        target |= {name: flat[f"target_{name}"] for name in ("names", "mean", "std")}
    elif kind == "image":
        target["scale"] = flat["scale"]
    else:
        target |= {"classes": flat["classes"], "class_counts": flat["class_counts"]}
        target |= {"max_boxes": flat["max_boxes"]} if kind == "boxes" else {}
    image = {"shape": flat["image_shape"], **{name: flat[name] for name in ("resize", "mean", "std")}}
    return {"inputs": {IMAGE: image}, "target": target, "train_size": flat["train_size"]}
