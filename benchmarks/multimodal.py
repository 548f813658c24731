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
TRAINING = {"epochs": 30, "batch_size": 32, "early_stopping": None}


def main() -> None:
    """Train each way and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the table, or where ELPV is written")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--elpv", action="store_true", help="ELPV's solar cells in place of the questions")
    asked = parser.parse_args()
    if asked.elpv:
        write_elpv(asked.data)
    table = asked.data / ("cells.csv" if asked.elpv else "questions.csv")
    for name, change in ways(asked.elpv).items():
        scores = [score(table, change, asked.epochs, seed) for seed in range(asked.seeds)]
        print(
            f"{name:32} {np.mean(scores):.4f} ± {np.std(scores):.4f}  {[round(each, 4) for each in scores]}", flush=True
        )


def ways(elpv: bool) -> dict[str, dict[str, Any]]:
    """Return what differs between the spec of each way."""
    column = "cell" if elpv else "question"
    features = [{"column": column, "type": "category" if elpv else "text"}]
    both = {f"image and {column}, {name}": {"features": features, "fusion": name} for name in FUSIONS}
    hidden = {f"image alone, {column} emptied": {"features": features, "fusion": "gated", "empty": column}}
    alone = {f"{column} alone": {"features": features, "fusion": "gated", "empty": "image"}}
    return {"image": {}, **alone, **both, **hidden}


def score(table: Path, change: dict[str, Any], epochs: int, seed: int) -> float:
    """Train one candidate and return its accuracy on the test split.

    What ``empty`` names is missing: the image in every row, or a column in the rows of the test split.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = emptied(table, change.get("empty"), Path(scratch))
        label = "defective" if table.name == "cells.csv" else "answer"
        dataset = {"type": "csv", "path": str(path), "label_column": label, "split_column": "split", "image_size": 32}
        dataset |= {"features": change["features"]} if change else {}
        spec = {
            "dataset": dataset,
            "architecture": {"type": "cnn", "filters": [32, 64], "dense": 0, "dropout": 0.0},
            "augmentation": "none",
            "optimizer": {"type": "adamw", "learning_rate": 0.003, "weight_decay": 0.01},
            "training": {**TRAINING, "epochs": epochs},
            "budget": {"trials": 1},
            "search": {"scheduler": "none", "seed": seed},
            "finalists": {"top": 1, "seeds": 1},
        }
        if change:
            spec |= {"fusion": {"type": change["fusion"]}}
            spec |= {} if label == "defective" else {"encoders": {"text": {"type": "text_convolution", "kernel": 3}}}
        (Path(scratch) / "spec.json").write_text(json.dumps(spec))
        (Path(scratch) / "spec.yaml").write_text(json.dumps(spec))
        run = [sys.executable, "-c", "from automap.cli.main import main; main()"]
        subprocess.run([*run, "search", "spec.yaml", "--workers", "1"], cwd=scratch, check=True, capture_output=True)
        done = subprocess.run(
            [*run, "leaderboard", "spec.yaml", "--format", "json"], cwd=scratch, check=True, capture_output=True
        )
        return float(json.loads(done.stdout)["rows"][0]["test"]["accuracy"]["mean"])


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
