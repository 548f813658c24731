"""Record learning curves of random candidates on small image sets, for benchmarks/schedulers.py.

    python benchmarks/record_curves.py RAW [--candidates 300] [--sets letters fashion_mnist] [--fashion-mnist FOLDER]
    python benchmarks/record_curves.py RAW --output benchmarks/curves/images.npz

The first command trains the candidates and writes one JSON file for each to the folder RAW; candidates that RAW holds
already are not trained again, so it can be interrupted and run piece by piece. The second one packs RAW into a file in
the format that schedulers.py reads. A full training is 6 epochs of 1,500 images of 28×28, evaluated 18 times; it takes
2 to 4 seconds of processor time.

Letters are drawn in matplotlib's fonts. Fashion-MNIST comes from Debian's package ``dataset-fashion-mnist``
(``apt-get install dataset-fashion-mnist``), which puts it in /usr/share/datasets/fashion-mnist.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from contestants.images import letters

from automap import Candidate
from automap.data.prepare import PreparedData, prepare
from automap.data.sources.idx_reader import read_idx
from automap.data.sources.npz import Npz
from automap.spec.draw import draw
from automap.spec.objectives import Objective
from automap.spec.spec import Spec
from automap.training.request import EvaluationPlan, TrialRequest
from automap.training.run_trial import run_trial
from automap.training.step_reuse.compiled_cache import CompiledModels

TRAIN, VALIDATION, TEST = 1500, 500, 50
EPOCHS, EVALUATIONS = 6, 18
SPACE = {
    "task": "classification",
    "architecture": {"type": "cnn", "filters": {"choices": [[8, 16], [16, 16]]}, "dropout": {"low": 0.0, "high": 0.6}},
    "augmentation": [
        {"type": "random_translation", "height": {"low": 0.0, "high": 0.3}, "width": 0.1},
        {"type": "random_rotation", "degrees": {"low": 0.0, "high": 45.0}},
    ],
    "optimizer": {
        "type": "adamw",
        "learning_rate": {"low": 1e-5, "high": 1e-1, "log": True},
        "weight_decay": {"low": 1e-5, "high": 1.0, "log": True},
    },
    "loss": "cross_entropy",
    "training": {
        "epochs": EPOCHS,
        "batch_size": {"choices": [64, 128, 256]},
        "warmup": {"low": 0.0, "high": 0.3},
        "early_stopping": None,
    },
}
"""Learning rates over four decades, so that most random candidates are bad."""
NAMES = ("filters", "dropout", "translation", "rotation", "learning_rate", "weight_decay", "batch_size", "warmup")


def images_of(name: str, fashion_mnist: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the images and labels of a set."""
    if name == "letters":
        return letters()
    images, labels = (read_idx(fashion_mnist / f"train-{part}-ubyte.gz") for part in ("images-idx3", "labels-idx1"))
    return images, labels.astype(np.int64)


def prepared(name: str, fashion_mnist: Path, raw: Path) -> PreparedData:
    """Decode a random subset of a set, the same every time."""
    images, labels = images_of(name, fashion_mnist)
    order = np.random.default_rng(0).permutation(len(images))
    arrays, start = {}, 0
    for split, count in (("train", TRAIN), ("val", VALIDATION), ("test", TEST)):
        chosen = order[start : start + count]
        arrays |= {f"x_{split}": images[chosen], f"y_{split}": labels[chosen]}
        start += count
    path = raw / f"{name}.npz"
    if not path.exists():
        np.savez(path, **arrays)
    return prepare(Npz(path=path))


def candidates(data: Path, count: int) -> list[Candidate]:
    """Draw the candidates, the same every time, those with the same compiled step next to each other."""
    spec = Spec.model_validate({"dataset": {"type": "npz", "path": str(data)}, **SPACE})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [draw(spec, study.ask()) for _ in range(count)]


