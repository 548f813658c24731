"""Verifying an exported model in its own runtime against Keras."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from automap.exceptions import RunError
from automap.interfaces.array import Array
from automap.interfaces.metric import sign_of
from automap.models.runtime import Runtime
from automap.training.samples import Samples

if TYPE_CHECKING:
    from automap.models.model import LoadedModel

TOLERANCE = 0.001
"""Largest difference of a metric of a float32 export; relative for metrics above 1."""
BATCH = 64
RUNS, WARM_UP = 60, 10
"""Timed runs of one image, and runs before that."""


class Latency(NamedTuple):
    """Milliseconds for a batch of one image."""

    median: float
    p95: float


class Verification(NamedTuple):
    """How an exported model compares with Keras."""

    images: int
    """Validation images that were compared."""
    total: int
    """Images of the validation split."""
    largest_difference: float
    """Of raw outputs."""
    metrics: dict[str, tuple[float, float]]
    """Of Keras and of the exported model, on these images."""
    keras: Latency
    exported: Latency


def verify(model: LoadedModel, exported: Runtime, samples: Samples, max_loss: float | None = None) -> Verification:
    """Compare an exported model with Keras on real validation images.

    Args:
        model: the Keras model.
        exported: the exported file in its own runtime.
        samples: validation images with their targets.
        max_loss: how much a metric may get worse (int8); None for `TOLERANCE` in either direction (float32).

    Raises:
        RunError: if a metric differs by more, from that of Keras or, where the images are the whole validation split,
            from the one that the leaderboard shows; or outputs are not finite.
    """
    ours, theirs = (_outputs(runtime, samples.inputs) for runtime in (model.runtime, exported))
    if ours.shape != theirs.shape:
        raise RunError(f"the exported model gives outputs of shape {theirs.shape}, the model {ours.shape}")
    if not np.isfinite(theirs).all():
        raise RunError("the exported model gives outputs that are not finite")
    before, after = (_metrics(model, outputs, samples) for outputs in (ours, theirs))
    shared = {name: (before[name], after[name]) for name in before if name in after}
    _check(model, shared, max_loss)
    if max_loss is None and _are_comparable(model, samples):
        _check(model, {name: (model.metrics[name], shared[name][1]) for name in shared if name in model.metrics})
    one = {name: values[:1] for name, values in samples.inputs.items()}
    keras, latency = _latencies(model.runtime, exported, one)
    return Verification(len(samples.targets), samples.total, float(np.abs(ours - theirs).max()), shared, keras, latency)


def _are_comparable(model: LoadedModel, samples: Samples) -> bool:
    """Return whether the leaderboard's numbers are those of the samples: of the whole split, with all pairs of it."""
    candidate = model.card.candidate
    pairs = candidate["dataset"].get("splits", {}).get("pairs")
    # An ensemble's numbers are cross-fitted.
    return len(samples.targets) == samples.total and pairs is None and "ensemble" not in candidate


def _outputs(runtime: Runtime, inputs: Mapping[str, Array]) -> Array:
    count = len(next(iter(inputs.values())))
    batches = (
        {name: values[start : start + BATCH] for name, values in inputs.items()} for start in range(0, count, BATCH)
    )
    return np.concatenate([runtime.run(batch) for batch in batches])


def _metrics(model: LoadedModel, outputs: Array, samples: Samples) -> dict[str, float]:
    evaluator = model.task.evaluator(model.info)
    evaluator.update(samples.targets, outputs, samples.inputs)
    return evaluator.compute()


def _check(model: LoadedModel, metrics: Mapping[str, tuple[float, float]], max_loss: float | None = None) -> None:
    for name, metric in model.task.metrics.items():
        if name not in metrics or name == "threshold":
            continue
        before, after = metrics[name]
        worse = sign_of(metric.direction) * (after - before)
        changed = abs(worse) if max_loss is None else worse
        limit = (TOLERANCE if max_loss is None else max_loss) * max(1.0, abs(before))
        # Only the objective of quantized models is bounded: others, such as log loss, have no such scale.
        if changed > limit and (max_loss is None or name == model.task.default_objective):
            raise RunError(
                f"the exported model's {name} is {after:.5g}, that of the model {before:.5g}; "
                f"the largest accepted difference is {limit:.3g}: nothing was written"
            )


def _latencies(keras: Runtime, exported: Runtime, one: Mapping[str, Array]) -> tuple[Latency, Latency]:
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP + RUNS):
        # In turns, so that both see the same load of the machine.
        for runtime, times in zip((keras, exported), found, strict=True):
            started = time.perf_counter()
            runtime.run(one)
            if number >= WARM_UP:
                times.append(1e3 * (time.perf_counter() - started))
    first, second = (Latency(float(np.median(times)), float(np.percentile(times, 95))) for times in found)
    return first, second
