"""TensorFlow: a SavedModel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.exporter import Exporter
from automap.models.runtime import Runtime

if TYPE_CHECKING:
    import keras

METADATA_FILE = Path("assets.extra", "automap.json")
"""`assets.extra` is where the format keeps files of other programs."""


class SavedModelExporter(Exporter):
    """Writes the folder ``saved_model``."""

    packages: ClassVar[Sequence[str]] = ("tensorflow",)

    def export(
        self,
        network: keras.Model,
        metadata: str,
        directory: Path,
        calibration: Sequence[Mapping[str, Array]] | None = None,
    ) -> Path:
        """Write the folder; see `Exporter.export`."""
        from automap.models.export.tensorflow_graph import write_saved_model

        folder = directory / "saved_model"
        write_saved_model(network, folder)
        place = folder / METADATA_FILE
        place.parent.mkdir(exist_ok=True)
        place.write_text(metadata, encoding="utf-8")
        return folder


class SavedModelRuntime(Runtime):
    """Runs a SavedModel."""

    def __init__(self, folder: Path) -> None:
        import tensorflow

        self._loaded: Any = tensorflow.saved_model.load(str(folder))
        self._run = self._loaded.signatures["serving_default"]

    def run(self, inputs: Mapping[str, Array]) -> Array:
        """Return raw outputs; see `Runtime.run`."""
        import tensorflow

        (outputs,) = self._run(**{name: tensorflow.constant(values) for name, values in inputs.items()}).values()
        return np.asarray(outputs)


def open_saved_model(folder: Path) -> tuple[Runtime, str]:
    """Return the runtime and the metadata of an exported folder."""
    metadata = (folder / METADATA_FILE).read_text(encoding="utf-8")
    return SavedModelRuntime(folder), metadata
