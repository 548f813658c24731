"""What an architecture is held to."""

from __future__ import annotations

import json
import math
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np

from automap.interfaces.architecture import Architecture
from automap.testing.component import check_component, import_class, instance_of, require, run_python
from automap.testing.examples import digits

SHAPES = ((8, 8, 1), (9, 13, 1), (28, 28, 1), (64, 48, 3))
"""Input shapes, height, width and channels, that every architecture must accept."""
ACCURACY = 0.9


def check_architecture(architecture: Architecture | type[Architecture], *, learns: bool = True) -> None:
    """Check that an architecture can serve every task.

    - Its feature maps have the size of their stride, from fine to coarse, for inputs of any shape.
    - The same seed gives the same outputs.
    - Every weight has a gradient.
    - It computes in mixed precision, and keeps its weights in float32.
    - A saved model gives the same outputs after it is loaded.
    - It runs on TensorFlow and on JAX, if they are installed.
    - It fits 64 handwritten digits.

    Args:
        architecture: an instance, or a class whose defaults are checked. A small one is checked faster.
        learns: whether to check that it fits the digits, which takes the longest.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(architecture)
    check_component(built)
    for shape in SHAPES:
        _check_strides(built, shape)
    _check_determinism(built)
    _check_gradients(built)
    _check_mixed_precision(built)
    _check_saving(built)
    check_backends(built)
    if learns:
        _check_fit(built)


def check_backends(architecture: Architecture) -> None:
    """Check that an architecture runs on TensorFlow and JAX, as far as they are installed, in fresh processes."""
    model = type(architecture)
    fields = json.dumps(architecture.model_dump(mode="json"))
    call = f"compute({model.__module__!r}, {model.__qualname__!r}, {fields!r})"
    for backend in ("tensorflow", "jax"):
        if find_spec(backend) is not None and backend != keras.backend.backend():
            shown = run_python(
                f"from automap.testing.architectures import compute; print({call})", KERAS_BACKEND=backend
            )
            require(shown.split()[-1] == "True", f"outputs are not finite on {backend}")


def compute(module: str, name: str, fields: str) -> bool:
    """Return whether the outputs of an architecture are finite, on the backend of this process.

    Args:
        module: of its class.
        name: qualified name of its class.
        fields: its hyperparameters as JSON.
    """
    built = import_class(module, name).model_validate(json.loads(fields))
    model = _classifier(built, (16, 16, 1))  # type: ignore[arg-type]
    return bool(np.isfinite(_outputs(model, _images())).all())


def _check_strides(architecture: Architecture, shape: tuple[int, int, int]) -> None:
    features = architecture.build(keras.Input(shape))
    require(bool(features), f"no feature maps for an input of shape {shape}")
    require(list(features) == sorted(features), f"strides must go from fine to coarse; received {list(features)}")
    for stride, feature in features.items():
        expected = tuple(math.ceil(side / stride) for side in shape[:2])
        found = tuple(feature.shape[1:3])
        require(
            len(feature.shape) == 4 and found == expected,
            f"the feature map of stride {stride} must be {expected} for an input of shape {shape}; received {found}",
        )


def _check_determinism(architecture: Architecture) -> None:
    outputs = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        outputs.append(_outputs(_classifier(architecture, (16, 16, 1)), _images()))
    require(bool(np.array_equal(*outputs)), "the same seed gives different outputs")
    require(bool(np.isfinite(outputs[0]).all()), "outputs are not finite")
    require(float(outputs[0].std()) > 0, "outputs do not depend on the image")


def _check_gradients(architecture: Architecture) -> None:
    keras.utils.set_random_seed(0)
    model = _classifier(architecture, (16, 16, 1))
    for variable in model.trainable_variables:
        if variable.name == "gamma":
            # A residual branch whose scale starts at zero passes nothing back.
            variable.assign(keras.ops.ones_like(variable))
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in model.trainable_variables]
    # Plain gradient descent: a weight moves if and only if it has a gradient.
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
    targets = np.arange(len(_images()) * 10).reshape(-1, 10) % 7
    model.train_on_batch(_images(), targets.astype("float32"))
    still = [
        variable.path
        for variable, old in zip(model.trainable_variables, before, strict=True)
        # Softmax ignores what is added to all keys alike.
        if "/key/bias" not in variable.path and np.array_equal(keras.ops.convert_to_numpy(variable), old)
    ]
    require(not still, f"no gradient reaches {', '.join(still)}")


def _check_mixed_precision(architecture: Architecture) -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = _classifier(architecture, (16, 16, 1))
    finally:
        keras.config.set_dtype_policy(policy)
    for training in (False, True):
        outputs = _outputs(model, _images(), training=training)
        require(bool(np.isfinite(outputs).all()), "outputs are not finite in mixed precision")
    stored = {str(variable.dtype) for variable in model.trainable_variables}
    require(stored == {"float32"}, f"weights must be float32 in mixed precision; received {', '.join(sorted(stored))}")


def _check_saving(architecture: Architecture) -> None:
    model = _classifier(architecture, (16, 16, 1))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "model.keras"))
        loaded = keras.models.load_model(Path(folder, "model.keras"))
    difference = np.abs(_outputs(loaded, _images()) - _outputs(model, _images())).max()
    require(float(difference) < 1e-4, f"outputs differ by {difference:.2g} after saving and loading")


def _check_fit(architecture: Architecture) -> None:
    keras.utils.set_random_seed(0)
    images, labels = digits(16)
    model = _classifier(architecture, (16, 16, 1))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    history = model.fit(_normalised(images), labels, batch_size=32, epochs=80, verbose=0, callbacks=[_StopWhenFitted()])
    best = max(history.history["accuracy"])
    require(best >= ACCURACY, f"after 80 epochs on 64 images the training accuracy is {best:.2f}, below {ACCURACY}")


class _StopWhenFitted(keras.callbacks.Callback):  # type: ignore[misc]
    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.stop_training = logs is not None and logs["accuracy"] >= ACCURACY


def _classifier(architecture: Architecture, shape: tuple[int, int, int]) -> Any:
    inputs = keras.Input(shape)
    features = architecture.build(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(features[max(features)])
    return keras.Model(inputs, keras.layers.Dense(10, dtype="float32")(pooled))


def _images() -> Any:
    return _normalised(digits(16)[0][:16])


def _normalised(images: Any) -> Any:
    return images.astype("float32") / 128 - 1


def _outputs(model: Any, images: Any, training: bool = False) -> Any:
    return keras.ops.convert_to_numpy(model(images, training=training))
