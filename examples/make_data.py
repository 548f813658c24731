"""Write the data that the specs of segmentation and enhancement read, from packages that carry images.

    python examples/make_data.py segmentation data/digits_on_photographs
    python examples/make_data.py enhancement data/photographs

Needs scikit-image (``pip install scikit-image``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOGRAPHS = {
    "train": (
        "astronaut",
        "coffee",
        "rocket",
        "brick",
        "grass",
        "gravel",
        "ihc",
        "hubble_deep_field",
        "retina",
        "text",
    ),
    "validation": ("chelsea", "coins"),
    "test": ("camera", "moon", "motorcycle_right"),
}
SIZE = 48
"""Pixels a side of a scene with digits."""


def photograph(name: str) -> Image.Image:
    """Return one of scikit-image's photographs in grey."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return Image.open(next(folder.glob(f"{name}.*"))).convert("L")


def write_photographs(folder: Path) -> None:
    """Write photographs in grey, at most 512 pixels a side, in a folder for each split."""
    for split, names in PHOTOGRAPHS.items():
        (folder / split).mkdir(parents=True, exist_ok=True)
        for name in names:
            picture = photograph(name)
            picture.thumbnail((512, 512))
            picture.save(folder / split / f"{name}.png")


def scene(random: np.random.Generator, photographs: list[np.ndarray], digits: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return a patch of a photograph with two digits on it, brighter or darker, and the mask of the digits."""
    picture = photographs[random.integers(len(photographs))]
    top, left = (random.integers(0, side - SIZE + 1) for side in picture.shape)
    image = picture[top : top + SIZE, left : left + SIZE].astype(float)
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for _ in range(2):
        digit = Image.fromarray((digits[random.integers(len(digits))] * (255 / 16)).astype(np.uint8))
        side = int(random.integers(18, 29))
        ink = np.asarray(digit.resize((side, side), Image.Resampling.BICUBIC)) > 110
        row, column = random.integers(0, SIZE - side + 1, 2)
        mask[row : row + side, column : column + side][ink] = 1
    tone = image.mean() + random.choice([-1, 1]) * random.uniform(60, 110)
    image = np.where(mask > 0, tone + random.normal(0, 8, image.shape), image)
    return image.clip(0, 255).astype(np.uint8), mask


def write_scenes(folder: Path, count: int = 600) -> None:
    """Write scenes with digits and their masks; those of validation and test lie on other photographs."""
    from sklearn.datasets import load_digits

    digits = load_digits().images
    shares = {"train": 0.7, "validation": 0.15, "test": 0.15}
    for number, (split, share) in enumerate(shares.items()):
        random = np.random.default_rng(number)
        photographs = [np.asarray(photograph(name)) for name in PHOTOGRAPHS[split]]
        for kind in ("images", "masks"):
            (folder / kind / split).mkdir(parents=True, exist_ok=True)
        for index in range(round(count * share)):
            image, mask = scene(random, photographs, digits[number::3])
            Image.fromarray(image).save(folder / "images" / split / f"{index:03d}.png")
            Image.fromarray(mask).save(folder / "masks" / split / f"{index:03d}.png")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in {"segmentation", "enhancement"}:
        sys.exit(__doc__)
    (write_scenes if sys.argv[1] == "segmentation" else write_photographs)(Path(sys.argv[2]))
