"""Arrays: NPZ, NPY, IDX and TFRecord files."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
from corpus.case import Case, write
from support.images import digits

X, Y = digits()
NPZ = "{type: npz, path: data/a.npz}"


def npz(**arrays: Any):
    def make(root: Path) -> None:
        (root / "data").mkdir(parents=True)
        np.savez(root / "data/a.npz", **arrays)

    return make


def bomb(root: Path) -> None:
    (root / "data").mkdir(parents=True)
    np.savez_compressed(root / "data/a.npz", x=np.zeros((300, 512, 512), np.uint8), y=np.arange(300) % 2)


def gaps(labels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    found = labels.astype(float)
    found[3] = np.nan
    return found


def idx(root: Path, *, packed: bool = True, damage: bool = False) -> None:
    for split, rows in (("train", slice(0, 60)), ("t10k", slice(60, 80))):
        for kind, values in (("images-idx3", X[rows]), ("labels-idx1", Y[rows].astype(np.uint8))):
            head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
            content = (head + values.tobytes())[: -5 if damage else None]
            write(
                root / f"data/{split}-{kind}-ubyte{'.gz' if packed else ''}",
                gzip.compress(content) if packed else content,
            )


def idx_bomb(root: Path) -> None:
    content = struct.pack(">BBBB3I", 0, 0, 8, 3, 60_000, 2000, 2000) + b"\0" * 100
    write(root / "data/train-images-idx3-ubyte.gz", gzip.compress(content))
    write(root / "data/train-labels-idx1-ubyte.gz", gzip.compress(struct.pack(">BBBB1I", 0, 0, 8, 1, 60_000)))


def tfrecord_bomb(root: Path) -> None:
    (root / "data").mkdir(parents=True)
    with gzip.open(root / "data/a.tfrecord", "wb") as file:
        file.write(struct.pack("<Q", 2**40) + masked_check(struct.pack("<Q", 2**40)) + b"\0" * 1000)


def tfrecord_of_zeros(root: Path) -> None:
    (root / "data").mkdir(parents=True)
    with gzip.open(root / "data/a.tfrecord", "wb", compresslevel=1) as file:
        for _ in range(3):
            file.write(struct.pack("<Q", 2**26) + masked_check(struct.pack("<Q", 2**26)) + b"\0" * (2**26 + 4))


def masked_check(content: bytes) -> bytes:
    from automap.data.sources.tfrecord_reader import _masked_crc

    return struct.pack("<I", _masked_crc(content))


CASES = [
    Case(
        "x_val and y_val",
        npz(x_train=X[:32], y_train=Y[:32], x_val=X[32:40], y_val=Y[32:40]),
        NPZ,
        40,
        {"validation": 8},
        init="data/a.npz",
    ),
    Case(
        "names as MedMNIST has them",
        npz(
            train_images=X[:30],
            train_labels=Y[:30, None],
            val_images=X[30:40],
            val_labels=Y[30:40, None],
            test_images=X[40:60],
            test_labels=Y[40:60, None],
        ),
        NPZ,
        60,
        {"validation": 10, "test": 20},
        init="data/a.npz",
    ),
    Case(
        "arrays of no use",
        npz(x=X[:40], y=Y[:40], weights=np.ones(40)),
        NPZ,
        40,
        warnings=("arrays that are not used: 1 (weights)",),
        init="data/a.npz",
    ),
    Case(
        "a label that is NaN",
        npz(x=X[:40], y=gaps(Y[:40])),
        "{type: npz, path: data/a.npz, max_bad: 10%}",
        39,
        classes=tuple("0123456789"),
        bad={"no label": 1},
        init="data/a.npz",
    ),
    Case(
        "images that are all alike",
        npz(x=np.zeros((40, 8, 8)), y=Y[:40]),
        NPZ,
        error="too few different images to split into training and validation: 1 among 40",
        init="data/a.npz",
    ),
    Case(
        "labels of the text nan",
        npz(x=X[:40], y=np.array(["cat", "dog", "nan", "NaN"] * 10)),
        "{type: npz, path: data/a.npz, max_bad: 50%}",
        20,
        classes=("cat", "dog"),
        bad={"no label": 20},
        init="data/a.npz",
    ),
    Case(
        "labels of bytes",
        npz(x=X[:40], y=np.where(Y[:40] % 2, b"cat", b"dog")),
        NPZ,
        40,
        classes=("cat", "dog"),
        init="data/a.npz",
    ),
    Case(
        "images without labels",
        npz(x_train=X[:32], y_train=Y[:32], x_val=X[32:40]),
        NPZ,
        error="has images 'x_val', but no labels for them",
        init="data/a.npz",
    ),
    Case(
        "an array of 78 MB in a file of 80 KB",
        bomb,
        NPZ,
        error="of memory, more than 200 times its compressed size",
        init="data/a.npz",
    ),
    Case(
        "channels first",
        npz(x=np.zeros((40, 3, 16, 16), np.uint8), y=Y[:40]),
        NPZ,
        error="with channels first",
        init="data/a.npz",
    ),
    Case(
        "hundreds of arrays of other names",
        npz(**{f"a{index}": Y[:2] for index in range(300)}),
        NPZ,
        error="a19 and 280 more",
        init="data/a.npz",
    ),
    Case("test arrays only", npz(x_test=X[:40], y_test=Y[:40]), NPZ, error="it has x_test, y_test", init="data/a.npz"),
    Case("IDX files", idx, "{type: idx, path: data}", 80, {"test": 20}, classes=tuple("0123456789")),
    Case(
        "IDX files that are not compressed",
        lambda root: idx(root, packed=False),
        "{type: idx, path: data}",
        80,
        {"test": 20},
    ),
    Case(
        "IDX files that are cut",
        lambda root: idx(root, damage=True),
        "{type: idx, path: data}",
        error="cannot be read as an IDX file: cut",
    ),
    Case("an IDX header of 240 GB", idx_bomb, "{type: idx, path: data}", error="far more than the file holds"),
    Case(
        "a TFRecord of a terabyte", tfrecord_bomb, "{type: tfrecord, path: data}", error="at most 268,435,456 are read"
    ),
    Case(
        "a TFRecord file of zeros", tfrecord_of_zeros, "{type: tfrecord, path: data}", error="is not a tf.train.Example"
    ),
]
