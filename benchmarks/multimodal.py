"""What several inputs bring: both together, each alone, and both with the columns missing.

    python examples/make_data.py multimodal data/questions
    python benchmarks/multimodal.py data/questions --seeds 3

Needs ``elpv-dataset`` with ``--elpv``: there the type of the cell, monocrystalline or polycrystalline, joins the image.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FUSIONS = ("concatenation", "gated", "cross_attention")


def main() -> None:
    """Train each way and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the table, or where ELPV is written")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--only", help="only the ways whose name contains this")
    parser.add_argument("--elpv", action="store_true", help="ELPV's solar cells in place of the questions")
    asked = parser.parse_args()
    if asked.elpv:
        write_elpv(asked.data)
    table = asked.data / ("cells.csv" if asked.elpv else "questions.csv")
    for name, change in ways(asked.elpv).items():
        if asked.only is None or asked.only in name:
            scores = accuracies(table, change, asked.epochs, asked.seeds)
            each = " ".join(f"{score:.4f}" for score in scores)
            print(f"{name:34} {np.mean(scores):.4f} ± {np.std(scores):.4f}   {each}", flush=True)


def ways(elpv: bool) -> dict[str, dict[str, Any]]:
    """Return what differs between the spec of each way."""
    column = "cell" if elpv else "question"
    features = [{"column": column, "type": "category" if elpv else "text"}]
    both = {f"image and {column}, {name}": {"features": features, "fusion": name} for name in FUSIONS}
    hidden = {f"image alone, {column} emptied": {"features": features, "fusion": "gated", "empty": column}}
    alone = {f"{column} alone": {"features": features, "fusion": "gated", "empty": "image"}}
    return {"just the image": {}, **alone, **both, **hidden}


def accuracies(table: Path, change: dict[str, Any], epochs: int, seeds: int) -> list[float]:
    """Train one candidate with several seeds and return its accuracy on the test split for each.

    What ``empty`` names is missing: the image in every row, or a column in the rows of the test split.
    """
    elpv = table.name == "cells.csv"
    dataset = {"type": "csv", "label_column": "defective" if elpv else "answer", "split_column": "split"}
    spec: dict[str, Any] = {
        "dataset": dataset | ({"features": change["features"]} if change else {}),
        "architecture": {"type": "cnn", "filters": [32, 64], "dense": 0, "dropout": 0.0},
        "augmentation": ["random_flip"] if elpv else ["none"],
        "optimizer": {"type": "adamw", "learning_rate": 0.003, "weight_decay": 0.01},
        "training": {"epochs": epochs, "batch_size": 32, "early_stopping": None},
        "budget": {"trials": 1},
        "search": {"scheduler": "none"},
        "finalists": {"top": 1, "seeds": seeds},
    }
    if change:
        spec["fusion"] = {"type": change["fusion"], "width": 64}
        spec["encoders"] = {"table": "columns"} if elpv else {"text": {"type": "text_convolution", "kernel": 3}}
    with tempfile.TemporaryDirectory() as folder:
        dataset["path"] = str(emptied(table, change.get("empty"), Path(folder)))
        spec["dataset"] |= {"path": dataset["path"]}
        (Path(folder) / "spec.yaml").write_text(json.dumps(spec), encoding="utf-8")
        _run("search", "spec.yaml", "--workers", "1", folder=folder)
        shown = json.loads(_run("show", "spec.yaml", "0", "--format", "json", folder=folder))
    return [float(final["test"]["accuracy"]) for final in shown["finalists"]]


def _run(*arguments: str, folder: str) -> str:
    command = [sys.executable, "-c", "from automap.cli.main import main; main()", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def emptied(table: Path, column: str | None, folder: Path) -> Path:
    """Return a copy of a table with absolute image paths and one column emptied: of the image in every row."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["image"] = "" if column == "image" else str((table.parent / row["image"]).absolute())
        if column not in (None, "image") and row["split"] == "test":
            row[str(column)] = ""
    with (folder / table.name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / table.name


def write_elpv(folder: Path) -> None:
    """Write ELPV's cells as images of 64 pixels and a table; a quarter is for testing."""
    from elpv_dataset.utils import load_dataset

    images, probability, kinds = load_dataset()
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    lines = ["image,defective,cell,split"]
    for number, (image, defect, kind) in enumerate(zip(images, probability, kinds, strict=True)):
        Image.fromarray(image).resize((64, 64)).save(folder / f"{number}.png")
        split = ("train", "train", "train", "validation", "test")[random.integers(5)]
        lines.append(f"{number}.png,{'yes' if defect >= 0.5 else 'no'},{kind},{split}")
    (folder / "cells.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
