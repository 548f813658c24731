"""What compiling costs a search, and how much of it is saved: within a worker, and from one process to the next.

    python benchmarks/compiling.py [--trials 50]
    KERAS_BACKEND=jax python benchmarks/compiling.py [--trials 50]

The trials of one random search over learning rate, weight decay, dropout, translation and MixUp, with two networks,
two epochs each, are run twice in one process: each with a model of its own, and on the models of earlier trials, as a
worker does. What an epoch costs that compiles, beyond one that does not, is what compiling takes. On JAX a fresh
process is then started twice on one cache of compiled steps, as workers are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import optuna
from rich.console import Console
from rich.table import Table

from automap import Candidate
from automap.data.prepare import prepare
from automap.spec.draw import draw
from automap.spec.objectives import Objective
from automap.spec.spec import Spec
from automap.training.request import TrialRequest
from automap.training.run_trial import run_trial
from automap.training.step_reuse.compiled_cache import CompiledModels
from automap.workers.local import COMPILE_CACHE

SPEC = Spec.model_validate(
    {
        "name": "compiling",
        "dataset": {"type": "sklearn", "name": "digits"},
        "architecture": {
            "choices": [
                {"type": "cnn", "filters": [32, 64], "dropout": {"low": 0.1, "high": 0.5}},
                {
                    "type": "resnet",
                    "blocks": 1,
                    "width": 16,
                    "activation": "relu",
                    "drop_path": {"low": 0.05, "high": 0.2},
                },
            ]
        },
        "augmentation": [
            {"type": "random_translation", "height": {"low": 0.05, "high": 0.2}, "width": {"low": 0.05, "high": 0.2}},
            {"type": "mix_up", "alpha": {"low": 0.1, "high": 1.0}},
        ],
        "optimizer": {
            "type": "adamw",
            "learning_rate": {"low": 1e-3, "high": 1e-2, "log": True},
            "weight_decay": {"low": 1e-3, "high": 1e-1, "log": True},
        },
        "training": {"epochs": 2, "batch_size": 64},
    }
)
ACCURACY = Objective(metric="accuracy", direction="maximize")


def candidates(count: int) -> list[Candidate]:
    """Return the trials of a random search."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [draw(SPEC, study.ask()) for _ in range(count)]


def searched(chosen: list[Candidate], compiled: CompiledModels | None) -> tuple[float, float]:
    """Train candidates one after another; return all seconds, and those of first epochs beyond the second ones."""
    data, started, first = prepare(SPEC.dataset), time.perf_counter(), 0.0
    for number, candidate in enumerate(chosen):
        with tempfile.TemporaryDirectory() as folder:
            request = TrialRequest(candidate=candidate, seed=number, directory=Path(folder), objective=ACCURACY)
            result = run_trial(request, data, compiled=compiled)
        assert result.state == "complete", result.reason
        first += result.curve[0]["seconds"] - result.curve[1]["seconds"]
    return time.perf_counter() - started, first


def restarted() -> tuple[float, float]:
    """Train one trial in a fresh process, twice, on one cache; return what compiling took each time."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, COMPILE_CACHE: folder}
        command = [sys.executable, __file__, "--one"]
        found = [
            float(json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout))
            for _ in range(2)
        ]
    return found[0], found[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(searched(candidates(1), None)[1]))
        return
    chosen = candidates(asked.trials)
    searched(chosen[:1], None)
    compiled = CompiledModels()
    shared, alone = searched(chosen, compiled), searched(chosen, None)
    table = Table("trials", "seconds", "of them compiling", title=f"{asked.trials} trials, {keras.backend.backend()}")
    table.add_row("each on a model of its own", f"{alone[0]:.1f}", f"{alone[1]:.1f}")
    table.add_row(f"on earlier models ({compiled.reused} times)", f"{shared[0]:.1f}", f"{shared[1]:.1f}")
    table.add_row("saved", f"{alone[0] - shared[0]:.1f}", f"{alone[1] - shared[1]:.1f}")
    if keras.backend.backend() == "jax":
        cold, warm = restarted()
        table.add_row("a process, and its successor on one cache", "", f"{cold:.2f}, then {warm:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
