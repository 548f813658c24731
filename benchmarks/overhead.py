"""What a trial costs beyond its training: against a bare ``model.fit``, and in memory from trial to trial.

    python benchmarks/overhead.py [--seconds 30] [--pairs 3] [--trials 50]

Side by side in one process, in turns: `run_trial`, and ``model.fit`` of the same network with the same optimizer
and schedule, on the same images in memory, with ``validation_data``. A trial does more than that: the metrics
of each epoch, a checkpoint after it, the latency, the saved model. The ratio of both should stay below 1.05.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from automap import Candidate
from automap.data.prepare import PreparedData, prepare
from automap.spec.objectives import Objective
from automap.training.build import build_network, build_optimizer, fit_statistics
from automap.training.measure import memory
from automap.training.request import TrialRequest
from automap.training.run_trial import run_trial

ACCURACY = Objective(metric="accuracy", direction="maximize")


class Time(NamedTuple):
    """Seconds on the clock, and of all cores together: the former depend on what else runs."""

    wall: float
    cpu: float


def candidate_of(epochs: int, architecture: dict[str, Any]) -> Candidate:
    """Return a candidate for scikit-learn's digits: small images, so that overhead shows."""
    return Candidate.model_validate(
        {
            "task": "classification",
            "dataset": {"type": "sklearn", "name": "digits"},
            "architecture": architecture,
            "optimizer": {"type": "adamw", "learning_rate": 0.002},
            "loss": "cross_entropy",
            "training": {"epochs": epochs, "batch_size": 64},
        }
    )


def timed(work: Callable[[], object]) -> Time:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def fit_bare(candidate: Candidate, data: PreparedData) -> None:
    """Train as a script would that knows nothing of automap but the network."""
    keras.utils.set_random_seed(0)
    size, epochs = candidate.training.batch_size, candidate.training.epochs
    # Full batches only, as many as a trial takes: with a last small one, fit would do more and compile twice.
    train, validation = data.splits["train"], data.splits["validation"]
    train = train[: len(train) // size * size]
    network = build_network(candidate, data.info)
    fit_statistics(network, len(train) // size)
    network.compile(
        build_optimizer(candidate, epochs * (len(train) // size)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    network.fit(
        data.inputs(train),
        data.targets[train],
        batch_size=size,
        epochs=epochs,
        validation_data=(data.inputs(validation), data.targets[validation]),
        verbose=0,
    )


def run_in_folder(candidate: Candidate, data: PreparedData) -> None:
    with tempfile.TemporaryDirectory() as folder:
        request = TrialRequest(candidate=candidate, seed=0, directory=Path(folder), objective=ACCURACY)
        result = run_trial(request, data)
        if result.state != "complete":
            raise SystemExit(f"the trial {result.state}: {result.reason}")


def compare(data: PreparedData, seconds: float, pairs: int) -> None:
    architecture = {"type": "resnet", "blocks": 1, "width": 16}
    epochs = epochs_for(data, seconds, architecture)
    candidate = candidate_of(epochs, architecture)
    print(f"one trial of {epochs} epochs against model.fit, {len(data.splits['train'])} images of 8×8, resnet")
    print(f"{'':>6} {'fit wall':>9} {'trial wall':>11} {'ratio':>6} {'fit cpu':>9} {'trial cpu':>10} {'ratio':>6}")
    rows = []
    for pair in range(pairs):
        order = (fit_bare, run_in_folder) if pair % 2 == 0 else (run_in_folder, fit_bare)
        found = {}
        for work in order:
            found[work] = timed(lambda work=work: work(candidate, data))  # type: ignore[misc]
            memory.release()
        rows.append((found[fit_bare], found[run_in_folder]))
        show(str(pair + 1), *rows[-1])
    fits, trials = zip(*rows, strict=True)
    show("median", Time(*map(median, zip(*fits, strict=True))), Time(*map(median, zip(*trials, strict=True))))


def epochs_for(data: PreparedData, seconds: float, architecture: dict[str, Any]) -> int:
    fit_bare(candidate_of(1, architecture), data)
    first, more = (timed(lambda n=n: fit_bare(candidate_of(n, architecture), data)).wall for n in (1, 6))  # type: ignore[misc]
    memory.release()
    return max(2, round((seconds - first) / max(1e-3, (more - first) / 5)))


def show(name: str, fit: Time, trial: Time) -> None:
    print(
        f"{name:>6} {fit.wall:>8.2f}s {trial.wall:>10.2f}s {trial.wall / fit.wall:>6.3f}"
        f" {fit.cpu:>8.2f}s {trial.cpu:>9.2f}s {trial.cpu / fit.cpu:>6.3f}",
        flush=True,
    )


def grow(data: PreparedData, trials: int) -> None:
    print(f"\nresident size over {trials} trials of one epoch, three architectures in turn")
    sizes = []
    for number in range(trials):
        name = ("cnn", "resnet", "mobilenet")[number % 3]
        run_in_folder(candidate_of(1, {"type": name}), data)
        sizes.append((memory.resident_bytes() or 0) / 2**20)
        if number + 1 in (1, 10, 20, 30, 40, 50, trials):
            print(f"  after {number + 1:>3}: {sizes[-1]:7.1f} MiB", flush=True)
    if trials > 10:
        print(f"  growth after the first ten: {(sizes[-1] - sizes[9]) / (trials - 10):.2f} MiB a trial")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="length of the trial")
    parser.add_argument("--pairs", type=int, default=3, help="repetitions of the comparison")
    parser.add_argument("--trials", type=int, default=50, help="trials of the memory measurement")
    options = parser.parse_args()
    data = prepare(candidate_of(1, {"type": "cnn"}).dataset)
    versions = f"Python {platform.python_version()}, Keras {keras.version()}, {keras.backend.backend()}"
    print(f"{versions}, {os.cpu_count()} cores")
    if options.pairs:
        compare(data, options.seconds, options.pairs)
    if options.trials:
        grow(data, options.trials)


if __name__ == "__main__":
    main()
