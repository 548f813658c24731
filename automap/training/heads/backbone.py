"""Frozen backbones that a worker keeps between trials, and the features that they give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import keras

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo
from automap.spec.candidate import Candidate
from automap.spec.space import component_data
from automap.store.weights import pinned
from automap.training.build import build_whole, dtype_policy, precision_of
from automap.training.heads.fit import FittedHead, HeadData
from automap.training.measure.costs import latency_costs, static_costs
from automap.training.measure.flops import count_flops

FLOAT_BYTES = 4


@dataclass(frozen=True)
class FrozenBackbone:
    """A pretrained backbone as several trials use it."""

    key: str
    """Of the architecture, its weights and the images that it was built for."""
    network: keras.Model
    """From the inputs to the features averaged over the image, by stride as text: ``(batch, channels)``."""
    features: Features
    """The network's feature maps."""
    cost: Mapping[str, float]
    """Of the network without a head."""

    def costs_with(self, candidate: Candidate, info: DataInfo) -> dict[str, float]:
        """Return the costs of the network with a candidate's head; the head's share of the latency is neglected."""
        maps = {stride: keras.Input(tensor.shape[1:]) for stride, tensor in self.features.items()}
        head = keras.Model(list(maps.values()), candidate.task.outputs(maps, {}, info))
        added = static_costs(head)
        return {
            **self.cost,
            "parameters": self.cost["parameters"] + added["parameters"],
            "flops": self.cost["flops"] + added["flops"],
            "size_bytes": self.cost["size_bytes"] + FLOAT_BYTES * added["parameters"],
        }

    def with_head(self, candidate: Candidate, info: DataInfo, head: FittedHead) -> keras.Model:
        """Return the whole network, from raw images to raw outputs, with a fitted head."""
        with dtype_policy("float32"):
            outputs = candidate.task.outputs(self.features, dict(self.network.input), info)
        network = keras.Model(self.network.input, outputs, name="network")
        set_head(network, head)
        return network


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
        self.head_data: dict[tuple[bool, tuple[str, ...]], HeadData] = {}
        """By whether features of all strides are used, and the names of the views."""
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
    pooled = {
        str(stride): keras.layers.GlobalAveragePooling2D(dtype="float32")(tensor)
        for stride, tensor in whole.features.items()
    }
    network = keras.Model(whole.network.input, pooled)
    bare = keras.Model(whole.network.input, list(whole.features.values()))
    cost = {"parameters": float(bare.count_params()), "flops": float(count_flops(bare))}
    return FrozenBackbone(key, network, whole.features, {**cost, **latency_costs(network), "size_bytes": _size(bare)})


def _size(network: keras.Model) -> float:
    with TemporaryDirectory() as folder:
        path = Path(folder, "network.keras")
        network.save(path)
        return float(path.stat().st_size)
