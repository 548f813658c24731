"""Frozen backbones that a worker keeps between trials, and the features that they give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import keras

from automap.exceptions import TrainingError
from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo
from automap.interfaces.sample import IMAGE
from automap.spec.candidate import Candidate
from automap.spec.space import component_data
from automap.store.atomic import first_line
from automap.store.weights import pinned
from automap.tasks.heads import OTHER_SIZE, PooledTask
from automap.training.build import build_whole, dtype_policy, precision_of
from automap.training.heads.fit import FittedHead, HeadData
from automap.training.measure.costs import latency_costs, static_costs
from automap.training.measure.flops import count_flops

FLOAT_BYTES = 4
SMALL_SIDE = 192
"""Images with a smaller side are enlarged for features of another size; the usual weights learned on 224 pixels."""


@dataclass(frozen=True)
class FrozenBackbone:
    """A pretrained backbone as several trials use it."""

    key: str
    """Of the architecture, its weights and the images that it was built for."""
    bare: keras.Model
    """From the inputs to the feature maps by stride as text."""
    features: Features
    """The feature maps of the images at their own size."""

    @cached_property
    def pooled(self) -> keras.Model:
        """From the inputs to the features averaged over the image, by stride as text: ``(batch, channels)``."""
        return self._pooling(self.features)

    @cached_property
    def pooled_of_other_size(self) -> keras.Model:
        """The same of the images at another size; its strides are those of `features_of_other_size`."""
        return self._pooling(self.features_of_other_size)

    @cached_property
    def features_of_other_size(self) -> Features:
        """The feature maps of the images at half their size, or twice if they are small; the layers are the same.

        Raises:
            TrainingError: if the backbone cannot take images of that size.
        """
        inputs = dict(self.bare.input)
        resized = other_size(inputs[IMAGE])
        try:
            maps = self.bare.call({**inputs, IMAGE: resized})
        except ValueError as error:
            size = " x ".join(map(str, resized.shape[1:3]))
            raise TrainingError(
                f"task.features: scales: the architecture cannot take images of {size} pixels: {first_line(error)}"
            ) from error
        return {OTHER_SIZE + int(stride): each for stride, each in maps.items()}

    @cached_property
    def cost(self) -> Mapping[str, float]:
        """Costs of the backbone without a head, for images at their own size."""
        return self._costs(self.pooled)

    @cached_property
    def cost_of_both_sizes(self) -> Mapping[str, float]:
        """Costs of the backbone without a head, for images at both sizes."""
        return self._costs(self._pooling({**self.features, **self.features_of_other_size}))

    def costs_with(self, candidate: Candidate, info: DataInfo) -> dict[str, float]:
        """Return the costs of the network with a candidate's head; the head's share of the latency is neglected."""
        maps = {stride: keras.Input(tensor.shape[1:]) for stride, tensor in self._seen_by(candidate).items()}
        head = keras.Model(list(maps.values()), candidate.task.outputs(maps, {}, info))
        added, cost = static_costs(head), self.cost_of_both_sizes if sees_both_sizes(candidate) else self.cost
        return {
            **cost,
            "parameters": cost["parameters"] + added["parameters"],
            "flops": cost["flops"] + added["flops"],
            "size_bytes": cost["size_bytes"] + FLOAT_BYTES * added["parameters"],
        }

    def with_head(self, candidate: Candidate, info: DataInfo, head: FittedHead) -> keras.Model:
        """Return the whole network, from raw images to raw outputs, with a fitted head."""
        inputs = dict(self.bare.input)
        with dtype_policy("float32"):
            outputs = candidate.task.outputs(self._seen_by(candidate), inputs, info)
        network = keras.Model(inputs, outputs, name="network")
        set_head(network, head)
        return network

    def _seen_by(self, candidate: Candidate) -> Features:
        return {**self.features, **self.features_of_other_size} if sees_both_sizes(candidate) else self.features

    def _pooling(self, features: Features) -> keras.Model:
        pooled = {
            str(stride): keras.layers.GlobalAveragePooling2D(dtype="float32")(tensor)
            for stride, tensor in features.items()
        }
        return keras.Model(dict(self.bare.input), pooled)

    def _costs(self, pooled: keras.Model) -> dict[str, float]:
        static = {"parameters": float(pooled.count_params()), "flops": float(count_flops(pooled))}
        return {**static, **latency_costs(pooled), "size_bytes": _size(self.bare)}


def sees_both_sizes(candidate: Candidate) -> bool:
    """Return whether a candidate's head sees features of the images at two sizes."""
    return isinstance(candidate.task, PooledTask) and candidate.task.features == "scales"


def other_size(images: keras.KerasTensor) -> keras.KerasTensor:
    """Return images at half their size; at twice their size if a side is below `SMALL_SIDE` pixels."""
    if min(images.shape[1:3]) < SMALL_SIDE:
        return keras.layers.UpSampling2D(2, interpolation="bilinear", dtype="float32", name="twice_the_size")(images)
    return keras.layers.AveragePooling2D(2, dtype="float32", name="half_the_size")(images)


def set_head(network: keras.Model, head: FittedHead) -> None:
    """Put the weights of a fitted head into the layers that `PooledTask.head_outputs` has built."""
    for name, weights in head.layers.items():
        network.get_layer(name).set_weights(weights)


class FrozenBackbones:
    """The frozen backbone that a worker used last, and the features of its data set that are in memory."""

    def __init__(self) -> None:
        self._kept: FrozenBackbone | None = None
        self.features: dict[Path, dict[str, Array]] = {}
        """By the file that they are cached in."""
        self.head_data: dict[tuple[str, tuple[str, ...], tuple[str, ...]], HeadData] = {}
        """By which features are used, the names of the views, and the splits."""
        self._fingerprint = ""

    def open(self, candidate: Candidate, info: DataInfo) -> FrozenBackbone:
        """Return the frozen backbone of a candidate, with its pretrained weights."""
        key = backbone_key(candidate, info)
        if self._kept is None or self._kept.key != key:
            self.clear()
            self._kept = _build(candidate, info, key)
        return self._kept

    def require(self, fingerprint: str) -> None:
        """Forget the features of other data than those with a fingerprint."""
        if fingerprint != self._fingerprint:
            self.features.clear()
            self.head_data.clear()
            self._fingerprint = fingerprint

    def clear(self) -> None:
        """Forget everything."""
        self._kept = None
        self.features.clear()
        self.head_data.clear()


def backbone_key(candidate: Candidate, info: DataInfo) -> str:
    """Return what the features of a candidate's frozen backbone depend on, beside the images, as a digest."""
    inputs = {name: each.model_dump(mode="json") for name, each in info.inputs.items()}
    parts = [component_data(pinned(candidate.architecture)), inputs, precision_of(candidate.training)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _build(candidate: Candidate, info: DataInfo, key: str) -> FrozenBackbone:
    whole = build_whole(candidate, info, pretrained=True)
    maps = {str(stride): tensor for stride, tensor in whole.features.items()}
    return FrozenBackbone(key, keras.Model(dict(whole.network.input), maps), whole.features)


def _size(network: keras.Model) -> float:
    with TemporaryDirectory() as folder:
        path = Path(folder, "network.keras")
        network.save(path)
        return float(path.stat().st_size)
