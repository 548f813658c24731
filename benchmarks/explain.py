"""Heat maps where the right place is known: digits pasted on photographs.

Trains a small network to read digits of scikit-learn that lie at random places of crops of scikit-image's
photographs, and compares explainers: how often the hottest point lies in the digit; deletion and insertion beside a
random map and an edge map (Petsiuk et al., 2018); and how similar the maps of the same network with random weights
are (Adebayo et al., 2018).

    python benchmarks/explain.py [--images 50] [--format json]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SIDE, DIGIT = 48, 16
TRAINED = 4000
CELL = 4
"""Pixels of a feature cell that the networks explain: the margin around the digit."""


def crops(count: int, seed: int) -> Any:
    """Return crops ``(count, SIDE, SIDE, 1)`` of photographs, uint8."""
    from skimage import color, data

    photographs = [color.rgb2gray(image()) for image in (data.astronaut, data.chelsea, data.coffee, data.rocket)]
    chance = np.random.default_rng(seed)
    found = np.empty((count, SIDE, SIDE, 1), np.uint8)
    for index in range(count):
        photograph = photographs[chance.integers(len(photographs))]
        top, left = (int(chance.integers(side - SIDE)) for side in photograph.shape)
        found[index, ..., 0] = 255 * photograph[top : top + SIDE, left : left + SIDE]
    return found


def pasted(count: int, seed: int) -> tuple[Any, Any, Any]:
    """Return images, labels, and the top left corners of the digits."""
    from sklearn.datasets import load_digits

    chance, images = np.random.default_rng(seed), crops(count, seed)
    digits = load_digits()
    chosen = chance.integers(len(digits.target), size=count)
    corners = chance.integers(0, SIDE - DIGIT, (count, 2))
    for image, digit, (top, left) in zip(images, digits.images[chosen], corners, strict=True):
        large = np.kron(digit, np.ones((2, 2)))[..., None] / 16
        place = image[top : top + DIGIT, left : left + DIGIT]
        place[...] = (place * (1 - large) + 255 * large).astype(np.uint8)
    return images, digits.target[chosen], corners


def trained_model(folder: Path) -> Any:
    """Search one candidate and return its model."""
    import automap

    images, labels, _ = pasted(TRAINED, seed=0)
    np.savez(folder / "digits.npz", x=images, y=labels)
    spec = automap.Spec(
        name="pasted",
        dataset={"type": "npz", "path": str(folder / "digits.npz")},
        architecture={"type": "resnet", "width": 16, "blocks": 1, "pretrained": "none"},
        augmentation=[],
        optimizer={"type": "adamw", "learning_rate": 0.004},
        training={"epochs": 10, "batch_size": 64},
        budget={"trials": 1},
        finalists={"top": 0},
        storage=f"sqlite:///{folder}/automap.db",
        runs=str(folder / "runs"),
    )
    return automap.search(spec, progress=False).best()


def edges(image: Any) -> Any:
    """Return an edge map: the size of the gradient of the brightness."""
    vertical, horizontal = np.gradient(image[..., 0])
    return np.hypot(vertical, horizontal)


def measure(model: Any, count: int) -> dict[str, dict[str, float]]:
    """Return for each method what the module's docstring says."""
    import keras

    from automap.models.explain.explain import load_explainer, resized
    from automap.models.explain.faithfulness import faithfulness
    from automap.models.explain.network import ExplainedNetwork
    from automap.models.explain.scores import question
    from automap.spec.plugins import find_plugins

    explainers = {name: load_explainer(name) for name in sorted(find_plugins("automap.explainers"))}
    images, _, corners = pasted(count, seed=1)
    outputs = model.runtime.run({"image": images})
    network, info = model.runtime.network, model.info
    fresh, chance = keras.models.clone_model(network), np.random.default_rng(0)
    found: dict[str, list[list[float]]] = {name: [] for name in (*explainers, "edges", "random")}
    kept: dict[str, tuple[Any, Any]] = {}
    for image, output, corner in zip(images.astype(np.float32), outputs, corners, strict=True):
        asked = question(info, output)
        if asked.name not in kept:
            kept[asked.name] = tuple(ExplainedNetwork(each, asked, info.image) for each in (network, fresh))
        explained, other = kept[asked.name]
        maps = {name: resized(each.heat(explained, image), (SIDE, SIDE)) for name, each in explainers.items()}
        for name, heat in {**maps, "edges": edges(image), "random": chance.random((SIDE, SIDE))}.items():
            measured = faithfulness(explained, image, heat)
            inside = _inside(heat, corner)
            similar = np.nan
            if name in explainers:
                with np.errstate(invalid="ignore"):
                    randomised = resized(explainers[name].heat(other, image), (SIDE, SIDE))
                    similar = float(np.corrcoef(heat.ravel(), randomised.ravel())[0, 1])
            if measured is not None:
                found[name].append([inside, measured.deletion, measured.insertion, similar])
    columns = ("in_the_digit", "deletion", "insertion", "similar_with_random_weights")
    means = {name: np.mean(rows, axis=0).tolist() for name, rows in found.items()}
    return {name: dict(zip(columns, values, strict=True)) for name, values in means.items()}


def _inside(heat: Any, corner: Any) -> float:
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    top, left = corner
    return float(top - CELL <= y < top + DIGIT + CELL and left - CELL <= x < left + DIGIT + CELL)


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = trained_model(Path(folder))
        accuracy, found = model.metrics["accuracy"], measure(model, chosen.images)
    if chosen.format == "json":
        print(json.dumps({"accuracy": accuracy, "methods": found}, indent=2))
        return
    print(f"validation accuracy {accuracy:.3f}; {chosen.images} images")
    print(f"{'method':22} {'in digit':>8} {'deletion':>8} {'insertion':>9} {'random weights':>14}")
    for name, row in found.items():
        print(f"{name:22} {'{:8.2f} {:8.3f} {:9.3f} {:14.2f}'.format(*row.values())}")


if __name__ == "__main__":
    main()
