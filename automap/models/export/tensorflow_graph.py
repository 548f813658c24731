"""From a Keras network to what TensorFlow's converters take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from automap.exceptions import UserError

OUTPUTS = "outputs"


def require_tensorflow() -> Any:
    """Return the module ``tensorflow``.

    Raises:
        UserError: if Keras runs on another backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError(f"export needs KERAS_BACKEND=tensorflow; it is {keras.backend.backend()}")
    import tensorflow

    return tensorflow


def input_signature(network: keras.Model) -> list[Any]:
    """Return the network's inputs as TensorFlow describes them, for any batch size."""
    tensorflow = require_tensorflow()
    return [
        tensorflow.TensorSpec((None, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in network.input.items()
    ]


def concrete_function(network: keras.Model) -> Any:
    """Return the network as a TensorFlow function of any batch size."""
    tensorflow = require_tensorflow()
    names = list(network.input)

    @tensorflow.function(input_signature=input_signature(network))  # type: ignore[untyped-decorator]
    def run(*tensors: Any) -> Any:
        return network(dict(zip(names, tensors, strict=True)), training=False)

    return run.get_concrete_function()


def write_saved_model(network: keras.Model, folder: Path) -> None:
    """Write the network as a SavedModel whose signature ``serving_default`` has the network's input names."""
    require_tensorflow()
    names = list(network.input)

    def run(*tensors: Any) -> Any:
        return {OUTPUTS: network(dict(zip(names, tensors, strict=True)), training=False)}

    # Keras's archive, not `tensorflow.saved_model.save`: of that LiteRT's converter leaves the variables out, and
    # all outputs are NaN.
    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint("serving_default", run, input_signature=input_signature(network))
    archive.write_out(str(folder), verbose=False)
