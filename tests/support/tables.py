"""A table of images with other inputs, in which the answer needs both."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

NOTES = (("please keep it as it is", "leave the answer alone"), ("turn the answer around", "the answer is swapped"))


def write_table(folder: Path, count: int = 160, side: int = 16, seed: int = 0) -> Path:
    """Write images and a table of them, and return its path.

    One half of an image is brighter. Whether the label names that half or the other one is known only from the cell
    type; age is noise, and missing in every ninth row; the note says in words what the cell type says.
    """
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for index in range(count):
        bright, cell = random.integers(0, 2, 2)
        pixels = random.normal(100, 20, (side, side))
        pixels[:, : side // 2] += 60 * bright
        pixels[:, side // 2 :] += 60 * (1 - bright)
        Image.fromarray(pixels.clip(1, 255).astype(np.uint8)).save(folder / f"{index}.png")
        rows.append(
            {
                "image": f"{index}.png",
                "label": ("left", "right")[bright ^ cell],
                "score": str(float(bright ^ cell)),
                "cell type": ("mono", "poly")[cell],
                "age": "" if index % 9 == 0 else f"{random.normal(40, 10):.1f}",
                "note": NOTES[cell][index % 2],
                "back": f"{(index + 1) % count}.png",
            }
        )
    return write_rows(folder / "table.csv", rows)


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
