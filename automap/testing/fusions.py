"""What a fusion is held to."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from automap.interfaces.fusion import Fusion
from automap.testing.component import check_component, instance_of, require

ROWS = 4


def check_fusion(fusion: Fusion | type[Fusion]) -> None:
    """Check that a fusion can be used with every architecture and every encoder.

    - It returns a feature map of the image's height and width, for one encoder and for several.
    - The map is finite, and depends on the image and on every encoder.
    - It computes in mixed precision.
    - A model that is built again from its configuration gives the same outputs.

    Args:
        fusion: an instance, or a class whose defaults are checked.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(fusion)
    check_component(built)
    for size in ((1, 1, 8), (3, 5, 16)):
        for tokens in ({"table": 3}, {"table": 1, "text": 2, "side": 15}):
            _check_map(built, size, tokens)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = _model(built, (3, 5, 16), {"table": 3})
        found = model(_values(model, 1), training=True)
    finally:
        keras.config.set_dtype_policy(policy)
    values = keras.ops.convert_to_numpy(keras.ops.cast(found, "float32"))
    require(bool(np.isfinite(values).all()), "the feature map is not finite in mixed precision")


def _model(fusion: Fusion, size: tuple[int, int, int], tokens: dict[str, int]) -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input(size, name="image")
    others = {name: keras.Input((count, fusion.width), name=name) for name, count in tokens.items()}
    return keras.Model({"image": image, **others}, fusion.build(image, others))


def _values(model: keras.Model, seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    return {name: random.normal(size=(ROWS, *each.shape[1:])).astype("float32") for name, each in model.input.items()}


def _check_map(fusion: Fusion, size: tuple[int, int, int], tokens: dict[str, int]) -> None:
    model = _model(fusion, size, tokens)
    shape = tuple(model.output.shape)
    require(
        len(shape) == 4 and shape[1:3] == size[:2],
        f"the feature map must be (batch, {size[0]}, {size[1]}, channels); received {shape}",
    )
    values = _values(model, 1)
    found = model.predict_on_batch(values)
    require(bool(np.isfinite(found).all()), "the feature map is not finite")
    others = _values(model, 2)
    for name in values:
        changed = model.predict_on_batch({**values, name: others[name]})
        require(float(np.abs(changed - found).max()) > 0, f"the feature map does not depend on {name}")
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    difference = float(np.abs(again.predict_on_batch(values) - found).max())
    require(difference < 1e-5, f"the feature map differs by {difference:.2g} after the model is built again")
