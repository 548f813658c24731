"""A model's card: what must be known of a network to use it. Reading one needs no Keras."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from automap.interfaces.data_info import DataInfo
from automap.interfaces.sample import IMAGE


class ModelCard(BaseModel):
    """What must be known of a saved network to use it. ``candidate`` stays plain: it needs no plugin."""

    model_config = ConfigDict(frozen=True)

    info: DataInfo
    candidate: dict[str, Any]
    """In the spec's notation."""
    metrics: dict[str, float]
    """On the validation split."""
    versions: dict[str, str]


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
