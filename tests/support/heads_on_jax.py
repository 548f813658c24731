"""Every task's losses, heads and evaluation on the JAX backend, each in a trial of one epoch on real digits."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import numpy as np
from PIL import Image
from support.images import digits, write_digits
from support.training import train

from automap import Spec
from automap.data.prepare import prepare
from automap.spec.draw import boundary_candidates

CNN = {"type": "cnn", "filters": [8, 8], "dense": 0, "dropout": 0.0}
COUNT = 48


def write_tables(folder: Path) -> None:
    """Write digits with tables of marks and numbers, boxes, and masks of their ink."""
    images, targets = digits()
    lines, files, boxes = ["image,even,round,ink"], [], []
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for index, (image, digit) in enumerate(zip(images[:COUNT], targets[:COUNT], strict=True)):
        picture = Image.fromarray(image).resize((16, 16))
        picture.save(folder / "images" / f"{index}.png")
        Image.fromarray((np.asarray(picture) > 100).astype(np.uint8)).save(folder / "masks" / f"{index}.png")
        files.append({"id": index, "file_name": f"{index}.png", "height": 16, "width": 16})
        boxes.append({"id": index, "image_id": index, "category_id": int(digit), "bbox": [2, 0, 12, 16], "area": 192})
        lines.append(f"images/{index}.png,{int(digit % 2 == 0)},{int(digit in (0, 6, 8, 9))},{image.mean():.2f}")
    (folder / "table.csv").write_text("\n".join(lines))
    categories = [{"id": digit, "name": str(digit)} for digit in range(10)]
    content = {"images": files, "annotations": boxes, "categories": categories}
    (folder / "boxes.json").write_text(json.dumps(content))


def specs(folder: Path) -> dict[str, dict[str, object]]:
    """Return a spec for each task, and one for losses with weights of their own and losses that compare images."""
    table = {"type": "csv", "path": str(folder / "table.csv")}
    images, classes = str(folder / "images"), {"type": "folder", "path": str(folder / "classes")}
    embedding = {"type": "face_recognition", "embedding_size": 8}
    return {
        "classification": {"dataset": classes, "augmentation": ["random_flip"]},
        "multi_label": {"dataset": {**table, "label_columns": ["even", "round"]}, "augmentation": ["cut_mix"]},
        "regression": {"dataset": {**table, "number_columns": "ink"}},
        "face_recognition arcface": {"dataset": classes, "task": embedding, "loss": "arcface"},
        "face_recognition circle": {"dataset": classes, "task": {**embedding, "pooling": "place"}, "loss": "circle"},
        "segmentation": {
            "dataset": {"type": "masks", "path": str(folder), "classes": ["paper", "ink"]},
            "task": {"type": "segmentation", "decoder": "unet", "width": 8},
            "augmentation": ["random_flip"],
        },
        "enhancement": {
            "dataset": {"type": "degraded", "path": images, "image_size": 16, "downscale": 2},
            "task": {"type": "enhancement", "decoder": "fpn", "width": 8},
            "augmentation": ["random_flip"],
        },
        "detection": {
            "dataset": {"type": "coco", "path": str(folder / "boxes.json"), "images": images},
            "task": {"type": "detection", "width": 8, "depth": 1},
        },
    }


def main(folder: Path) -> None:
    """Train a short trial of each and print what came of it."""
    write_tables(folder)
    write_digits(folder / "classes", classes=8)
    found = {}
    for name, given in specs(folder).items():
        settings = {"epochs": 1, "batch_size": 8}
        spec = Spec.model_validate({"architecture": CNN, "augmentation": ["none"], "training": settings, **given})
        data = prepare(spec.dataset, cache=folder / "cache")
        _, candidate = next(boundary_candidates(spec))
        started, place = time.perf_counter(), folder / "trials" / name
        result = train(candidate, data, place, objective=spec.objectives[0], test=True)
        told = {"state": result.state, "reason": result.reason, "metrics": result.test}
        found[name] = {**told, "seconds": time.perf_counter() - started}
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
