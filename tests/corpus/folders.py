"""Folders: names of splits, suffixes, junk, depth, links."""

from __future__ import annotations

import os
from pathlib import Path

from corpus.case import Case, class_folders, fill, save, write

FOLDER = "{type: folder, path: data}"


def splits(*names: str, counts: tuple[int, ...] = (14, 4)):
    def make(root: Path) -> None:
        first = 0
        for name, count in zip(names, counts, strict=True):
            class_folders(root / "data" / name, "cat", "dog", each=count, first=first)
            first += 2 * count

    return make


def with_logs(root: Path) -> None:
    splits("train", "val")(root)
    (root / "data/logs").mkdir()
    write(root / "data/notes/readme.txt", "x")


def with_flat_test(root: Path) -> None:
    class_folders(root / "data/train", "cat", "dog", each=20)
    fill(root / "data/test", 10, 100)


def with_unknown_beside(root: Path) -> None:
    splits("train", "val")(root)
    class_folders(root / "data/holdout", "cat", "dog", each=2, first=200)


def train_and_raw(root: Path) -> None:
    class_folders(root / "data/train", "cat", "dog")
    fill(root / "data/raw", 5, 100)


def class_named_train(root: Path) -> None:
    class_folders(root / "data", "car", "bus", "train")


def splits_within_splits(root: Path) -> None:
    class_folders(root / "data/train/train", "cat", "dog")
    class_folders(root / "data/val/val", "cat", "dog", first=100)


def folds(root: Path) -> None:
    class_folders(root / "data/fold1", "cat", "dog", each=9)
    class_folders(root / "data/fold2", "cat", "dog", each=9, first=100)


def dangling(root: Path) -> None:
    class_folders(root / "data", "cat", "dog")
    (root / "data/bird").symlink_to("nowhere")
    (root / "data/fish").symlink_to("fish")


def composed_and_not(root: Path) -> None:
    class_folders(root / "data/train", "caf\u00e9", "dog", each=14)
    class_folders(root / "data/val", "cafe\u0301", "dog", each=4, first=100)


def splits_below_classes(root: Path) -> None:
    for place, name in enumerate(("cat", "dog")):
        class_folders(root / "data" / name, "train", "val", each=8, first=100 * place)


def suffixes(root: Path) -> None:
    class_folders(root / "data", "cat", "dog", each=20)
    formats = {".jfif": "JPEG", ".jpe": "JPEG", ".pnm": "PPM", ".jpx": "JPEG2000", ".j2k": "JPEG2000", ".tif": "TIFF"}
    formats |= {".webp": "WEBP", ".bmp": "BMP", ".gif": "GIF", ".avif": "AVIF", ".JPG": "JPEG", ".dib": "BMP"}
    for index, (suffix, kind) in enumerate(formats.items()):
        save(root / "data/cat" / f"x{index}{suffix}", 100 + index, format=kind)


def junk(root: Path) -> None:
    class_folders(root / "data", "cat", "dog")
    for name in ("Thumbs.db", "ehthumbs.db", "desktop.ini", ".DS_Store", "._0.png", "~$x.png", "Icon\r"):
        write(root / "data/cat" / name, "junk")
    for folder in ("@eaDir", "__MACOSX", ".git", ".ipynb_checkpoints", "#recycle", "__pycache__"):
        fill(root / "data" / folder, 3, 500)
        fill(root / "data/dog" / folder, 3, 600)


def one_level_deeper(root: Path) -> None:
    class_folders(root / "data/flowers/flowers", "daisy", "rose", each=14)


def other_files(root: Path) -> None:
    class_folders(root / "data", "cat", "dog", each=200)
    write(root / "data/cat/notes.txt", "x")
    write(root / "data/LICENSE", "free")
    save(root / "data/stray.png", 900)


def special_files(root: Path) -> None:
    class_folders(root / "data", "cat", "dog", each=100)
    os.mkfifo(root / "data/cat/pipe.png")
    (root / "data/dog/loop").symlink_to("loop")


def heic(root: Path) -> None:
    class_folders(root / "data", "cat", "dog", each=30)
    head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    write(root / "data/cat/phone.heic", head + b"\0" * 64)


def half_is_damaged(root: Path) -> None:
    class_folders(root / "data", "cat", "dog")
    for index in range(10):
        write(root / f"data/cat/broken{index}.png", b"broken")
        write(root / f"data/dog/notes{index}.txt", b"text")


