"""Building the network and the training model of a candidate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import keras

from automap.data.prepare import PreparedData
from automap.exceptions import TrainingError
from automap.interfaces.architecture import Features
from automap.interfaces.data_info import DataInfo
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.spec.candidate import Candidate
from automap.spec.training import TrainingSettings
from automap.training import backend
from automap.training.averaging import WeightAverage
from automap.training.extras import NO_EXTRAS, TrainingExtras, scale_learning_rates
from automap.training.fine_tuning import first_steps, learning_rate_factors
from automap.training.model import Parts, TrainingModel
from automap.training.normalise import normalise
from automap.training.per_example.model import PerExampleModel
from automap.training.per_example.requirements import require_separable
from automap.training.schedules import Schedule
from automap.training.several_inputs import fuse, input_tensors
from automap.training.weights.initial import load_initial_weights
from automap.training.weights.pretrained import load_pretrained

STATISTICS_AN_EPOCH = 5
"""Time constants of batch normalisation's moving averages per epoch."""
SMALLEST_MOMENTUM = 0.5


class Whole(NamedTuple):
    """A network and the feature maps in it."""

    network: keras.Model
    """From raw inputs to raw outputs."""
    features: Features
    """The backbone's feature maps by stride."""


def build_network(candidate: Candidate, info: DataInfo, *, pretrained: bool = False) -> keras.Model:
    """Build the network that is evaluated, saved and used for prediction: from raw images to raw outputs.

    Args:
        candidate: the candidate.
        info: describes the data.
        pretrained: whether to load the weights that `Architecture.pretrained` names.

    Returns:
        A functional model from the inputs by name (``image``: ``(batch, height, width, channels)`` in pixel values) to
        the task's raw outputs, float32. It includes normalisation and no augmentation.
    """
    return build_whole(candidate, info, pretrained=pretrained).network


def build_whole(candidate: Candidate, info: DataInfo, *, pretrained: bool = False) -> Whole:
    """Build a network as `build_network` does, and return its feature maps too."""
    trunk = build_trunk(candidate, info)
    network = network_on(trunk, candidate, info)
    if pretrained:
        load_pretrained(candidate.architecture, keras.Model(trunk.normalised, list(trunk.features.values())))
    return Whole(network, trunk.features)


class Trunk(NamedTuple):
    """The part of a network that does not depend on the task."""

    inputs: dict[str, keras.KerasTensor]
    """Raw inputs by name."""
    normalised: keras.KerasTensor
    """The image as the backbone takes it."""
    features: Features
    """The backbone's feature maps by stride."""


def build_trunk(candidate: Candidate, info: DataInfo) -> Trunk:
    """Build a candidate's inputs, normalisation and backbone."""
    with dtype_policy(precision_of(candidate.training)):
        inputs = input_tensors(info)
        normalised = normalise(inputs[IMAGE], info.image, candidate.architecture.preprocessing)
        return Trunk(inputs, normalised, candidate.architecture.build(normalised))


def network_on(trunk: Trunk, candidate: Candidate, info: DataInfo) -> keras.Model:
    """Build the network of a candidate on a backbone that is there already."""
    with dtype_policy(precision_of(candidate.training)):
        fused = fuse(candidate, trunk.features, trunk.inputs, info, trunk.normalised)
        outputs = candidate.task.outputs(fused, trunk.inputs, info)
        return keras.Model(trunk.inputs, outputs, name="network")


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Set Keras's default dtype policy within the block."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@dataclass(frozen=True)
class BatchPlan:
    """How the training split is divided into batches."""

    batch_size: int
    """Images in a batch."""
    steps: int
    """Batches in an epoch."""
    accumulation: int = 1
    """Batches whose gradients are summed into one optimizer step."""


def build_model(
    candidate: Candidate, data: PreparedData, plan: BatchPlan, extras: TrainingExtras = NO_EXTRAS
) -> TrainingModel:
    """Build and compile the training model of a candidate.

    Args:
        candidate: what to build.
        data: the data set to train on.
        plan: how it is cut into batches.
        extras: initial weights, learning rates by layer, a second loss, clipping.

    Returns:
        The compiled model, with all of its variables and its optimizer's.
    """
    return compile_model(build_parts(candidate, data.info, plan, extras), candidate, data, plan)


def build_parts(candidate: Candidate, info: DataInfo, plan: BatchPlan, extras: TrainingExtras = NO_EXTRAS) -> Parts:
    """Build a candidate's network, augmentations, loss and optimizer."""
    network, features = build_whole(candidate, info, pretrained=True)
    fit_statistics(network, plan.steps)
    if extras.initial_weights is not None:
        load_initial_weights(network, extras.initial_weights)
    for name, weights in (extras.head or {}).items():
        network.get_layer(name).set_weights(weights)
    augmentations = [layer for augmentation in candidate.augmentation for layer in augmentation.build()]
    loss = candidate.loss.build(info)
    steps = candidate.training.epochs * plan.steps
    optimizer = build_optimizer(candidate, steps, plan.accumulation)
    spare_from_decay(optimizer, network)
    factors = learning_rate_factors(candidate, network, features)
    starts = first_steps(candidate, network, features, steps)
    scale_learning_rates(optimizer, network, {**factors, **extras.learning_rate_factors}, starts)
    if extras.combine_gradients is not None:
        require_separable(candidate, network, precision_of(candidate.training))
    return Parts(network, augmentations, loss, optimizer, extras.second_loss, extras.combine_gradients)


