"""Exporting a model: convert, verify, and only then put in place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from automap.exceptions import AutomapError, RunError, UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.exporter import Exporter
from automap.models.export.artifact import find_artifact, metadata_of, open_artifact, require_packages
from automap.models.export.model_card import CARD_NAME, Artifact, Scores, markdown_card
from automap.models.export.verify import Verification, verify
from automap.spec.plugins import load_plugin
from automap.training.samples import Samples

if TYPE_CHECKING:
    import keras

    from automap.models.model import LoadedModel

CALIBRATION_BATCH = 10


class Exported(NamedTuple):
    """An artifact that was written and verified."""

    path: Path
    size: int
    """Bytes, of all of its files."""
    verification: Verification


def load_exporter(name: str) -> Exporter:
    """Return the exporter of a format.

    Raises:
        PluginError: if there is none, or it cannot be imported.
        UserError: if a package that it needs is missing.
    """
    exporter = cast(type[Exporter], load_plugin(Exporter.group, name))
    require_packages(exporter.packages, f"to export to {name}")
    return exporter()


def export_model(
    model: LoadedModel,
    format_: str,
    directory: Path,
    *,
    int8: bool = False,
    max_loss: float = 0.01,
    scores: Scores | None = None,
) -> Exported:
    """Write a model in another format, verify the file on real images, and put it into a folder.

    Args:
        model: a model that a search has written.
        format_: name of an exporter.
        directory: folder for the artifact and its model card; created if missing.
        int8: whether to quantize to int8, calibrated on training images.
        max_loss: largest accepted loss of the task's default objective under `int8`.
        scores: of the model's candidate in its study, for the model card.

    Raises:
        UserError: if the model holds no validation images, or the format cannot be quantized.
        RunError: if the conversion fails, or the file does not give the model's results; nothing is written then.
    """
    from automap.models.keras_runtime import KerasRuntime

    exporter = load_exporter(format_)
    if not isinstance(model.runtime, KerasRuntime):
        raise UserError("an exported model cannot be exported again; name the model that it was exported from")
    samples = model.samples()
    if samples is None:
        raise UserError("the model keeps no validation images to verify an export with; search or train it again")
    if int8 and not exporter.quantizes:
        raise UserError(f"the format {format_} cannot be quantized to int8; use litert, onnx or openvino")
    if int8:
        require_packages(exporter.quantizers, f"to quantize for {format_}")
    network = _raw_network(model.runtime.network, model)
    metadata = metadata_of(model, "int8" if int8 else "float32")
    with _created(directory), tempfile.TemporaryDirectory(dir=directory, prefix=".export-") as scratch:
        path = _convert(exporter, network, metadata, Path(scratch), _batches(samples) if int8 else None)
        opened = open_artifact(find_artifact(path) or path)
        verification = verify(model, opened.runtime, samples, max_loss if int8 else None)
        size = sum(file.stat().st_size for file in Path(scratch).rglob("*") if file.is_file())
        (Path(scratch) / CARD_NAME).write_text(
            markdown_card(model, samples, verification, Artifact(path.name, size), scores), encoding="utf-8"
        )
        for each in sorted(Path(scratch).iterdir()):
            _put_in_place(each, directory / each.name)
    return Exported(directory / path.name, size, verification)


def _raw_network(network: keras.Model, model: LoadedModel) -> keras.Model:
    """Return the network with integer pixels as inputs, of one name each."""
    import keras

    inputs = {name: keras.Input(image.shape, dtype=image.dtype, name=name) for name, image in model.info.inputs.items()}
    casts = {
        name: keras.ops.cast(tensor, "float32") if isinstance(model.info.inputs[name], ImageInfo) else tensor
        for name, tensor in inputs.items()
    }
    given = casts if isinstance(network.input, dict) else next(iter(casts.values()))
    return keras.Model(inputs, network(given), name="automap")


def _convert(
    exporter: Exporter,
    network: keras.Model,
    metadata: str,
    directory: Path,
    calibration: Sequence[Mapping[str, Array]] | None,
) -> Path:
    try:
        return exporter.export(network, metadata, directory, calibration)
    except AutomapError:
        raise
    except Exception as error:
        # Converters raise whatever they like.
        detail = (str(error).splitlines() or [""])[0]
        raise RunError(f"the conversion failed: {type(error).__name__}: {detail}") from error


def _batches(samples: Samples) -> list[dict[str, Array]]:
    count = len(next(iter(samples.calibration.values())))
    return [
        {name: values[start : start + CALIBRATION_BATCH] for name, values in samples.calibration.items()}
        for start in range(0, count, CALIBRATION_BATCH)
    ]


@contextmanager
def _created(directory: Path) -> Iterator[None]:
    """Create a folder with its parents, and delete those that are new and empty if the block fails."""
    new = [each for each in (directory, *directory.parents) if not each.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot create the folder {directory}: {error.strerror}") from None
    try:
        yield
    except BaseException:
        for each in new:
            with suppress(OSError):
                each.rmdir()
        raise


def _put_in_place(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        if find_artifact(target) is None:
            raise UserError(f"{target} exists and is not an exported model")
        shutil.rmtree(target)
    source.replace(target)
