"""A case of the corpus: a small data set, and the expected output of `automap check`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from support.images import digits


@dataclass(frozen=True)
class Case:
    """A data set that is written by a function, with what must be found in it."""

    name: str
    make: Callable[[Path], Any]
    """Writes the data set below a folder."""
    dataset: str
    """The `dataset` of its spec, as YAML on one line."""
    total: int = 0
    """Usable images."""
    splits: Mapping[str, int] = field(default_factory=dict)
    """Images of the splits that the data set itself assigns."""
    classes: tuple[str, ...] | None = None
    bad: Mapping[str, int] = field(default_factory=dict)
    """Samples that cannot be used, by reason."""
    warnings: tuple[str, ...] = ()
    """Texts that must be among the warnings."""
    error: str = ""
    """A part of the message, if the data set is refused."""
    init: str | None = "data"
    """What `automap init` is given; None if it is not tried."""


def picture(index: int, size: tuple[int, int] = (16, 16), mode: str = "L") -> Image.Image:
    """Return a handwritten digit; another one for each index."""
    return Image.fromarray(digits()[0][index % 1797]).resize(size).convert(mode)


def save(path: Path, index: int = 0, size: tuple[int, int] = (16, 16), mode: str = "L", **options: Any) -> Path:
    """Write a picture and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(index, size, mode).save(path, **options)
    return path


def fill(folder: Path, count: int, first: int = 0, suffix: str = ".png", **options: Any) -> Path:
    """Write pictures ``0.png``, ``1.png``, … into a folder."""
    for index in range(count):
        save(folder / f"{first + index}{suffix}", first + index, **options)
    return folder


def write(path: Path, content: str | bytes) -> Path:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def class_folders(root: Path, *names: str, each: int = 10, first: int = 0) -> Path:
    """Write a folder of pictures for each class, no picture twice."""
    for place, name in enumerate(names):
        fill(root / name, each, first + place * each)
    return root


def box_scene(left: int = 20, top: int = 8, width: int = 24, height: int = 16) -> np.ndarray[Any, Any]:
    """Return a dark image of 64×48 pixels with a bright box, ``(48, 64, 3)``, uint8."""
    pixels = np.full((48, 64, 3), 30, np.uint8)
    pixels[top : top + height, left : left + width] = 220
    return pixels
