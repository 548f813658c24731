"""Fine-tuning pretrained backbones: which layers are frozen, and how fast the others learn."""

from __future__ import annotations

import keras

from automap.interfaces.architecture import Features
from automap.spec.candidate import Candidate


def stages(network: keras.Model, features: Features) -> list[list[str]]:
    """Return the names of a backbone's layers by stage, from the stem on: one stage for each stride.

    Args:
        network: the whole network.
        features: the backbone's feature maps by stride; a stage holds the layers that its map needs beyond those of
            finer maps.
    """
    seen: set[str] = set()
    found = []
    for stride in sorted(features):
        names = [layer.name for layer in keras.Model(network.inputs, features[stride]).layers]
        found.append([name for name in names if name not in seen])
        seen |= set(names)
    return found


def learning_rate_factors(candidate: Candidate, network: keras.Model, features: Features) -> dict[str, float]:
    """Return the factors of the learning rate of a pretrained backbone's layers by name; 0 freezes a layer.

    Empty for a backbone that is trained from scratch.
    """
    settings = candidate.training
    if candidate.architecture.pretrained == "none":
        return {}
    by_stage = stages(network, features)
    frozen = settings.frozen_stages(len(by_stage))
    return {
        name: 0.0 if index < frozen else settings.stage_factor ** (len(by_stage) - index)
        for index, names in enumerate(by_stage)
        for name in names
    }


def first_steps(candidate: Candidate, network: keras.Model, features: Features, steps: int) -> dict[str, int]:
    """Return the step from which each layer of a pretrained backbone is trained, by name, where that is not the first.

    Args:
        candidate: says how gradually its stages are unfrozen.
        network: the whole network.
        features: the backbone's feature maps by stride.
        steps: of the whole training.
    """
    if candidate.architecture.pretrained == "none":
        return {}
    by_stage = stages(network, features)
    starts = candidate.training.first_steps(len(by_stage), steps)
    return {name: start for start, names in zip(starts, by_stage, strict=True) for name in names if start}
