"""How well a GPU is used: the trainer beside a bare jitted loop, what augmentation costs, trials that share the GPU.

    KERAS_BACKEND=jax python benchmarks/gpu.py [--images 50000] [--batch 512] [--epochs 3] [--parts training sharing]
    KERAS_BACKEND=jax python benchmarks/gpu.py --tiny

The images are of CIFAR-10's shape, 32×32×3, cut from scikit-image's photographs, and the photograph is the class; the
network is a ResNet-18. Images a second are the median over all epochs but the first; what the first took longer is
compiling. A row each: the trainer's epochs, without augmentation and with it, and `run_trial`, which also evaluates and
writes a checkpoint after each epoch. On JAX also a bare loop over a jitted step of the same network with the same
optimizer, its images on the device. A training step is taken as three times the operations of the forward pass.
Augmentation is random crops, flips and MixUp.

Then the same search of a small network twice, in fresh folders, with one worker and with several, which divide the
GPU's memory. Needs ``pip install scikit-image``; with ``KERAS_BACKEND=jax``, no TensorFlow. ``--tiny`` tries it all out
on a CPU within minutes.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import skimage.data
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from automap import Candidate
from automap.data.batches.batches import TrainingBatches
from automap.data.prepare import PreparedData, prepare
from automap.data.processors import usable_processors
from automap.spec.objectives import Objective
from automap.store.engine import open_database
from automap.training import backend
from automap.training.build import (
    BatchPlan,
    build_model,
    build_network,
    build_optimizer,
    fit_statistics,
    spare_from_decay,
)
from automap.training.fit import fit_batches
from automap.training.measure import memory
from automap.training.measure.flops import count_flops
from automap.training.request import TrialRequest
from automap.training.run_trial import run_trial

SIDE = 32
COLOURED = ("astronaut", "coffee", "cat", "rocket", "retina", "hubble_deep_field", "immunohistochemistry")
GREY = ("brick", "grass", "gravel")
"""Photographs that come with scikit-image, ten together as CIFAR-10's classes are."""

AUGMENTATION = ("random_crop", "random_flip", "mix_up")

PEAKS = {"H100 80GB HBM3": 989.0, "H100 PCIe": 756.0, "H200": 989.0, "A100": 312.0}
"""TFLOP/s of dense products in bfloat16, from NVIDIA's data sheets, by what the device's name holds."""

STEP_FLOPS = 3
"""A training step over a forward pass: the backward pass computes two products for each of the forward one's."""

TINY = {"images": 600, "batch": 64, "epochs": 3, "width": 8, "blocks": 1, "trials": 4, "workers": 2}

SPEC = """\
name: sharing
dataset: {dataset}
architecture: {{type: cnn, filters: [16, 32, 32], dense: 64, dropout: 0.0}}
augmentation: [random_flip]
optimizer: {{type: adamw, learning_rate: {{low: 1e-3, high: 1e-2, log: true}}, weight_decay: 0.0}}
training: {{epochs: {epochs}, batch_size: 128, precision: {precision}}}
budget: {{trials: {trials}}}
search: {{scheduler: none, sampler: random}}
finalists: {{top: 0}}
storage: 'sqlite:///{folder}/sharing.db'
"""


class Pace(NamedTuple):
    """How fast a training went."""

    images: float
    """A second, median over all epochs but the first."""
    compiling: float
    """Seconds that the first epoch took longer."""


class Trials(NamedTuple):
    """Trials a minute of a search."""

    steady: float
    """Once every worker has finished its first one."""
    whole: float
    """From the start of the command to its end."""


def write_images(path: Path, count: int) -> None:
    """Write a file of squares that are cut from photographs, as many from each."""
    random, images, names = np.random.default_rng(0), [], (*COLOURED, *GREY)
    count //= len(names)
    for name in names:
        photograph = getattr(skimage.data, name)()
        photograph = photograph if photograph.ndim == 3 else np.repeat(photograph[..., None], 3, axis=2)
        squares = np.lib.stride_tricks.sliding_window_view(photograph, (SIDE, SIDE), axis=(0, 1))
        top, left = (random.integers(0, size, count) for size in squares.shape[:2])
        images.append(squares[top, left].transpose(0, 2, 3, 1))
    np.savez(path, x=np.concatenate(images), y=np.repeat(np.arange(len(names)), count))


