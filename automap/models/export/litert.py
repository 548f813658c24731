"""LiteRT: one ``.tflite`` file."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.exceptions import RunError
from automap.interfaces.array import Array
from automap.interfaces.exporter import Exporter
from automap.models.export.keras_file import METADATA_MEMBER, read_member
from automap.models.runtime import Runtime

if TYPE_CHECKING:
    import keras


class LiteRTExporter(Exporter):
    """Writes ``model.tflite``, with the metadata as an associated file in a ZIP archive at its end."""

    packages: ClassVar[Sequence[str]] = ("ai_edge_litert",)
    quantizes: ClassVar[bool] = True

    def export(
        self,
        network: keras.Model,
        metadata: str,
        directory: Path,
        calibration: Sequence[Mapping[str, Array]] | None = None,
    ) -> Path:
        """Write the file; see `Exporter.export`."""
        from automap.models.export.tensorflow_graph import require_tensorflow, write_saved_model

        tensorflow = require_tensorflow()
        with tempfile.TemporaryDirectory() as folder:
            write_saved_model(network, Path(folder))
            converter = tensorflow.lite.TFLiteConverter.from_saved_model(folder)
            if calibration is not None:
                converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
                converter.representative_dataset = lambda: _single(calibration)
            content = converter.convert()
        path = directory / "model.tflite"
        path.write_bytes(content)
        _refuse_flex(path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(METADATA_MEMBER, metadata)
        return path


def _single(batches: Sequence[Mapping[str, Array]]) -> Iterator[dict[str, Array]]:
    for batch in batches:
        for index in range(len(next(iter(batch.values())))):
            yield {name: values[index : index + 1] for name, values in batch.items()}


def _refuse_flex(path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    used = {operator["op_name"] for operator in Interpreter(str(path))._get_ops_details()}
    if flex := sorted(name for name in used if name.startswith("Flex")):
        raise RunError(f"LiteRT has no operator for {', '.join(flex)}; export to another format")


class LiteRTRuntime(Runtime):
    """Runs a LiteRT file on the CPU."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter: Any = Interpreter(str(path), num_threads=os.cpu_count() or 1)
        self._runner = self._interpreter.get_signature_runner()

    def run(self, inputs: Mapping[str, Array]) -> Array:
        """Return raw outputs; see `Runtime.run`."""
        (outputs,) = self._runner(**inputs).values()
        return np.asarray(outputs)


def open_litert(path: Path) -> tuple[Runtime, str]:
    """Return the runtime and the metadata of an exported file."""
    return LiteRTRuntime(path), read_member(path)
