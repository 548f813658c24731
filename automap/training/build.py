"""From a candidate to a model that can be trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from automap.spec.candidate import Candidate
from automap.spec.kinds import DataInfo
from automap.training.backend import has_gpu, mixed_precision
from automap.training.model import TrainingModel
from automap.training.schedules import WarmUpSchedule

NORM_TIME_CONSTANTS = 5
"""How often a batch normalisation's moving averages are renewed in one epoch."""


def build_network(candidate: Candidate, info: DataInfo) -> keras.Model:
    """Build a candidate's network: raw images, 0 to 255, in; the task's raw outputs, float32, out.

    Normalisation is part of it, so that it can be used without anything else.
    """
    with _precision(candidate.training.precision):
        inputs = keras.Input(info.image_shape, name="images")
        # A channel that never changes has no deviation to divide by.
        scale = [1 / max(deviation, 1.0) for deviation in info.std]
        offset = [-mean * factor for mean, factor in zip(info.mean, scale, strict=True)]
        normalised = keras.layers.Rescaling(scale, offset, name="normalise")(inputs)
        features = candidate.architecture.build(normalised)
        outputs = candidate.task.head(features, info)
        return keras.Model(inputs, outputs, name="network")


def build_model(candidate: Candidate, info: DataInfo, steps: int) -> TrainingModel:
    """Build and compile the model that trains a candidate.

    Args:
        candidate: what to train.
        info: the data.
        steps: optimizer steps of one epoch.
    """
    settings = candidate.training
    network = build_network(candidate, info)
    fit_norm_momentum(network, steps)
    augmentation = [layer for part in candidate.augmentation for layer in part.build()]
    model = TrainingModel(network, candidate.task, info, augmentation, candidate.loss.build(), settings.ema)
    optimizer = _optimizer(candidate, steps * settings.epochs)
    # Decay pulls kernels towards zero; biases and the scales of norms have no reason to go there.
    spared = [weight for weight in network.trainable_variables if len(weight.shape) <= 1]
    optimizer.exclude_from_weight_decay(var_list=spared)
    jit = has_gpu() if settings.jit == "auto" else settings.jit
    model.compile(optimizer=optimizer, jit_compile=jit)
    network.compile(jit_compile=jit)
    optimizer.build(model.trainable_variables)
    return model


def fit_norm_momentum(network: keras.Model, steps: int) -> None:
    """Let the moving averages of batch normalisation follow the weights within an epoch.

    Keras's momentum of 0.99 looks hundreds of steps back. On 4,000 images with batches of 64 it gave a small
    CNN a validation accuracy of 0.10 to 0.21 after each of its first four epochs, though it was learning; a
    pruner fed with that stops good candidates.

    Args:
        network: the network, changed in place.
        steps: optimizer steps of one epoch.
    """
    momentum = max(0.0, 1 - NORM_TIME_CONSTANTS / steps)
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, momentum)


def _optimizer(candidate: Candidate, steps: int) -> keras.Optimizer:
    settings = candidate.training
    schedule = WarmUpSchedule(candidate.optimizer.learning_rate, steps, settings.warmup, settings.schedule)
    options = {} if settings.gradient_clip is None else {"global_clipnorm": settings.gradient_clip}
    optimizer = candidate.optimizer.build(schedule, **options)
    if _policy(settings.precision) == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


@contextmanager
def _precision(name: str) -> Iterator[None]:
    """Build layers under a dtype policy, which Keras knows as a global only, and put the old one back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_policy(name))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _policy(name: str) -> str:
    return mixed_precision() if name == "auto" else name
