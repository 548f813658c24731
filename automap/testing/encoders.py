"""What an encoder of columns is held to."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from automap.interfaces.data_info import CategoryInput, ColumnInput, NumberInput, TextInput
from automap.interfaces.encoder import Encoder
from automap.testing.component import check_component, instance_of, require

WIDTHS = (8, 32)
ROWS = 8


def check_encoder(encoder: Encoder | type[Encoder]) -> None:
    """Check that an encoder can be used with every data set that has columns of its kind.

    - It returns ``(batch, tokens, width)`` for one column and for several, with at least one token.
    - Its tokens are finite where every value is missing, and depend on the values.
    - It computes in mixed precision.
    - A saved model gives the same outputs after it is loaded.

    Args:
        encoder: an instance, or a class whose defaults are checked.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(encoder)
    check_component(built)
    require(built.reads in ("table", "text"), f"reads must be table or text; received {built.reads!r}")
    every = _columns(built.reads)
    for infos in ({name: every[name]} for name in every):
        _check_tokens(built, infos, WIDTHS[0])
    for width in WIDTHS:
        _check_tokens(built, every, width)
    _check_mixed_precision(built, every)


def _columns(reads: str) -> dict[str, ColumnInput]:
    if reads == "text":
        words = ("one", "two", "three")
        return {
            "note": TextInput(column="note", vocabulary=words, length=6),
            "title": TextInput(column="title", vocabulary=words, length=1),
        }
    return {
        "age": NumberInput(column="age", mean=40.0, std=10.0),
        "cell": CategoryInput(column="cell", categories=("mono", "poly")),
        "height": NumberInput(column="height", mean=1.7, std=0.1),
    }


def _values(infos: dict[str, ColumnInput], seed: int | None) -> dict[str, Any]:
    """Return inputs as `Encoder.build` takes them; None for values that are all missing."""
    random = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name, info in infos.items():
        if isinstance(info, NumberInput):
            values = np.stack([random.normal(size=ROWS), np.ones(ROWS)], axis=1).astype("float32")
        else:
            values = random.integers(1, 4, (ROWS, *info.shape)).astype("int32")
        found[name] = np.zeros_like(values) if seed is None else values
    return found


def _model(encoder: Encoder, infos: dict[str, ColumnInput], width: int) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = {
        name: keras.Input((2,), name=name)
        if isinstance(info, NumberInput)
        else keras.Input(info.shape, dtype="int32", name=name)
        for name, info in infos.items()
    }
    return keras.Model(inputs, encoder.build(inputs, infos, width))


def _check_tokens(encoder: Encoder, infos: dict[str, ColumnInput], width: int) -> None:
    model, named = _model(encoder, infos, width), ", ".join(infos)
    shape = tuple(model.output.shape)
    require(
        len(shape) == 3 and shape[2] == width and (shape[1] or 0) >= 1,
        f"the tokens of {named} must be (batch, tokens, {width}); received {shape}",
    )
    missing, first, second = (model.predict_on_batch(_values(infos, seed)) for seed in (None, 1, 2))
    require(bool(np.isfinite(missing).all()), f"the tokens of {named} are not finite where every value is missing")
    require(bool(np.isfinite(first).all()), f"the tokens of {named} are not finite")
    require(float(np.abs(first - second).max()) > 0, f"the tokens of {named} do not depend on the values")
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    difference = float(np.abs(again.predict_on_batch(_values(infos, 1)) - first).max())
    require(difference < 1e-5, f"the tokens of {named} differ by {difference:.2g} after the model is built again")


def _check_mixed_precision(encoder: Encoder, infos: dict[str, ColumnInput]) -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = keras.ops.convert_to_numpy(
            keras.ops.cast(_model(encoder, infos, WIDTHS[0])(_values(infos, 1), training=True), "float32")
        )
    finally:
        keras.config.set_dtype_policy(policy)
    require(bool(np.isfinite(found).all()), "the tokens are not finite in mixed precision")
