"""OpenVINO: ``model.xml`` with its weights in ``model.bin``."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.exporter import Exporter
from automap.models.runtime import Runtime

if TYPE_CHECKING:
    import keras

METADATA_KEY = "automap"
PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}
"""By default a CPU may compute in bfloat16: logits differed by 0.015."""


class OpenVINOExporter(Exporter):
    """Writes ``model.xml`` and ``model.bin``."""

    packages: ClassVar[Sequence[str]] = ("openvino",)
    quantizes: ClassVar[bool] = True
    quantizers: ClassVar[Sequence[str]] = ("nncf",)

    def export(
        self,
        network: keras.Model,
        metadata: str,
        directory: Path,
        calibration: Sequence[Mapping[str, Array]] | None = None,
    ) -> Path:
        """Write the files; see `Exporter.export`."""
        import openvino

        from automap.models.export.tensorflow_graph import write_saved_model

        with tempfile.TemporaryDirectory() as folder:
            write_saved_model(network, Path(folder))
            model = openvino.convert_model(folder)
        if calibration is not None:
            model = _quantized(model, calibration)
        model.set_rt_info(metadata, METADATA_KEY)
        path = directory / "model.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        return path


def _quantized(model: Any, calibration: Sequence[Mapping[str, Array]]) -> Any:
    import contextlib
    import io
    import logging

    import nncf

    nncf.set_log_level(logging.ERROR)
    images = sum(len(next(iter(batch.values()))) for batch in calibration)
    # It draws progress bars on standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        return nncf.quantize(model, nncf.Dataset([dict(batch) for batch in calibration]), subset_size=images)


class OpenVINORuntime(Runtime):
    """Runs an OpenVINO model on the CPU.

    Args:
        model: as OpenVINO reads it.
    """

    def __init__(self, model: Any) -> None:
        import openvino

        self._compiled: Any = openvino.compile_model(model, "CPU", PRECISION)

    def run(self, inputs: Mapping[str, Array]) -> Array:
        """Return raw outputs; see `Runtime.run`."""
        return np.asarray(self._compiled(dict(inputs))[0])


def open_openvino(path: Path) -> tuple[Runtime, str]:
    """Return the runtime and the metadata of an exported model."""
    import openvino

    model = openvino.Core().read_model(path)
    return OpenVINORuntime(model), str(model.get_rt_info(METADATA_KEY).astype(str))
