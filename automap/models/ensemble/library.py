"""The models that an ensemble is chosen from, with their stored validation outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.models.ensemble.select import Weights
from automap.training.validation_outputs import load_validation_outputs

PIXELS = 2_000_000
"""Values of outputs that temperatures are fitted on."""


class Member(BaseModel):
    """A run whose model may become a member."""

    model_config = ConfigDict(frozen=True)

    trial: int
    seed: int
    kind: str
    folder: str
    """Of the run, absolute."""
    latency_ms: float


class Library(NamedTuple):
    """Models with their outputs on the same validation images."""

    members: tuple[Member, ...]
    outputs: tuple[Array, ...]
    """Of each member, ``(images, …)``, float16 or float32."""
    records: Array
    """The images' indices in the data set."""

    def chosen(self, weights: Weights, rows: Array) -> tuple[list[Array], list[float]]:
        """Return outputs of some images, float32, and the weights of an ensemble's members."""
        return [self.outputs[place][rows].astype(np.float32) for place in weights], list(weights.values())


def read_library(members: Sequence[Member]) -> Library:
    """Read the validation outputs of some runs; runs without any, or on other images, are left out.

    Raises:
        UserError: if fewer than two runs have outputs on the same images.
    """
    found: list[tuple[Member, Array]] = []
    records: Array | None = None
    for member in members:
        try:
            stored = load_validation_outputs(Path(member.folder))
        except (OSError, ValueError, KeyError):
            continue
        if records is None:
            records = stored.records
        if np.array_equal(stored.records, records):
            found.append((member, stored.outputs))
    if records is None or len(found) < 2:
        raise UserError("an ensemble needs the stored validation outputs of two models or more")
    return Library(tuple(member for member, _ in found), tuple(outputs for _, outputs in found), records)


def negative_log_likelihood(logits: Array, targets: Array, kind: str) -> float:
    """Return the mean negative log-likelihood of targets.

    Args:
        logits: ``(images, …, classes)``.
        targets: as they are stored.
        kind: of target: ``label``, ``labels`` or ``mask``.
    """
    values = logits.astype(np.float64)
    if kind == "labels":
        signed = np.where(targets > 0, values, -values)
        return float(np.logaddexp(0, -signed).mean())
    flat, classes = values.reshape(-1, values.shape[-1]), np.asarray(targets).reshape(-1)
    known = classes < values.shape[-1]
    flat, classes = flat[known], classes[known].astype(int)
    largest = flat.max(axis=1)
    log_sums = largest + np.log(np.exp(flat - largest[:, None]).sum(axis=1))
    return float((log_sums - flat[np.arange(len(flat)), classes]).mean())


def fit_temperature(logits: Array, targets: Array, kind: str) -> float:
    """Return the temperature that minimizes the negative log-likelihood (Guo et al., 2017, arXiv:1706.04599)."""
    from scipy.optimize import minimize_scalar

    step = max(1, logits.size // PIXELS)
    logits, targets = logits[::step], targets[::step]
    found: Any = minimize_scalar(
        lambda log: negative_log_likelihood(logits / np.exp(log), targets, kind),
        bounds=(np.log(0.1), np.log(10.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


def described(members: Sequence[Member], weights: Weights) -> list[Mapping[str, Any]]:
    """Return trial, seed and weight of each member as plain data."""
    return [
        {"trial": members[place].trial, "seed": members[place].seed, "weight": round(weight, 6)}
        for place, weight in weights.items()
    ]
