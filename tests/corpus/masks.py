"""Masks and pairs: orphans, formats, sizes, splits."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from corpus.case import Case, fill, picture, save
from PIL import Image

MASKS = "{type: masks, path: data, max_bad: 10%}"


def masks(
    root: Path,
    count: int = 12,
    suffix: str = ".png",
    dtype: str = "uint8",
    high: float = 1,
    folder: str = "",
    first: int = 0,
) -> None:
    for index in range(first, first + count):
        save(root / "data" / folder / f"images/{index}.png", index)
        values = np.where(np.asarray(picture(index)) > 100, high, 0).astype(dtype)
        path = root / "data" / folder / f"masks/{index}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)


def orphans(root: Path) -> None:
    masks(root, 30)
    shutil.copy(root / "data/masks/0.png", root / "data/masks/x.png")
    (root / "data/masks/7.png").unlink()


def halves(root: Path) -> None:
    masks(root, suffix=".tif", dtype="float32", high=1)
    for index in range(12):
        Image.fromarray(np.full((16, 16), 0.5, np.float32)).save(root / f"data/masks/{index}.tif")


def rgb(root: Path) -> None:
    masks(root)
    for index in range(12):
        Image.open(root / f"data/masks/{index}.png").convert("RGB").save(root / f"data/masks/{index}.png")


def npy(root: Path) -> None:
    masks(root)
    for path in list((root / "data/masks").iterdir()):
        np.save(path.with_suffix(".npy"), np.asarray(Image.open(path)))
        path.unlink()


def letters(root: Path) -> None:
    masks(root)
    save(root / "data/images/cafe\u0301.png", 50)
    shutil.copy(root / "data/masks/1.png", root / "data/masks/caf\u00e9.png")


def pairs(root: Path) -> None:
    fill(root / "data/inputs", 13)
    fill(root / "data/targets", 12)
    fill(root / "data/targets", 2, 20)


def splits_above(root: Path) -> None:
    masks(root, 12, folder="train")
    masks(root, 4, folder="val", first=12)


def twice(root: Path) -> None:
    masks(root)
    shutil.copy(root / "data/masks/3.png", root / "data/masks/3.tif")


def with_a_mask(values: np.ndarray[Any, Any]):
    def make(root: Path) -> None:
        masks(root, suffix=".tif", dtype=values.dtype.name)
        Image.fromarray(values).save(root / "data/masks/3.tif")

    return make


def other_size(root: Path) -> None:
    fill(root / "data/inputs", 12)
    fill(root / "data/targets", 12)
    save(root / "data/targets/3.png", 3, size=(20, 16))


CASES = [
    Case(
        "a mask without an image and an image without a mask",
        orphans,
        MASKS,
        29,
        bad={"no mask of the same name": 1},
        warnings=("masks without an image: 1 (x.png)",),
    ),
    Case("masks of 0 and 1 as floats", lambda root: masks(root, suffix=".tif", dtype="float32"), MASKS, 12),
    Case("masks of fractions", halves, MASKS, error="its mask has fractions; class indices are whole numbers"),
    Case(
        "masks as JPEG files",
        lambda root: masks(root, suffix=".jpg", high=255),
        MASKS,
        error="its mask is a JPEG file, whose lossy compression changes class indices; save masks as PNG",
    ),
    Case("masks as arrays", npy, MASKS, 12),
    Case("names in composed and decomposed letters", letters, MASKS, 13),
    Case(
        "pairs without partners",
        pairs,
        "{type: pairs, path: data, max_bad: 20%}",
        12,
        bad={"no target of the same name": 1},
        warnings=("targets without an image: 2 (20.png, 21.png)",),
    ),
    Case(
        "two masks of a name",
        twice,
        MASKS,
        12,
        warnings=("images with several masks of the same name, one of which is used: 1 (3.png)",),
    ),
    Case(
        "a mask that is NaN",
        with_a_mask(np.full((16, 16), np.nan, np.float32)),
        MASKS,
        11,
        bad={"its mask has values that are not finite (NaN or infinity)": 1},
    ),
    Case(
        "a negative mask",
        with_a_mask(np.full((16, 16), -1, np.int32)),
        MASKS,
        11,
        bad={"its mask has negative values": 1},
    ),
    Case(
        "masks of one class",
        lambda root: masks(root, high=0),
        MASKS,
        error="the 12 masks show fewer than two classes",
    ),
    Case(
        "a target of another size",
        other_size,
        "{type: pairs, path: data, max_bad: 20%}",
        11,
        bad={"its target has another size": 1},
    ),
    Case("colour masks", rgb, MASKS, error="its mask is a colour image"),
    Case("splits above the two folders", splits_above, MASKS, 16, {"validation": 4}),
]