CASES = [
    Case(
        "empty folder beside the splits",
        with_logs,
        FOLDER,
        36,
        {"validation": 8},
        ("cat", "dog"),
        warnings=("folders without images: 2 (logs, notes)",),
    ),
    *(
        Case(f"splits named {names}", splits(*names), FOLDER, 36, {"validation": 8}, ("cat", "dog"))
        for names in [
            ("train", "dev"),
            ("Train", "Validate"),
            ("TRAIN2017", "val2017"),
            ("training", "valid"),
            ("train_set", "validation-set"),
            ("train1", "Val_1"),
            ("00_train", "01_val"),
            ("train-clean", "val"),
        ]
    ),
    *(
        Case(f"splits named {names}", splits(*names), FOLDER, 36, {"test": 8}, ("cat", "dog"))
        for names in [("train", "test"), ("Training", "testing"), ("train2017", "test2017"), ("seg_train", "seg_test")]
    ),
    Case("a flat test folder", with_flat_test, FOLDER, error="could not use 10 of 50 samples"),
    Case(
        "a flat test folder, allowed",
        with_flat_test,
        "{type: folder, path: data, max_bad: 30%}",
        40,
        bad={"not in the folder of a class": 10},
        init=None,
    ),
    Case(
        "a folder of another name beside the splits",
        with_unknown_beside,
        "{type: folder, path: data, max_bad: 30%}",
        36,
        {"validation": 8},
        bad={"not in the folder of a split": 4},
    ),
    Case(
        "one split and other images", train_and_raw, FOLDER, error="cannot tell whether 'train' is a split or a class"
    ),
    Case(
        "a class named train",
        class_named_train,
        FOLDER,
        30,
        {},
        ("bus", "car", "train"),
        warnings=("folder named as a split, taken for a class because no folder beside it is one: 1 (train)",),
    ),
    Case("splits below the classes", splits_below_classes, FOLDER, 32, {"validation": 16}, ("cat", "dog")),
    Case(
        "test images only",
        lambda root: class_folders(root / "data/test", "cat", "dog"),
        FOLDER,
        error="none is left to train on",
    ),
    Case(
        "classes that contain the names of splits",
        splits("freight train", "passenger train"),
        FOLDER,
        36,
        classes=("freight train", "passenger train"),
    ),
    Case(
        "classes that differ in case",
        lambda root: class_folders(root / "data", "cat", "Cat", "dog"),
        FOLDER,
        30,
        warnings=("classes whose names differ in case or spaces only: 'Cat', 'cat'",),
    ),
    Case("two folders of training images", splits("train", "Training"), FOLDER, 36, {}, ("cat", "dog")),
    Case("names in composed and decomposed letters", composed_and_not, FOLDER, 36, {"validation": 8}, ("café", "dog")),
    Case("suffixes", suffixes, FOLDER, 52),
    Case("junk", junk, FOLDER, 20, {}, ("cat", "dog")),
    Case(
        "classes one level deeper",
        one_level_deeper,
        "{type: folder, path: data/flowers}",
        error="data/flowers/flowers",
        init="data/flowers",
    ),
    Case("classes two levels deeper", one_level_deeper, FOLDER, error="use the path"),
    Case("other files", other_files, FOLDER, 400, bad={"not an image": 1, "not in the folder of a class": 1}),
    Case(
        "pipes and links to themselves",
        special_files,
        FOLDER,
        200,
        bad={"not a regular file": 1, "a link to itself": 1},
    ),
    Case("half is damaged", half_is_damaged, FOLDER, error="could not use 20 of 40 samples"),
    Case(
        "half is damaged, allowed",
        half_is_damaged,
        "{type: folder, path: data, max_bad: 50%}",
        20,
        bad={"not an image": 20},
    ),
    Case("splits within splits", splits_within_splits, FOLDER, error="named as splits too (train, val)"),
    Case(
        "folds",
        folds,
        FOLDER,
        36,
        {},
        ("fold1", "fold2"),
        warnings=(
            "folders that every class holds; if they are the classes, rename the folders above to train, val, "
            "test: 2 (cat, dog)",
        ),
    ),
    Case(
        "links to nowhere",
        dangling,
        FOLDER,
        20,
        {},
        ("cat", "dog"),
        warnings=("links to folders that do not exist, or to themselves: 2 (bird, fish)",),
    ),
]
