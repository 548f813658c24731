"""A loaded model: a runtime with what is needed to use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automap.exceptions import UserError
from automap.interfaces.answer import Answer
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo
from automap.interfaces.task import Task
from automap.models.runtime import Runtime
from automap.training.model_card import ModelCard


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to predict."""

    runtime: Runtime
    """From images in pixel values to raw outputs."""
    task: Task
    card: ModelCard

    @property
    def info(self) -> DataInfo:
        """Describes the data that it was trained on."""
        return self.card.info

    @property
    def metrics(self) -> dict[str, float]:
        """Metrics on the validation split."""
        return self.card.metrics

    def predict(self, images: Sequence[str | Path | bytes | Array]) -> list[Answer]:
        """Return an answer for each image.

        Args:
            images: paths, encoded images, or pixels ``(height, width[, channels])``.

        Raises:
            UserError: if an image cannot be read.
        """
        from automap.models.predict import predict

        if isinstance(images, str | bytes | Path):
            raise UserError("predict takes a list of images; received a single one: write predict([image])")
        answers = []
        sources = [Path(image) if isinstance(image, str) else image for image in images]
        for number, prediction in enumerate(predict(self, sources)):
            if prediction.answer is None:
                raise UserError(f"cannot read image {number} ({prediction.name}): {prediction.reason}")
            answers.append(prediction.answer)
        return answers