def dataset_of(path: Path) -> dict[str, Any]:
    """Return the data set of a spec: a tenth validates, as is usual with CIFAR-10."""
    return {"type": "npz", "path": str(path), "splits": {"validation": 0.1, "test": 0}}


def candidate_of(options: argparse.Namespace, path: Path, augmentation: tuple[str, ...] = ()) -> Candidate:
    return Candidate.model_validate(
        {
            "task": "classification",
            "dataset": dataset_of(path),
            "architecture": {"type": "resnet", "blocks": options.blocks, "width": options.width},
            "augmentation": list(augmentation),
            "optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9},
            "loss": "cross_entropy",
            "training": {"epochs": options.epochs, "batch_size": options.batch, "precision": options.precision},
        }
    )


def timed(epochs: int, images: int, train: Callable[[int], object]) -> Pace:
    """Run epochs, from 1, each of so many images, that end when their last step has."""
    seconds = []
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        train(epoch)
        seconds.append(time.perf_counter() - started)
    return pace_of(seconds, images)


def pace_of(seconds: list[float], images: int) -> Pace:
    usual = median(seconds[1:])
    return Pace(images / usual, max(0.0, seconds[0] - usual))


def trainer(candidate: Candidate, data: PreparedData) -> Pace:
    """Build and fit as `run_trial` does, and do nothing between the epochs."""
    settings = candidate.training
    keras.utils.set_random_seed(0)
    batches = TrainingBatches(data, settings.batch_size, 0)
    model = build_model(candidate, data, BatchPlan(batches.batch_size, batches.steps))
    images = batches.steps * batches.batch_size
    return timed(settings.epochs, images, lambda epoch: fit_batches(model, batches, epoch - 1, (0, batches.steps)))


