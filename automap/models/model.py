"""A loaded model: a runtime with what is needed to use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automap.exceptions import UserError
from automap.interfaces.answer import Answer
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo
from automap.interfaces.task import Task
from automap.models.runtime import Runtime
from automap.spec.display import html_of, safe_text, text_of
from automap.store.files import SAMPLES_FILE
from automap.training.model_card import ModelCard
from automap.training.samples import Samples, load_samples

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from automap.models.explain.explain import Explanation


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to predict."""

    runtime: Runtime
    """From images in pixel values to raw outputs."""
    task: Task
    card: ModelCard
    samples_file: Path | bytes | None = None
    """Validation and training images that stay with the model; see `samples`."""

    @property
    def info(self) -> DataInfo:
        """Describes the data that it was trained on."""
        return self.card.info

    @property
    def metrics(self) -> dict[str, float]:
        """Metrics on the validation split."""
        return self.card.metrics

    def samples(self) -> Samples | None:
        """Return the images that stay with the model to verify exports; None if it has none.

        Raises:
            UserError: if their file is damaged.
        """
        if self.samples_file is None:
            return None
        try:
            return load_samples(
                BytesIO(self.samples_file) if isinstance(self.samples_file, bytes) else self.samples_file
            )
        except Exception as error:
            # NumPy raises whatever zipfile and zlib do.
            raise UserError(f"the model's {SAMPLES_FILE} is damaged: {type(error).__name__}: {error}") from error

    def export(self, format_: str, directory: str | Path, *, int8: bool = False) -> Path:
        """Write the model in another format, verified in its own runtime, and return the artifact.

        Args:
            format_: ``keras``, ``saved_model``, ``onnx``, ``litert``, ``openvino``, or that of a plugin.
            directory: folder for the artifact and its model card.
            int8: whether to quantize to int8.

        Raises:
            UserError: if a package is missing, or the model cannot be exported.
            RunError: if the file does not give the model's results.
        """
        from automap.models.export.export import export_model

        return export_model(self, format_, Path(directory), int8=int8).path

    def explain(
        self, images: Sequence[str | Path | bytes | Array], *, method: str = "auto", label: str | None = None
    ) -> list[Explanation]:
        """Return a heat map for each image: which parts raise the score of the answer.

        Args:
            images: paths, encoded images, or pixels ``(height, width[, channels])``.
            method: ``grad_cam``, ``grad_cam_pp``, ``layer_cam``, ``integrated_gradients``, ``occlusion``, a plugin's,
                or ``auto``: the one whose maps are the most faithful on validation images.
            label: the class, or the name of the number, to explain; None for the model's answer.

        Raises:
            UserError: if an image cannot be read, or the model's answers cannot be explained.
        """
        from automap.data.decode.errors import BadImage
        from automap.models.explain.explain import explain

        sources = [Path(image) if isinstance(image, str) else image for image in images]
        try:
            return list(explain(self, sources, method, label))
        except BadImage as error:
            raise UserError(f"cannot read an image: {error}") from error

    def predict(self, images: Sequence[str | Path | bytes | Array | Mapping[str, Any]]) -> list[Answer]:
        """Return an answer for each image.

        Args:
            images: paths, encoded images, or pixels ``(height, width[, channels])``; for a model of several inputs,
                mappings such as ``{"image": "a.png", "age": 40}``. Inputs that are left out are missing.

        Raises:
            UserError: if an image cannot be read.
        """
        from automap.models.predict import predict
        from automap.models.rows import row_of

        if isinstance(images, str | bytes | Path):
            raise UserError("predict takes a list of images; received a single one: write predict([image])")
        answers = []
        sources = [
            row_of(image, self, number)
            if isinstance(image, Mapping)
            else (Path(image) if isinstance(image, str) else image)
            for number, image in enumerate(images)
        ]
        for number, prediction in enumerate(predict(self, sources)):
            if prediction.answer is None:
                raise UserError(f"cannot read image {number} ({prediction.name}): {prediction.reason}")
            answers.append(prediction.answer)
        return answers

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table

        image, architecture = self.info.image, self.card.candidate["architecture"]["type"]
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_row("task", safe_text(self.card.candidate["task"]["type"]))
        table.add_row("architecture", safe_text(architecture))
        table.add_row("input", "×".join(map(str, image.shape)))
        for name, value in self.metrics.items():
            table.add_row(safe_text(f"validation {name}"), f"{value:.4g}")
        yield table

    def __str__(self) -> str:
        return text_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)
