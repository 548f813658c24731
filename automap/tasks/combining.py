"""Combining the raw outputs of several networks; the same functions work on arrays and inside a Keras network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def mixed_logits(outputs: Sequence[Any], weights: Sequence[float], temperature: float) -> Any:
    """Return logits of the weighted mean of several softmax distributions over the last axis.

    Args:
        outputs: logits ``(…, classes)`` of each network.
        weights: of each network; they sum to 1.
        temperature: divides the logits of the mean.
    """
    log_softmax = _log_softmax if _are_arrays(outputs) else _keras().log_softmax
    return _log_sum([log_softmax(each) + log for each, log in _with_logs(outputs, weights)]) / temperature


def mixed_binary_logits(outputs: Sequence[Any], weights: Sequence[float], temperature: float) -> Any:
    """Return logits of the weighted mean of several independent probabilities; see `mixed_logits`."""
    log_sigmoid = _log_sigmoid if _are_arrays(outputs) else _keras().log_sigmoid
    yes = _log_sum([log_sigmoid(each) + log for each, log in _with_logs(outputs, weights)])
    no = _log_sum([log_sigmoid(-each) + log for each, log in _with_logs(outputs, weights)])
    return (yes - no) / temperature


def mean_values(outputs: Sequence[Any], weights: Sequence[float]) -> Any:
    """Return the weighted mean of outputs of one shape."""
    mean = outputs[0] * weights[0]
    for values, weight in zip(outputs[1:], weights[1:], strict=True):
        mean = mean + values * weight
    return mean


def joined_embeddings(outputs: Sequence[Any], weights: Sequence[float]) -> Any:
    """Concatenate embeddings of length 1 so that similarities are weighted means of those of the networks."""
    return concatenated([each * weight**0.5 for each, weight in zip(outputs, weights, strict=True)], axis=-1)


def concatenated(outputs: Sequence[Any], axis: int) -> Any:
    """Concatenate arrays or tensors."""
    return np.concatenate(outputs, axis) if _are_arrays(outputs) else _keras().concatenate(outputs, axis)


def _are_arrays(outputs: Sequence[Any]) -> bool:
    # Exported models run without Keras; their outputs are combined without it.
    return all(isinstance(each, np.ndarray) for each in outputs)


def _keras() -> Any:
    from keras import ops

    return ops


def _with_logs(outputs: Sequence[Any], weights: Sequence[float]) -> list[tuple[Any, float]]:
    return [(each, float(np.log(weight))) for each, weight in zip(outputs, weights, strict=True)]


def _log_softmax(logits: Any) -> Any:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _log_sigmoid(logits: Any) -> Any:
    return -np.logaddexp(0, -logits)


def _log_sum(parts: Sequence[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    if _are_arrays(parts):
        return np.logaddexp.reduce(parts, axis=0)
    return _keras().logsumexp(_keras().stack(parts, axis=0), axis=0)