def whole_trial(candidate: Candidate, data: PreparedData) -> Pace:
    """Run a trial; its epochs end when they are evaluated and their checkpoint is written."""
    objective = Objective(metric="accuracy", direction="maximize")
    with tempfile.TemporaryDirectory() as folder:
        request = TrialRequest(candidate=candidate, seed=0, directory=Path(folder), objective=objective)
        result = run_trial(request, data)
    if result.state != "complete":
        raise SystemExit(f"the trial {result.state}: {result.reason}")
    size = candidate.training.batch_size
    return pace_of([point["seconds"] for point in result.curve], len(data.splits["train"]) // size * size)


def bare_loop(candidate: Candidate, data: PreparedData) -> Pace:
    """Train as a script in JAX would that knows nothing of automap but the network and its optimizer."""
    import jax

    size, epochs = candidate.training.batch_size, candidate.training.epochs
    keras.utils.set_random_seed(0)
    train = data.splits["train"]
    steps = len(train) // size
    step, state = _bare_step(candidate, data, steps)
    images, labels = jax.device_put((data.images(train), data.targets[train]))
    random = np.random.default_rng(0)

    def epoch(_: int) -> None:
        nonlocal state
        order = random.permutation(len(train))[: steps * size].astype(np.int32)
        for rows in order.reshape(steps, size):
            state, loss = step(state, images, labels, rows)
        if not np.isfinite(float(jax.block_until_ready((state, loss))[1])):
            raise SystemExit("the bare loop's loss is not finite")

    return timed(epochs, steps * size, epoch)


def _bare_step(candidate: Candidate, data: PreparedData, steps: int) -> tuple[Callable[..., Any], Any]:
    """Return a jitted step, from state and batch to state and loss, and the state to start from."""
    import jax

    network = build_network(candidate, data.info)
    fit_statistics(network, steps)
    optimizer = build_optimizer(candidate, candidate.training.epochs * steps)
    spare_from_decay(optimizer, network)
    optimizer.build(network.trainable_variables)
    loss, classes = candidate.loss.build(data.info), len(data.info.target.classes)

    def loss_of(trained: Any, others: Any, images: Any, labels: Any) -> tuple[Any, Any]:
        outputs, others = network.stateless_call(trained, others, images.astype("float32"), training=True)
        return loss(jax.nn.one_hot(labels, classes), outputs), others

    def step(state: Any, images: Any, labels: Any, rows: Any) -> tuple[Any, Any]:
        trained, others, slots = state
        gradient = jax.value_and_grad(loss_of, has_aux=True)
        (value, others), gradients = gradient(trained, others, images[rows], labels[rows])
        trained, slots = optimizer.stateless_apply(slots, gradients, trained)
        return (trained, others, slots), value

    variables = network.trainable_variables, network.non_trainable_variables, optimizer.variables
    state = tuple([variable.value for variable in kind] for kind in variables)
    return jax.jit(step, donate_argnums=0), state


def run_search(folder: Path, path: Path, workers: int, options: argparse.Namespace) -> Trials:
    """Search in a folder that is new, and return its pace."""
    folder.mkdir()
    spec = folder / "sharing.yaml"
    values = {"dataset": dataset_of(path), "epochs": options.epochs, "trials": options.trials, "folder": folder}
    spec.write_text(SPEC.format(precision=options.precision, **values))
    # Of its own: the second search must not find the steps that the first one compiled.
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled")}
    command = [str(Path(sys.executable).with_name("automap")), "search", str(spec), "--workers", str(workers)]
    started = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    seconds = time.perf_counter() - started
    if ended.returncode:
        raise SystemExit(f"automap search --workers {workers} ended with {ended.returncode}:\n{ended.stderr}")
    return trials_of(folder, workers, seconds)


def trials_of(folder: Path, workers: int, seconds: float) -> Trials:
    """Return the pace of a search that took so many seconds, from when its results were stored.

    What other workers have begun by then is counted, and that they have nothing to do at the end is too.
    """
    with open_database(f"sqlite:///{folder}/sharing.db").connect() as connection:
        rows = connection.execute(text("SELECT state, reason, finished_at FROM automap_results ORDER BY 3")).all()
    if wrong := [f"{state}: {reason}" for state, reason, _ in rows if state != "complete"]:
        raise SystemExit(f"{len(wrong)} of {len(rows)} trials with {workers} workers; the first {wrong[0]}")
    # A worker's first trial includes its compiling: the clock starts when as many are done as there are workers.
    times = [finished for *_, finished in rows]
    first, last = times[workers - 1], times[-1]
    return Trials(60 * (len(times) - workers) / (last - first), 60 * len(times) / seconds)


def add(table: Table, name: str, rate: str, compared: str, share: str = "", compiling: str = "") -> None:
    """Add a row, and show it at once: a run that is cut off has then told what it found."""
    cells = name, rate, compared, share, compiling
    print(" | ".join(cell.replace("\n", ", ") for cell in cells if cell), file=sys.stderr, flush=True)
    table.add_row(*cells)


def measure_sharing(table: Table, folder: Path, path: Path, options: argparse.Namespace) -> None:
    """Add the rows of searches with one worker and with several."""
    alone, together = (run_search(folder / str(count), path, count, options) for count in (1, options.workers))
    gain = together.steady / alone.steady, together.whole / alone.whole
    for workers, found in ((1, alone), (options.workers, together)):
        rate = f"{found.steady:,.1f} trials/min\n{found.whole:,.1f} with start"
        compared = f"{gain[0]:.2f} × 1 worker\n{gain[1]:.2f} with start" if workers > 1 else ""
        add(table, f"cnn, {workers} worker{'s' if workers > 1 else ''}", rate, compared)


def measure_training(table: Table, data: PreparedData, path: Path, options: argparse.Namespace) -> None:
    """Add the rows of the trainer, and of what it is compared with."""
    plain, augmented = (candidate_of(options, path, names) for names in ((), AUGMENTATION))
    flops = STEP_FLOPS * count_flops(build_network(plain, data.info))

    def row(name: str, pace: Pace, compared: str = "") -> None:
        peak = peak_of(options)
        share = "" if peak is None else f"{flops * pace.images / (1e12 * peak):.1%}"
        add(table, name, f"{pace.images:,.0f} images/s", compared, share, f"{pace.compiling:.1f} s")
        memory.release()

    row("trainer", fitted := trainer(plain, data))
    if keras.backend.backend() == "jax":
        bare = bare_loop(plain, data)
        row("bare jitted loop", bare, f"trainer: {fitted.images / bare.images:.3f}")
    else:
        add(table, "bare jitted loop", "skipped", "on JAX only")
    mixed = trainer(augmented, data)
    row("augmented", mixed, f"{mixed.images / fitted.images:.3f} × trainer")
    whole = whole_trial(plain, data)
    row("run_trial", whole, f"{whole.images / fitted.images:.3f} × trainer")


def peak_of(options: argparse.Namespace) -> float | None:
    """Return the device's TFLOP/s as given or known; None if neither, or if it is known for another precision."""
    if options.peak is not None or options.precision == "float32":
        return options.peak
    name = backend.gpu_name() or ""
    return next((peak for part, peak in PEAKS.items() if part in name), None)


def heading(data: PreparedData, options: argparse.Namespace) -> str:
    """Say on what, and with what, it was measured."""
    name = keras.backend.backend()
    device = backend.gpu_name() or f"no GPU, processors: {len(usable_processors())}"
    peak = peak_of(options)
    of_peak = f"peak {peak:g} TFLOP/s" if peak else f"peak in {options.precision} not known: give --peak"
    versions = f"Python {platform.python_version()}, Keras {keras.version()}, {name} {sys.modules[name].__version__}"
    count = f"{len(data.splits['train']):,} images of {SIDE}×{SIDE}×3 in batches of {options.batch}"
    network = f"ResNet of {options.blocks} × {options.width}, {options.precision}, {options.epochs} epochs"
    return f"{device}; {of_peak}\n{versions}\n{network}\n{count}"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50_000, help="a tenth of them validates")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=3, help="of each training, two at least")
    parser.add_argument("--width", type=int, default=64, help="filters of the ResNet's first stage")
    parser.add_argument("--blocks", type=int, default=2, help="of each of its stages")
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="mixed_bfloat16")
    parser.add_argument("--peak", type=float, metavar="TFLOP/s", help="of the device; left out, as its name says")
    parser.add_argument("--trials", type=int, default=24, help="of each search")
    parser.add_argument("--workers", type=int, default=4, help="that share the GPU")
    parser.add_argument("--parts", nargs="+", choices=("training", "sharing"), default=("training", "sharing"))
    parser.add_argument("--tiny", action="store_true", help="smaller defaults, for a CPU")
    if parser.parse_args().tiny:
        parser.set_defaults(**TINY)
    options = parser.parse_args()
    if options.epochs < 2 or options.trials <= options.workers or options.workers < 2:
        parser.error("it takes two epochs, two workers, and more trials than workers at least")
    return options


def main() -> None:
    """Measure and print."""
    options, console = parsed(), Console()
    table = Table("", "rate", "compared", "of peak", "compiling", title_justify="left")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["AUTOMAP_CACHE"] = str(folder / "cache")
        write_images(path := folder / "images.npz", options.images)
        data = prepare(candidate_of(options, path).dataset)
        # First: what this process computes takes memory of the GPU, which JAX never gives back.
        if "sharing" in options.parts:
            measure_sharing(table, folder, path, options)
        if "training" in options.parts:
            measure_training(table, data, path, options)
        table.title = heading(data, options)
    console.print(table)


if __name__ == "__main__":
    main()
