"""Digits as a folder of persons, named and paired as Labeled Faces in the Wild is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from support.images import digits

NAMES = tuple(f"Digit_{digit}" for digit in range(10))
HELD = ("Digit_6", "Digit_7", "Digit_9")
"""Those that pairs name."""


def write_persons(folder: Path, *, each: int = 20, size: int = 16) -> Path:
    """Write a folder for each digit: ``Digit_3/Digit_3_0001.png``, …"""
    images, targets = digits()
    for digit, name in enumerate(NAMES):
        (folder / name).mkdir(parents=True)
        for number, index in enumerate(np.flatnonzero(targets == digit)[:each], start=1):
            Image.fromarray(images[index]).resize((size, size)).save(folder / name / f"{name}_{number:04d}.png")
    return folder


def pair_lines(folds: int = 4, pairs: int = 6, *, each: int = 20) -> list[str]:
    """Return the lines of a file of pairs: in each fold pairs of one identity, then as many of two."""
    random = np.random.default_rng(0)
    lines = [f"{folds}\t{pairs}"]
    for _ in range(folds):
        for _ in range(pairs):
            first, second = random.choice(each, 2, replace=False) + 1
            lines.append(f"{random.choice(HELD)}\t{first}\t{second}")
        for _ in range(pairs):
            one, other = random.choice(HELD, 2, replace=False)
            lines.append(f"{one}\t{random.integers(1, each + 1)}\t{other}\t{random.integers(1, each + 1)}")
    return lines