def numbers(candidate: Candidate) -> list[float]:
    """Return a candidate's hyperparameters in the order of `NAMES`."""
    network: Any = candidate.architecture
    translation, rotation = (step.model_dump() for step in candidate.augmentation)
    optimizer: Any = candidate.optimizer
    return [
        float(network.filters[0]),
        network.dropout,
        translation["height"],
        rotation["degrees"],
        optimizer.learning_rate,
        optimizer.weight_decay,
        float(candidate.training.batch_size),
        candidate.training.warmup,
    ]


def record(candidate: Candidate, seed: int, data: PreparedData, compiled: CompiledModels) -> dict[str, Any]:
    """Train a candidate to its end; return its hyperparameters and its curve."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        request = TrialRequest(
            candidate=candidate,
            seed=seed,
            directory=Path(folder),
            objective=Objective(metric="accuracy", direction="maximize"),
            evaluation=EvaluationPlan(every=EPOCHS * TRAIN // EVALUATIONS),
            keep_weights=False,
        )
        result = run_trial(request, data, compiled=compiled)
    return {
        "hyperparameters": numbers(candidate),
        "curve": [dict(point) for point in result.curve],
        "state": result.state,
        "train_seconds": result.cost["train_seconds"],
        "seconds": time.perf_counter() - started,
    }


def run(asked: argparse.Namespace) -> None:
    """Train what RAW does not hold yet: the sets in turns, so that what is interrupted is balanced."""
    asked.raw.mkdir(parents=True, exist_ok=True)
    data = {name: prepared(name, asked.fashion_mnist, asked.raw) for name in asked.sets}
    compiled = {name: CompiledModels(most=6) for name in asked.sets}
    drawn = {name: candidates(asked.raw / f"{name}.npz", asked.candidates) for name in asked.sets}
    for number in range(asked.candidates):
        for name in asked.sets:
            path = asked.raw / f"{name}-{number:04d}.json"
            if path.exists():
                continue
            found = record(drawn[name][number], number, data[name], compiled[name])
            growing = path.with_suffix(".growing")
            growing.write_text(json.dumps(found))
            os.replace(growing, path)
            print(name, number, found["state"], f"{found['seconds']:.1f} s", flush=True)


def pack(raw: Path, output: Path) -> None:
    """Write the curves of RAW into one file."""
    arrays: dict[str, Any] = {"names": np.array(NAMES)}
    for name in sorted({path.stem.rpartition("-")[0] for path in raw.glob("*-*.json")}):
        found = [json.loads(path.read_text()) for path in sorted(raw.glob(f"{name}-*.json"))]
        arrays[f"{name}/hyperparameters"] = np.array([each["hyperparameters"] for each in found], np.float32)
        arrays[f"{name}/validation_loss"] = np.array([list(curve_of(each, "loss")) for each in found], np.float32)
        accuracy = np.array([list(curve_of(each, "accuracy")) for each in found], np.float32)
        arrays[f"{name}/validation_accuracy"] = accuracy
        seconds = [each["train_seconds"] / EPOCHS if len(each["curve"]) == EVALUATIONS else np.nan for each in found]
        arrays[f"{name}/seconds_per_epoch"] = np.array(seconds, np.float32)
        print(f"{name}: {len(found)} candidates, {np.nanmedian(seconds):.2f} s an epoch")
    output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(output, **arrays)


def curve_of(found: dict[str, Any], metric: str) -> Iterator[float]:
    """Yield a metric at every evaluation; NaN before training, which is not measured, and after a failure."""
    yield float("nan")
    values = [float(point[metric]) for point in found["curve"]]
    yield from values + [float("nan")] * (EVALUATIONS - len(values))


def main() -> None:
    """Train or pack, as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path, help="folder of raw results")
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--sets", nargs="+", default=["letters", "fashion_mnist"])
    parser.add_argument("--fashion-mnist", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--output", type=Path, help="pack RAW into this file instead of training")
    asked = parser.parse_args()
    if asked.output is None:
        run(asked)
    else:
        pack(asked.raw, asked.output)


if __name__ == "__main__":
    main()
