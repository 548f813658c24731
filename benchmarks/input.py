"""How fast images come: automap's batches beside tf.data, Keras's PyDataset and Grain, and how well they are mixed.

    python benchmarks/input.py [--seconds 5]

Each loader gives shuffled batches of 128 images, uint8, with their labels, epoch after epoch, and nothing takes them
but a loop; what counts is images a second after the first epoch. Images are cut from scikit-image's photographs and
lie as JPEG files in a folder for each class, 10,000 of 32×32 and 2,000 of 224×224, which all fit into the system's
cache. automap decoded them before, which is told too. Then: how much of a trial's epoch goes to its batches, and how
well the order of streamed records is mixed. Needs ``pip install scikit-image grain``.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grain
import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage.data import astronaut, cat, coffee

from automap import Candidate
from automap.data.batches import batches as automap_batches
from automap.data.batches.batches import TrainingBatches
from automap.data.batches.orders import windowed_order
from automap.data.prepare import PreparedData, prepare
from automap.data.processors import usable_processors
from automap.data.sources.folder import Folder
from automap.interfaces.dataset import Splits
from automap.training.build import BatchPlan, build_model

Epoch = Callable[[int], Iterable[Any]]
"""Gives the batches of an epoch."""

BATCH = 128
SIZES = {32: 10_000, 224: 2_000}
CORES = len(usable_processors())


def write_images(root: Path, side: int, count: int) -> tuple[list[str], np.ndarray]:
    """Cut squares from photographs; return their files and labels."""
    random, files, labels = np.random.default_rng(0), [], np.arange(count) % 3
    sources = [np.asarray(picture) for picture in (astronaut(), coffee(), cat())]
    for index, label in enumerate(labels):
        photograph = sources[label]
        top, left = (int(random.integers(0, size - side + 1)) for size in photograph.shape[:2])
        path = root / str(label) / f"{index:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photograph[top : top + side, left : left + side]).save(path, quality=90)
        files.append(str(path))
    return files, labels.astype(np.int32)


def tf_files(files: list[str], labels: np.ndarray) -> Epoch:
    """tf.data, from JPEG files."""
    dataset = tf.data.Dataset.from_tensor_slices((files, labels)).shuffle(len(files))
    dataset = dataset.map(
        lambda file, label: (tf.io.decode_jpeg(tf.io.read_file(file), 3), label), num_parallel_calls=tf.data.AUTOTUNE
    )
    dataset = dataset.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    return lambda _: dataset


def tf_records(files: list[str], labels: np.ndarray, path: Path) -> Epoch:
    """tf.data, from JPEG images in a TFRecord file, through a shuffle buffer that holds them all."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for file, label in zip(files, labels, strict=True):
            image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[Path(file).read_bytes()]))
            number = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
            example = tf.train.Example(features=tf.train.Features(feature={"image": image, "label": number}))
            writer.write(example.SerializeToString())
    features = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}

    def parsed(text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        example = tf.io.parse_single_example(text, features)
        return tf.io.decode_jpeg(example["image"], 3), example["label"]

    dataset = tf.data.TFRecordDataset(str(path)).shuffle(len(files)).map(parsed, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    return lambda _: dataset


class Files(keras.utils.PyDataset):
    """Keras's PyDataset over JPEG files, decoded in threads."""

    def __init__(self, files: list[str], labels: np.ndarray) -> None:
        super().__init__(workers=CORES, max_queue_size=4 * CORES)
        self.files, self.labels = files, labels
        self.order = np.arange(len(files))

    def __len__(self) -> int:
        return len(self.files) // BATCH

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[index * BATCH : (index + 1) * BATCH]
        return np.stack([np.asarray(Image.open(self.files[row])) for row in rows]), self.labels[rows]


def keras_files(files: list[str], labels: np.ndarray) -> Epoch:
    """PyDataset, as ``fit`` takes batches from it."""
    from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

    dataset = Files(files, labels)

    def epoch(number: int) -> Iterator[Any]:
        np.random.default_rng(number).shuffle(dataset.order)
        adapter = PyDatasetAdapter(dataset, shuffle=False)
        adapter.on_epoch_begin()
        steps = iter(adapter.get_numpy_iterator())
        for _ in range(len(dataset)):
            yield next(steps)
        adapter.on_epoch_end()

    return epoch


class Decoded(grain.transforms.Map):
    """Reads and decodes a file."""

    def map(self, element: tuple[str, int]) -> tuple[np.ndarray, int]:
        """Return pixels and label."""
        file, label = element
        return np.asarray(Image.open(file)), label


def grain_files(files: list[str], labels: np.ndarray) -> Epoch:
    """Grain over JPEG files, decoded in threads."""
    source = list(zip(files, labels.tolist(), strict=True))

    def epoch(number: int) -> Iterable[Any]:
        dataset = grain.MapDataset.source(source).shuffle(seed=number).map(Decoded())
        reading = grain.ReadOptions(num_threads=CORES, prefetch_buffer_size=4 * BATCH)
        return dataset.to_iter_dataset(reading).batch(BATCH, drop_remainder=True)

    return epoch


def automap_loader(data: PreparedData, *, resident: bool) -> Epoch:
    """Automap's batches: of records in memory, or streamed from their shards as those of large data are."""
    limit = automap_batches.IN_MEMORY_BYTES
    automap_batches.IN_MEMORY_BYTES = limit if resident else 0
    try:
        return TrainingBatches(data, BATCH, seed=0).epoch
    finally:
        automap_batches.IN_MEMORY_BYTES = limit


def images_a_second(epoch: Epoch, seconds: float) -> float:
    """Return images a second, after an epoch that is not counted."""
    for _ in epoch(0):
        pass
    count, number, started = 0, 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        number += 1
        count += BATCH * sum(1 for _ in epoch(number))
    return count / spent


def loader_share(data: PreparedData, epochs: int, *, resident: bool) -> tuple[float, float]:
    """Return an epoch's seconds in a small CNN's training, and how much longer it takes than with a batch at hand."""
    chosen = Candidate.model_validate(
        {
            "task": "classification",
            "dataset": {"type": "sklearn", "name": "digits"},
            "architecture": {"type": "cnn", "filters": [32, 64], "dense": 0},
            "optimizer": {"type": "adamw"},
            "loss": "cross_entropy",
            "training": {"epochs": 100, "batch_size": BATCH},
        }
    )
    epoch = automap_loader(data, resident=resident)
    steps = len(data.splits["train"]) // BATCH
    model = build_model(chosen, data, BatchPlan(BATCH, steps))
    # Without the tuner, whose end an epoch would wait for: as automap's own.
    options = tf.data.Options()
    options.autotune.enabled = False
    at_hand = tf.data.Dataset.from_tensors(next(iter(epoch(0)))).repeat(steps).prefetch(4).with_options(options)
    spent: dict[bool, list[float]] = {True: [], False: []}
    for number in range(1 + epochs):
        for loaded in (True, False):
            started = time.perf_counter()
            model.fit(epoch(number) if loaded else at_hand, steps_per_epoch=steps, verbose=0, shuffle=False)
            spent[loaded].append(time.perf_counter() - started)
    with_loader, without = (float(np.median(spent[loaded][1:])) for loaded in (True, False))
    return with_loader, max(0.0, 1 - without / with_loader)


def mixing() -> Table:
    """Compare orders of a million records of 64×64 that lie sorted by their 1,000 classes."""
    count, classes, record = 1_000_000, 1_000, 64 * 64 * 3 + 4
    labels = np.arange(count) * classes // count
    window = automap_batches.WINDOW_BYTES // (record * BATCH) * BATCH
    block = automap_batches.BLOCK_BYTES // record
    random = np.random.default_rng(0)
    orders = {
        "free (what memory would allow)": random.permutation(count),
        f"automap: blocks of {block} in windows of {window:,}": windowed_order(count, 0, 0, block=block, window=window),
        "shuffle buffer of 10,000": _buffered(count, 10_000, random),
    }
    table = Table("order", "classes in a batch of 128", "places apart within a batch", title="How well mixed")
    for name, order in orders.items():
        rows = order[: count // BATCH * BATCH].reshape(-1, BATCH)
        distinct = np.mean([len(np.unique(row)) for row in labels[rows][:: len(rows) // 500]])
        spread = np.mean(np.std(rows, axis=1)) / np.std(np.arange(count))
        table.add_row(name, f"{distinct:.1f}", f"{spread:.2f} of the data set's")
    return table


def _buffered(count: int, size: int, random: np.random.Generator) -> np.ndarray:
    """Return the order of a shuffle buffer, as tf.data's: each place that becomes free is filled with the next."""
    buffer, order = np.arange(size), np.empty(count, np.int64)
    places = random.integers(size, size=count)
    for index in range(count - size):
        order[index] = buffer[places[index]]
        buffer[places[index]] = size + index
    order[count - size :] = random.permutation(buffer)
    return order


def measure(side: int, count: int, seconds: float, root: Path, table: Table, shares: Table) -> None:
    """Fill both tables for images of one size."""
    files, labels = write_images(root / "images", side, count)
    started = time.perf_counter()
    splits = Splits(validation=0.1, test=0.0)
    data = prepare(Folder(path=root / "images", image_size=side, splits=splits), cache=root / "cache")
    decoded = time.perf_counter() - started
    resident, streamed = (automap_loader(data, resident=resident) for resident in (True, False))
    loaders = {
        f"automap, in memory (decoded once: {decoded:.1f} s)": resident,
        "automap, streamed from shards": streamed,
        "tf.data, JPEG files": tf_files(files, labels),
        "tf.data, TFRecord of JPEG": tf_records(files, labels, root / "images.tfrecord"),
        "Keras PyDataset, JPEG files": keras_files(files, labels),
        "Grain, JPEG files": grain_files(files, labels),
    }
    rates = {name: images_a_second(epoch, seconds) for name, epoch in loaders.items()}
    best = max(rate for name, rate in rates.items() if not name.startswith("automap"))
    for name, rate in rates.items():
        table.add_row(f"{side}×{side}", name, f"{rate:,.0f}", f"{rate / best:.2f}")
    for name, held in (("in memory", True), ("streamed", False)):
        epoch, share = loader_share(data, epochs=7 if side < 100 else 3, resident=held)
        shares.add_row(f"{side}×{side}", name, f"{epoch:.2f} s", f"{share:.1%}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="for each loader")
    asked = parser.parse_args()
    table = Table("images", "loader", "images/s", "of the best peer", title=f"{platform.machine()}, {CORES} cores")
    shares = Table("images", "records", "epoch", "of it waiting for batches", title="A trial: CNN of 32 and 64 filters")
    for side, count in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            measure(side, count, asked.seconds, Path(folder), table, shares)
    for shown in (table, shares, mixing()):
        Console(width=110).print(shown)


if __name__ == "__main__":
    main()
