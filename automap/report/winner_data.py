"""What the winner says about the validation images that stay with it. Reading this needs no Keras."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from automap.exceptions import AutomapError
from automap.interfaces.answer import Answer
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, LabelInfo
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.report.study_data import StudyData
from automap.spec.candidate import load_component
from automap.store.files import CARD_FILE, SAMPLES_FILE, VALIDATION_FILE
from automap.store.remote import child, is_remote, pull_file
from automap.tasks.classification.metrics import log_softmax
from automap.training.model_card import read_card
from automap.training.samples import Samples, load_samples
from automap.training.validation_outputs import load_validation_outputs


@dataclass(frozen=True)
class WinnerData:
    """The first row's model on validation images: at most 256, a random sample of a larger split."""

    trial: int
    task: Task
    info: DataInfo
    metrics: dict[str, float]
    samples: Samples
    outputs: Array
    """Raw outputs, one for each sample."""
    importance: dict[str, float] = field(default_factory=dict)
    """Of several inputs: what the first objective loses if one is permuted."""

    @property
    def images(self) -> Array:
        """The pixels ``(count, height, width, channels)``."""
        return self.samples.inputs[IMAGE]

    @cached_property
    def probabilities(self) -> Array | None:
        """Probabilities of the classes ``(count, classes)``; None if the answer is not a class."""
        target = self.info.target
        if not isinstance(target, LabelInfo) or self.outputs.shape[1:] != (len(target.classes),):
            return None
        return np.asarray(np.exp(log_softmax(self.outputs)))

    def answers(self) -> Sequence[Answer]:
        """Return what the model says about each sample."""
        return self.task.decode(self.outputs, self.info)


def read_winner(data: StudyData) -> tuple[WinnerData | None, str]:
    """Read the winner's card, samples and validation outputs from its run folder.

    Returns:
        The data, or None with the reason why there is none.
    """
    row = next((row for row in data.board.rows if row.rank is not None and row.artifacts), None)
    if row is None or row.artifacts is None:
        return None, "No trial has completed yet."
    with tempfile.TemporaryDirectory() as temporary:
        try:
            return _read(row.trial, _local_folder(row.artifacts, Path(temporary))), ""
        except FileNotFoundError as error:
            missing = Path(str(error.filename)).name
            return None, f"The files of the best trial do not hold {missing}: {row.artifacts}"
        except (OSError, ValueError, KeyError, AutomapError) as error:
            return None, f"The files of the best trial cannot be read: {error}"


def _local_folder(place: str, temporary: Path) -> Path:
    if not is_remote(place):
        return Path(place)
    for name in (CARD_FILE, SAMPLES_FILE, VALIDATION_FILE):
        pull_file(child(place, name), temporary / name)
    return temporary


def _read(trial: int, folder: Path) -> WinnerData:
    card = read_card((folder / CARD_FILE).read_text(encoding="utf-8"))
    samples, kept = load_samples(folder / SAMPLES_FILE), load_validation_outputs(folder)
    # Both are samples of the validation split: only images that are in both can be shown.
    common, first, second = np.intersect1d(samples.records, kept.records, return_indices=True)
    chosen = samples._replace(
        inputs={name: values[first] for name, values in samples.inputs.items()},
        targets=samples.targets[first],
        records=common,
    )
    task: Task = load_component(Task, card.candidate["task"])  # type: ignore[type-abstract]
    outputs = kept.outputs[second].astype(np.float32)
    return WinnerData(trial, task, card.info, card.metrics, chosen, outputs, card.importance)
