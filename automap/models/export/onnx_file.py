"""ONNX: one ``.onnx`` file, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.exporter import Exporter
from automap.models.runtime import Runtime

if TYPE_CHECKING:
    import keras

OPSET = 18
METADATA_KEY = "automap"


class OnnxExporter(Exporter):
    """Writes ``model.onnx``, by way of tf2onnx."""

    packages: ClassVar[Sequence[str]] = ("onnx", "onnxruntime", "tf2onnx")
    quantizes: ClassVar[bool] = True

    def export(
        self,
        network: keras.Model,
        metadata: str,
        directory: Path,
        calibration: Sequence[Mapping[str, Array]] | None = None,
    ) -> Path:
        """Write the file; see `Exporter.export`."""
        import onnx

        model = _converted(network)
        path = directory / "model.onnx"
        if calibration is not None:
            model = _quantized(model, directory, calibration)
        onnx.helper.set_model_props(model, {METADATA_KEY: metadata})
        onnx.checker.check_model(model)
        onnx.save(model, path)
        return path


def _converted(network: keras.Model) -> Any:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
    from tf2onnx import convert

    from automap.models.export.tensorflow_graph import OUTPUTS, concrete_function

    # Frozen first: constants that layers hold outside of the graph, such as the statistics of Normalization, would
    # become inputs of the ONNX graph, which ONNX Runtime refuses.
    frozen = convert_variables_to_constants_v2(concrete_function(network))
    names = {tensor.name: name for tensor, name in zip(frozen.inputs, network.input, strict=True)}
    names[frozen.outputs[0].name] = OUTPUTS
    model, _ = convert.from_graph_def(
        frozen.graph.as_graph_def(),
        input_names=[tensor.name for tensor in frozen.inputs],
        output_names=[frozen.outputs[0].name],
        opset=OPSET,
    )
    _rename(model.graph, names)
    _without_erfc(model.graph)
    return model


def _without_erfc(graph: Any) -> None:
    """Write erfc(x), which TensorFlow computes for gelu and ONNX does not have, as 1 - erf(x)."""
    from onnx import TensorProto, helper

    found = [node for node in graph.node if node.op_type == "Erfc"]
    if not found:
        return
    graph.initializer.append(helper.make_tensor("one_for_erfc", TensorProto.FLOAT, [], [1.0]))
    nodes = []
    for node in graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        erf = f"{node.output[0]}_erf"
        nodes.append(helper.make_node("Erf", list(node.input), [erf]))
        nodes.append(helper.make_node("Sub", ["one_for_erfc", erf], list(node.output)))
    del graph.node[:]
    graph.node.extend(nodes)


def _rename(graph: Any, names: Mapping[str, str]) -> None:
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


def _quantized(model: Any, directory: Path, calibration: Sequence[Mapping[str, Array]]) -> Any:
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Batches(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches: Iterator[Mapping[str, Array]] = iter(calibration)

        def get_next(self) -> dict[str, Array] | None:
            batch = next(self._batches, None)
            return None if batch is None else dict(batch)

    places = [directory / f".{name}.onnx" for name in ("float", "prepared", "int8")]
    try:
        onnx.save(model, places[0])
        quant_pre_process(places[0], places[1], skip_symbolic_shape=True)
        quantization.quantize_static(
            places[1], places[2], Batches(), quant_format=quantization.QuantFormat.QDQ, per_channel=True
        )
        return onnx.load(places[2])
    finally:
        for place in places:
            place.unlink(missing_ok=True)


class OnnxRuntime(Runtime):
    """Runs an ONNX file on the CPU."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(self, inputs: Mapping[str, Array]) -> Array:
        """Return raw outputs; see `Runtime.run`."""
        return np.asarray(self.session.run(None, dict(inputs))[0])


def open_onnx(path: Path) -> tuple[Runtime, str]:
    """Return the runtime and the metadata of an exported file."""
    runtime = OnnxRuntime(path)
    return runtime, str(runtime.session.get_modelmeta().custom_metadata_map[METADATA_KEY])