def compile_model(parts: Parts, candidate: Candidate, data: PreparedData, plan: BatchPlan) -> TrainingModel:
    """Put the parts of a model together and compile them."""
    settings = candidate.training
    optimizer = parts.optimizer
    # The average is updated with every batch, also where several batches make one optimizer step.
    momentum = settings.average_momentum
    average = None if momentum is None else WeightAverage(parts.network, momentum ** (1 / plan.accumulation))
    model = _training_model(parts, candidate.task, data.info, average)
    _draw_step(model, data, plan.batch_size)
    if precision_of(settings) == "mixed_float16":
        # Keras does so by itself only where the model that is fitted has the policy, not a network within it.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer=optimizer, jit_compile=jit_of(settings, model))
    model.optimizer.build(model.trainable_variables)
    return model


def _training_model(parts: Parts, task: Task, info: DataInfo, average: WeightAverage | None) -> TrainingModel:
    if parts.combine is None:
        return TrainingModel(parts, task, info, average)
    return PerExampleModel(parts, task, info, average, parts.combine)


def _draw_step(model: TrainingModel, data: PreparedData, batch_size: int) -> None:
    stored = data.batch_targets(data.splits["train"][:1])
    # Augmentations may create their layers, and losses their weights, on the first batch. In the compiled step
    # it would be too late for their state to become variables of the model.
    batch = {
        "inputs": {
            name: keras.KerasTensor((batch_size, *each.shape), dtype=each.dtype)
            for name, each in data.info.inputs.items()
        },
        "targets": keras.KerasTensor((batch_size, *stored.shape[1:]), dtype=str(stored.dtype)),
    }
    outputs, target = model(batch, training=True)
    if isinstance(model.training_loss, keras.Layer):
        model.training_loss(target, outputs)


SPARED_NAMES = ("bias", "gamma", "beta", "embedding", "token")
"""Names of weights that are never decayed; the biases of attention, for instance, have two dimensions."""


def spare_from_decay(optimizer: keras.Optimizer, network: keras.Model) -> None:
    """Exclude biases, scales and offsets of norms, and embeddings from weight decay.

    Args:
        optimizer: changed in place, before it is built.
        network: its weights with at most one dimension, or with a name in `SPARED_NAMES`, are excluded.
    """
    optimizer.exclude_from_weight_decay(
        var_list=[weight for weight in network.trainable_weights if len(weight.shape) <= 1],
        var_names=list(SPARED_NAMES),
    )


def build_optimizer(candidate: Candidate, steps: int, accumulation: int = 1) -> keras.Optimizer:
    """Build the optimizer with its schedule and gradient clipping.

    Args:
        candidate: what to build.
        steps: batches of the whole training.
        accumulation: batches whose gradients are summed into one optimizer step.
    """
    settings = candidate.training
    schedule = Schedule(
        settings.schedule,
        candidate.optimizer.learning_rate,
        # Keras counts batches, not optimizer steps, in the iterations that a schedule sees.
        steps,
        round(settings.warmup * steps),
    )
    options: dict[str, object] = {}
    if settings.gradient_clip is not None:
        options["global_clipnorm"] = settings.gradient_clip
    if accumulation > 1:
        options["gradient_accumulation_steps"] = accumulation
    optimizer = candidate.optimizer.build(schedule, **options)
    schedule.track_in(optimizer)
    return optimizer


def precision_of(settings: TrainingSettings) -> str:
    """Return the dtype policy of a training; under ``auto`` mixed precision only on a GPU that supports it."""
    if settings.precision != "auto":
        return settings.precision
    return backend.gpu_precision() or "float32"


def jit_of(settings: TrainingSettings, model: keras.Model) -> bool:
    """Return whether the step is compiled with XLA: under ``auto`` on a GPU, and always on JAX.

    Raises:
        TrainingError: if the settings demand it and a layer cannot be compiled.
    """
    layers = model._flatten_layers()
    if keras.backend.backend() == "jax":
        # Layers that rotate or shift images use an operation that only TensorFlow has.
        for layer in layers:
            layer.supports_jit = True
        return settings.jit is not False
    refusing = sorted({type(layer).__name__ for layer in layers if not layer.supports_jit})
    if settings.jit is True and refusing:
        raise TrainingError(
            f"training.jit is true, but XLA cannot compile {', '.join(refusing)} on this backend; write jit: auto"
        )
    return settings.jit is True or (settings.jit == "auto" and not refusing and backend.gpu_name() is not None)


def fit_statistics(network: keras.Model, steps: int) -> None:
    """Lower the momentum of batch normalisation so that its moving averages converge within one epoch.

    Keras's momentum of 0.99 averages over hundreds of steps. On 4,000 images in batches of 64 that gave a small
    CNN a validation accuracy of 0.10 to 0.21 after each of its first four epochs, though it was learning: a
    scheduler would have stopped it.

    Args:
        network: changed in place, before it is compiled.
        steps: batches in an epoch.
    """
    fitting = max(SMALLEST_MOMENTUM, 1.0 - STATISTICS_AN_EPOCH / steps)
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, fitting)
