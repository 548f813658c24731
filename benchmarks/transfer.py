"""What pretrained weights gain: searches from ImageNet weights beside searches from scratch in equal time.

    python benchmarks/transfer.py elpv [--time 5m] [--seeds 5]      # solar cells, Deitsch et al., arXiv:1807.02894
    python benchmarks/transfer.py elpv-heads [--seeds 5]            # the same splits, heads on cached features alone
    python benchmarks/transfer.py textile [--time 2m] [--seeds 5]   # three kinds of textile images
    python benchmarks/transfer.py shots [--seeds 5]                 # heads on a few images a class of Fashion-MNIST
    python benchmarks/transfer.py heads                             # 2,000 images of 160 pixels: seconds to the first
                                                                    # model, heads a second on cached features

Needs automap[pretrained]; elpv-dataset, conformal-clip-data and Debian's dataset-fashion-mnist for their data, which is
used for measuring only. ELPV has no split of its own: 25% are for testing, stratified by cell type and probability;
defective means a probability of at least 0.5.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from sklearn.model_selection import train_test_split

from automap import Array

LITE0 = "architecture: {{type: efficientnet_lite0, pretrained: {pretrained}}}\n"
FLIPS = "augmentation: {choices: [none, {type: random_flip, mode: horizontal_and_vertical}]}\n"
FASHION = Path("/usr/share/datasets/fashion-mnist")


def package_folder(name: str) -> Path:
    """Return the folder of an installed package."""
    found = find_spec(name)
    if found is None or found.origin is None:
        sys.exit(f"the package {name.replace('_', '-')} is not installed")
    return Path(found.origin).parent


def solar_cells() -> tuple[Array, Array, list[str]]:
    """Return images ``(2624, 300, 300, 1)``, whether each is defective, and the strata."""
    folder = package_folder("elpv_dataset") / "data"
    rows = [line.split() for line in (folder / "labels.csv").read_text().splitlines()]
    images = [np.asarray(Image.open(folder / name).convert("L")) for name, _, _ in rows]
    defective = np.array([float(probability) >= 0.5 for _, probability, _ in rows], np.int64)
    return np.stack(images)[..., None], defective, [f"{kind}{probability}" for _, probability, kind in rows]


def textiles() -> tuple[Array, Array, list[str]]:
    """Return images ``(2000, 160, 160, 3)``, their classes, and the strata."""
    folder = package_folder("conformal_clip_data")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg"))
    images = [np.asarray(Image.open(file).convert("RGB").resize((160, 160))) for file in files]
    names = [file.parent.name for file in files]
    return np.stack(images), np.unique(names, return_inverse=True)[1], names


def search(data: tuple[Array, Array, list[str]], settings: str, seed: int) -> float:
    """Search on 75% of the data, and return the winner's accuracy on the rest."""
    images, labels, strata = data
    train, test = train_test_split(np.arange(len(labels)), test_size=0.25, stratify=strata, random_state=seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arrays = {"x_train": images[train], "y_train": labels[train], "x_test": images[test], "y_test": labels[test]}
        np.savez(folder / "data.npz", **arrays)
        (folder / "spec.yaml").write_text(f"dataset: {{type: npz, path: data.npz}}\n{settings}")
        program = [str(Path(sys.executable).with_name("automap"))]
        subprocess.run([*program, "search", folder / "spec.yaml"], check=True, stdout=subprocess.DEVNULL)
        command = [*program, "leaderboard", "--storage", f"sqlite:///{folder}/automap.db", "--format", "json"]
        board = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    best = next(row for row in board["rows"] if row["test"])
    print(f"  seed {seed}: {best['test']['accuracy']['mean']:.4f}", json.dumps(best["candidate"]["task"]), flush=True)
    return float(best["test"]["accuracy"]["mean"])


def compare(data: tuple[Array, Array, list[str]], length: str, seeds: int, extra: str = "") -> None:
    """Print the accuracy from ImageNet weights and from scratch, mean and spread over the splits."""
    for pretrained in ("imagenet", "none"):
        settings = LITE0.format(pretrained=pretrained) + extra + f"budget: {{time: {length}}}\n"
        found = [search(data, settings, seed) for seed in range(seeds)]
        print(f"pretrained: {pretrained}  {np.mean(found):.4f} ± {np.std(found):.4f} in {length}", flush=True)


def shots(seeds: int) -> None:
    """Print the accuracy of heads on k images a class of Fashion-MNIST, on 1,000 test images."""
    images, labels = (_idx(FASHION / f"train-{kind}") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
    for count in (5, 10, 20, 50):
        row = {}
        for head in ("linear", "kernel", "cosine", "knn", "mlp"):
            found = []
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                chosen = np.concatenate([rng.permutation(np.flatnonzero(labels == each))[:count] for each in range(10)])
                tested = rng.permutation(np.setdiff1d(np.arange(len(labels)), chosen))[:1000]
                found.append(_head_accuracy(images, labels, chosen, tested, head))
            row[head] = f"{np.mean(found):.3f} ± {np.std(found):.3f}"
        print(f"{count:3} images a class  {row}", flush=True)


def _idx(path: Path) -> Array:
    content = path.read_bytes()
    shape = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis]) for axis in range(content[3])]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def _head_accuracy(images: Array, labels: Array, chosen: Array, tested: Array, head: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.npz")
        arrays = {"x_train": images[chosen, ..., None], "y_train": labels[chosen]}
        np.savez(path, **arrays, x_test=images[tested, ..., None], y_test=labels[tested])
        return next(fitted_heads(path, Path(folder), [{"head": head, "features": "all", "penalty": 0.01}])).test


class Fitted(NamedTuple):
    """A head trial."""

    seconds: float
    validation: float
    """Accuracy."""
    test: float
    """Accuracy."""


def fitted_heads(data: Path, folder: Path, tasks: Sequence[Mapping[str, Any]]) -> Iterator[Fitted]:
    """Fit heads on cached features, one trial for each task's fields."""
    from automap import Candidate
    from automap.data.prepare import prepare
    from automap.spec.objectives import Objective
    from automap.training.request import TrialRequest
    from automap.training.run_trial import run_trial
    from automap.training.step_reuse.compiled_cache import CompiledModels

    described: dict[str, Any] = {
        "dataset": {"type": "npz", "path": str(data)},
        "architecture": {"type": "efficientnet_lite0", "pretrained": "imagenet"},
        "optimizer": "adamw",
        "loss": "cross_entropy",
        "training": {"freeze": "backbone"},
    }
    objective, compiled, prepared = Objective(metric="accuracy", direction="maximize"), CompiledModels(), None
    for number, task in enumerate(tasks):
        candidate = Candidate.model_validate({**described, "task": {"type": "classification", **task}})
        prepared = prepared or prepare(candidate.dataset, cache=folder)
        request = TrialRequest(
            candidate, 0, folder / f"trial-{number}", objective, test=True, is_worth_keeping=partial(_is_first, number)
        )
        started = time.perf_counter()
        result = run_trial(request, prepared, compiled=compiled)
        if result.test is None:
            sys.exit(f"{task}: {result.reason}")
        yield Fitted(time.perf_counter() - started, result.validation["accuracy"], result.test["accuracy"])


ELPV_HEADS = (("linear", "all", 0.05), ("kernel", "all", 0.03), ("linear", "scales", 0.05), ("kernel", "scales", 0.03))


def elpv_heads(seeds: int) -> None:
    """Print the test accuracy of heads on the splits of solar cells, and of the one that is best on validation."""
    images, labels, strata = solar_cells()
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        train, test = train_test_split(np.arange(len(labels)), test_size=0.25, stratify=strata, random_state=seed)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "data.npz")
            arrays = {"x_train": images[train], "y_train": labels[train], "x_test": images[test]}
            np.savez(path, **arrays, y_test=labels[test])
            tasks = [{"head": head, "features": seen, "penalty": penalty} for head, seen, penalty in ELPV_HEADS]
            fitted = list(fitted_heads(path, Path(folder), tasks))
        for (head, seen, _), each in zip(ELPV_HEADS, fitted, strict=True):
            found.setdefault(f"{head} {seen}", []).append(each.test)
        found.setdefault("best on validation", []).append(max(fitted, key=lambda each: each.validation).test)
        print(f"  seed {seed}", {name: round(each[-1], 4) for name, each in found.items()}, flush=True)
    for name, each in found.items():
        print(f"{name:20} {np.mean(each):.4f} ± {np.std(each):.4f}", flush=True)


