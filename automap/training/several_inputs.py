"""Networks of several inputs: encoding the inputs beside the image, and fusing them with its features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import keras
from keras import layers, ops

from automap.interfaces.architecture import Features
from automap.interfaces.data_info import ColumnInput, DataInfo, ImageInfo, NumberInput
from automap.interfaces.encoder import COLUMN_KINDS, EncoderKind
from automap.interfaces.sample import IMAGE
from automap.spec.candidate import Candidate
from automap.training.normalise import normalise

Tensors = Mapping[str, keras.KerasTensor]


def input_tensors(info: DataInfo) -> dict[str, keras.KerasTensor]:
    """Return the inputs of a network by name: images in pixel values, float32, and columns as they are encoded."""
    return {
        name: keras.Input(each.shape, dtype="float32" if isinstance(each, ImageInfo) else each.dtype, name=name)
        for name, each in info.inputs.items()
    }


def fuse(
    candidate: Candidate, features: Features, inputs: Tensors, info: DataInfo, normalised: keras.KerasTensor
) -> Features:
    """Return feature maps by stride; the coarsest one combines all inputs, if there are others than the image.

    In training, some inputs are treated as missing at random, so that the network serves where they are.

    Args:
        candidate: names the encoders and the fusion.
        features: feature maps of the image by stride.
        inputs: of the network, by name.
        info: describes them.
        normalised: the image that the backbone was built on; further images go through the same layers.
    """
    if candidate.fusion is None:
        return features
    dropout = {each.name: 1 - each.keep for each in candidate.dataset.extra_inputs if each.keep is not None}
    dropout[IMAGE] = candidate.fusion.image_dropout
    rates = {name: dropout.get(name, candidate.fusion.input_dropout) for name in inputs}
    kept = {name: _kept(inputs[name], name, rate) for name, rate in rates.items() if rate}
    coarsest = max(features)
    backbone = keras.Model(normalised, features[coarsest])
    tokens = _further_images(candidate, inputs, info, kept, backbone) | _columns(candidate, inputs, info, kept)
    image = _or_missing(features[coarsest], _present(inputs[IMAGE], kept.get(IMAGE)), IMAGE)
    return {**features, coarsest: candidate.fusion.build(image, tokens)}


def _kept(tensor: keras.KerasTensor, name: str, rate: float) -> keras.KerasTensor:
    """Return 1 for each sample, in training sometimes 0, ``(batch, 1)``, float32."""
    ones = ops.ones_like(ops.reshape(tensor, (-1, _size(tensor)))[:, :1], dtype="float32")
    # A layer of Keras, so that plain Keras can load the network and trials with another rate share a compiled step.
    dropped = layers.Dropout(rate, dtype="float32", name=f"drop_{name}")(ones)
    return ops.cast(ops.greater(dropped, 0.0), "float32")


def _size(tensor: keras.KerasTensor) -> int:
    size = 1
    for side in tensor.shape[1:]:
        size *= int(side)
    return size


def _present(image: keras.KerasTensor, kept: keras.KerasTensor | None) -> keras.KerasTensor:
    """Return 0 for images that are missing, which are black, else 1, ``(batch, 1)``, float32."""
    brightest = ops.max(ops.reshape(image, (-1, _size(image))), axis=1, keepdims=True)
    present = ops.cast(ops.greater(brightest, 0.0), "float32")
    return present if kept is None else ops.multiply(present, kept)


def _or_missing(features: Any, present: keras.KerasTensor, name: str) -> Any:
    """Return a feature map; of missing images, a learned vector at each position."""
    channels = features.shape[-1]
    missing = layers.Embedding(2, channels, name=f"missing_{name}")(ops.cast(1.0 - present, "int32"))
    weight = layers.Reshape((1, 1, 1), dtype="float32")(present)
    vector = layers.Reshape((1, 1, channels))(missing)
    absent = layers.Reshape((1, 1, 1), dtype="float32")(1.0 - present)
    return layers.Add()([layers.Multiply()([features, weight]), layers.Multiply()([vector, absent])])


def _further_images(
    candidate: Candidate, inputs: Tensors, info: DataInfo, kept: Tensors, backbone: keras.Model
) -> dict[str, keras.KerasTensor]:
    found = {}
    assert candidate.fusion is not None
    for name, each in info.extra_inputs.items():
        if isinstance(each, ImageInfo):
            normalised = normalise(inputs[name], each, candidate.architecture.preprocessing, f"normalise_{name}")
            # Not `backbone(…)`: that would nest a model, whose layers would no longer be those of the backbone once the
            # network has been saved.
            features = backbone.call(normalised)
            whole = _or_missing(features, _present(inputs[name], kept.get(name)), name)
            height, width, channels = whole.shape[1:]
            flat = layers.Reshape((height * width, channels))(whole)
            found[name] = layers.Dense(candidate.fusion.width, name=f"tokens_{name}")(flat)
    return found


def _columns(candidate: Candidate, inputs: Tensors, info: DataInfo, kept: Tensors) -> dict[str, keras.KerasTensor]:
    assert candidate.fusion is not None
    found = {}
    for kind, encoder in candidate.encoders.items():
        infos = _of_kind(kind, info)
        prepared = {name: _column(inputs[name], each, kept.get(name), name) for name, each in infos.items()}
        found[str(kind)] = encoder.build(prepared, infos, candidate.fusion.width)
    return found


def _of_kind(kind: EncoderKind, info: DataInfo) -> dict[str, ColumnInput]:
    columns = {name: each for name, each in info.inputs.items() if isinstance(each, ColumnInput)}
    return {name: each for name, each in columns.items() if cast(Any, each).kind in COLUMN_KINDS[kind]}


def _column(
    tensor: keras.KerasTensor, info: ColumnInput, kept: keras.KerasTensor | None, name: str
) -> keras.KerasTensor:
    """Return a column as `Encoder.build` takes it, some of it missing in training."""
    if not isinstance(info, NumberInput):
        return tensor if kept is None else ops.multiply(tensor, ops.cast(kept, "int32"))
    value, present = tensor[:, :1], tensor[:, 1:]
    if kept is not None:
        present = ops.multiply(present, kept)
    normalised = layers.Normalization(
        mean=[info.mean], variance=[info.std**2], dtype="float32", name=f"normalise_{name}"
    )(value)
    return layers.Concatenate(dtype="float32")([ops.multiply(normalised, present), present])
