"""Exported models of each task, written without training: quick, and each output follows from the pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from support.candidates import candidate
from support.infos import data_info

from automap.interfaces.task import Task
from automap.models.export.artifact import metadata_of
from automap.models.export.onnx_file import METADATA_KEY, OPSET
from automap.models.model import LoadedModel
from automap.spec.candidate import load_component
from automap.training.model_card import ModelCard

SIDE = 16
CLASSES = ("red", "green", "blue")
_INFOS: dict[str, tuple[str, dict[str, Any]]] = {
    "classification": ("label", {"classes": CLASSES, "class_counts": (1, 1, 1)}),
    "multi_label": ("labels", {"classes": CLASSES, "class_counts": (1, 1, 1)}),
    "segmentation": ("mask", {"classes": CLASSES, "class_counts": (1, 1, 1)}),
    "detection": ("boxes", {"classes": CLASSES, "class_counts": (1, 1, 1), "max_boxes": 1}),
    "regression": ("numbers", {"names": CLASSES, "target_mean": (0.0,) * 3, "target_std": (1.0,) * 3}),
    "face_recognition": ("label", {"classes": CLASSES, "class_counts": (1, 1, 1)}),
    "enhancement": ("image", {"scale": 1}),
}
TASKS = tuple(_INFOS)


def write_onnx(folder: Path, task: str) -> Path:
    """Write ``model.onnx`` of a task: its outputs are the channels' means, or the pixels themselves."""
    kind, target = _INFOS[task]
    info = data_info(kind, image_shape=(SIDE, SIDE, 3), mean=(0.0,) * 3, std=(1.0,) * 3, **target)
    losses = {"enhancement": "charbonnier", "detection": "fcos", "segmentation": "dice_cross_entropy"}
    chosen = candidate(task={"type": task}, loss=losses.get(task, "cross_entropy"))
    card = ModelCard(info=info, candidate=chosen.to_data(), metrics={"threshold": 0.5}, versions={})

    model = LoadedModel(None, load_component(Task, card.candidate["task"]), card)  # type: ignore[arg-type, type-abstract]
    graph = helper.make_graph(
        _nodes(task),
        "model",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ("batch", SIDE, SIDE, 3))],
        [helper.make_tensor_value_info("outputs", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in _constants().items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    helper.set_model_props(made, {METADATA_KEY: metadata_of(model, "float32")})
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(made, folder / "model.onnx")
    return folder / "model.onnx"


def _constants() -> dict[str, np.ndarray[Any, Any]]:
    # One box over the whole image at its centre, whose class logits are the means.
    box = np.array([[[SIDE / 2, SIDE / 2, 8, SIDE / 2, SIDE / 2, SIDE / 2, SIDE / 2, 9.0]]], np.float32)
    return {
        "scale": np.array(1 / 255, np.float32),
        "axes": np.array([1, 2]),
        "one": np.array([1]),
        "sharpness": np.array(9.0, np.float32),
        "box": box,
        "zero": np.array(0.0, np.float32),
        "begin": np.array([0]),
        "end": np.array([8]),
        "last_axis": np.array([2]),
    }


def _nodes(task: str) -> list[Any]:
    node = helper.make_node
    unit = [node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT), node("Mul", ["floats", "scale"], ["unit"])]
    means = [*unit, node("ReduceMean", ["unit", "axes"], ["means"], keepdims=0)]
    sharp = [*means, node("Mul", ["means", "sharpness"], ["sharp"])]
    if task == "enhancement":
        return [*unit, node("Identity", ["unit"], ["outputs"])]
    if task == "segmentation":
        return [*unit, node("Mul", ["unit", "sharpness"], ["outputs"])]
    if task == "detection":
        return [
            *sharp,
            node("Unsqueeze", ["sharp", "one"], ["rows"]),
            node("Mul", ["rows", "zero"], ["nothing"]),
            node("Concat", ["nothing", "nothing", "nothing"], ["nine"], axis=2),
            node("Slice", ["nine", "begin", "end", "last_axis"], ["eight"]),
            node("Add", ["eight", "box"], ["points"]),
            node("Concat", ["points", "rows"], ["outputs"], axis=2),
        ]
    return [*sharp, node("Identity", ["sharp"], ["outputs"])]