def _is_first(number: int, *_: object) -> bool:
    return number == 0


def heads() -> None:
    """Print the seconds until the first model of 2,000 images of 160 pixels, and the seconds of each further head."""
    images, labels, _ = textiles()
    with tempfile.TemporaryDirectory() as name:
        np.savez(Path(name, "data.npz"), x=images[:2000], y=labels[:2000])
        wanted = ["linear"] + [head for head in ("linear", "kernel", "svm", "cosine", "knn", "mlp") for _ in range(5)]
        tasks = [{"head": head, "features": "all", "penalty": 0.01 * (1 + n)} for n, head in enumerate(wanted)]
        found = list(fitted_heads(Path(name, "data.npz"), Path(name), tasks))
    print(f"first model after {found[0].seconds:.1f} s, import of Keras and decoding aside")
    for head in dict.fromkeys(wanted):
        times = [trial.seconds for trial, each in zip(found[1:], wanted[1:], strict=True) if each == head]
        print(f"{head:8} {np.median(times):.3f} s a trial: {60 / np.median(times):.0f} a minute")


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("elpv", "elpv-heads", "textile", "shots", "heads"))
    parser.add_argument("--time", default=None)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    run: dict[str, Callable[[], None]] = {
        "elpv": lambda: compare(solar_cells(), chosen.time or "5m", chosen.seeds, FLIPS),
        "elpv-heads": lambda: elpv_heads(chosen.seeds),
        "textile": lambda: compare(textiles(), chosen.time or "2m", chosen.seeds),
        "shots": lambda: shots(chosen.seeds),
        "heads": heads,
    }
    run[chosen.what]()


if __name__ == "__main__":
    main()
