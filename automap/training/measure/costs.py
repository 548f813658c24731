"""Costs of a network: parameters, floating-point operations, latency."""

from __future__ import annotations

import time

import keras
import numpy as np

from automap.training.measure.flops import count_flops

WARM_UP_RUNS = 5
LATENCY_RUNS = 50
LATENCY_SECONDS = 1.0
"""A measurement ends after this many runs or seconds, whichever comes first."""


def static_costs(network: keras.Model) -> dict[str, float]:
    """Return the costs that are known without running the network: ``parameters`` and ``flops`` for one image."""
    return {"parameters": float(network.count_params()), "flops": float(count_flops(network))}


def latency_costs(network: keras.Model) -> dict[str, float]:
    """Return ``latency_ms`` and ``latency_p95_ms``: median and 95th percentile for a batch of one image.

    A run takes a NumPy image and returns a NumPy output, as in a server. Latency depends on the machine and its load
    but not on the weights, so it can be measured before training.
    """
    random = np.random.default_rng(0)
    # Indices of categories and words are 0: others might be beyond the embeddings.
    inputs = {
        each.name: random.integers(0, 256, (1, *each.shape[1:]), np.uint8)
        if each.dtype == "float32"
        else np.zeros((1, *each.shape[1:]), each.dtype)
        for each in network.inputs
    }
    for _ in range(WARM_UP_RUNS):
        network.predict_on_batch(inputs)
    times: list[float] = []
    while len(times) < LATENCY_RUNS and sum(times) < LATENCY_SECONDS:
        started = time.perf_counter()
        network.predict_on_batch(inputs)
        times.append(time.perf_counter() - started)
    median, p95 = 1000 * np.percentile(times, [50, 95])
    return {"latency_ms": float(median), "latency_p95_ms": float(p95)}
