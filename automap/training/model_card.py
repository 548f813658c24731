"""Model cards: the information that is needed to use a saved network. Reading one does not import Keras."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from automap.interfaces.data_info import DataInfo
from automap.interfaces.sample import IMAGE


class ModelCard(BaseModel):
    """The information needed to use a saved network. ``candidate`` is plain data, readable without its plugins."""

    model_config = ConfigDict(frozen=True)

    info: DataInfo
    candidate: dict[str, Any]
    """As plain data, in the format of specs."""
    metrics: dict[str, float]
    """Metrics on the validation split."""
    versions: dict[str, str]
    importance: dict[str, float] = {}
    """Of models of several inputs: what the first objective loses on the validation split if a column is permuted."""


def read_card(text: str) -> ModelCard:
    """Read a model card, including those of versions before 0.2.

    Raises:
        ValueError: if it is not a model card.
        KeyError: if a field of an earlier version's card is missing.
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
"""The kind of target of each task of version 0.1, whose cards describe targets in one flat mapping."""


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
