"""Preflight: build the boundary candidates of a search space before the first trial, without data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import keras

from automap.interfaces.architecture import Architecture
from automap.interfaces.data_info import DataInfo
from automap.spec.candidate import Candidate
from automap.training import backend
from automap.training.build import Trunk, build_trunk, network_on
from automap.training.heads.views import unfitted_head


@dataclass(frozen=True)
class Preflight:
    """The outcome of building the boundary candidates of a search space."""

    problems: tuple[str, ...]
    """What could not be built, with the candidate and the error."""
    largest: int
    """Number of parameters of the largest network."""


def preflight(boundary_candidates: Iterable[tuple[str, Candidate]], info: DataInfo) -> Preflight:
    """Build each distinct network, optimizer, loss and augmentation of the candidates once.

    Args:
        boundary_candidates: candidates, each with a description such as ``width at its upper end``.
        info: describes the data that they are built for.
    """
    problems, largest = [], 0
    seen: set[object] = set()
    architecture: Architecture | None = None
    trunk: Trunk | None = None
    for description, candidate in boundary_candidates:
        try:
            network = (candidate.task, candidate.architecture, candidate.fusion, *candidate.encoders.values())
            if network not in seen:
                seen.add(network)
                if trunk is None or candidate.architecture != architecture:
                    # Candidates that differ in their heads follow each other: a large backbone is built once for them.
                    architecture, trunk = candidate.architecture, build_trunk(candidate, info)
                largest = max(largest, network_on(trunk, candidate, info).count_params())
            _build_parts(candidate, info, seen)
            if (fault := unfitted_head(candidate)) is not None:
                problems.append(f"{description}: {fault}")
        except Exception as error:  # Plugins may raise anything.
            problems.append(f"{description}: {type(error).__name__}: {error}")
    keras.utils.clear_session()
    return Preflight(tuple(problems), largest)


def _build_parts(candidate: Candidate, info: DataInfo, seen: set[object]) -> None:
    settings = candidate.training
    with backend.on_devices(settings.devices, settings.batch_size):
        pass
    for augmentation in candidate.augmentation:
        if augmentation not in seen:
            seen.add(augmentation)
            augmentation.build()
    if candidate.loss not in seen:
        seen.add(candidate.loss)
        candidate.loss.build(info)
    if candidate.optimizer not in seen:
        seen.add(candidate.optimizer)
        candidate.optimizer.build(candidate.optimizer.learning_rate)
