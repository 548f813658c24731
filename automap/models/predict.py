"""Answers for image files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automap.data.datasets.files import IMAGE_SUFFIXES, walk_files
from automap.data.decode import BadImage, decode
from automap.exceptions import UserError
from automap.models.load import FinishedModel

BATCH = 64


@dataclass(frozen=True)
class Prediction:
    """The answer for one file, or the reason why there is none."""

    path: Path
    answer: dict[str, Any] | None
    reason: str | None = None


def image_files(paths: Sequence[Path]) -> list[Path]:
    """Return the image files that are named, and those below the folders that are named.

    Raises:
        UserError: if a path does not exist, or a folder has no images.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"there is no file {path}")
        found = _images_below(path) if path.is_dir() else [path]
        if not found:
            raise UserError(f"the folder {path} has no images")
        files += found
    return files


def _images_below(folder: Path) -> list[Path]:
    return [file for file in walk_files(folder) if file.suffix.lower() in IMAGE_SUFFIXES]


def predict(model: FinishedModel, files: Sequence[Path]) -> Iterator[Prediction]:
    """Yield an answer for each file, in order; files that are no images get their reason.

    Args:
        model: the model.
        files: image files; they are decoded as the training data was.
    """
    for start in range(0, len(files), BATCH):
        decoded = [_decode(file, model) for file in files[start : start + BATCH]]
        images = [image for _, image in decoded if isinstance(image, np.ndarray)]
        answers = iter(_answers(model, np.stack(images)) if images else [])
        for file, image in decoded:
            if isinstance(image, str):
                yield Prediction(file, None, image)
            else:
                yield Prediction(file, next(answers))


def _decode(file: Path, model: FinishedModel) -> tuple[Path, np.ndarray[Any, Any] | str]:
    try:
        return file, decode(file, model.info.image_shape, model.info.resize)
    except BadImage as error:
        return file, str(error)


def _answers(model: FinishedModel, images: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    return model.task.decode(model.network.predict(images, batch_size=BATCH, verbose=0), model.info)
