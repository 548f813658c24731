"""Every installed plugin passes the checks of `automap.testing`, and broken plugins fail them."""

from typing import ClassVar

import keras
import numpy as np
import pytest
from support.images import write_digits

from automap import Architecture, Augmentation, LossComponent, OptimizerComponent
from automap.interfaces.dataset import Dataset
from automap.spec.candidate import load_component
from automap.spec.plugins import find_plugins, load_plugin
from automap.testing import (
    check_architecture,
    check_augmentation,
    check_component,
    check_dataset,
    check_loss,
    check_optimizer,
    check_sampler,
    check_scheduler,
    check_task,
)


def installed(group):
    return pytest.mark.parametrize("component", [load_plugin(group, name) for name in find_plugins(group)])


@installed("automap.augmentations")
def test_augmentations(component):
    check_augmentation(component)


@installed("automap.losses")
def test_losses(component):
    check_loss(component)


@pytest.mark.slow
@installed("automap.optimizers")
def test_optimizers(component):
    check_optimizer(component)


@pytest.mark.slow
@installed("automap.tasks")
def test_tasks(component):
    check_task(component)


@installed("automap.schedulers")
def test_schedulers(component):
    check_scheduler(component)


@pytest.mark.parametrize("name", ["nsga2", "qmc", "random", "tpe", "cmaes"])
def test_samplers(name):
    check_sampler(load_plugin("automap.samplers", name))


def test_datasets(tmp_path):
    check_dataset(load_component(Dataset, {"type": "folder", "path": write_digits(tmp_path / "data")}))
    check_dataset(load_component(Dataset, "sklearn"))


class HalfSize(Architecture):
    """A map of the wrong size."""

    def build(self, inputs):
        return {1: keras.layers.Conv2D(4, 3, strides=2, padding="same")(inputs)}


class Undocumented(Architecture):
    def build(self, inputs):
        return {1: inputs}


class LeftBehind(Augmentation):
    """Flips images and leaves masks as they are."""

    serves: ClassVar[frozenset[str]] = frozenset({"segmentation_masks"})

    def build(self):
        return [FlipImages()]


class FlipImages(keras.layers.Layer):
    def call(self, batch, training=True):
        images = batch["images"][:, :, ::-1] if training else batch["images"]
        return {**batch, "images": images + keras.random.uniform(keras.ops.shape(images))}


class Rising(LossComponent):
    """A loss that no gradient lowers."""

    def build(self, info):
        return lambda targets, outputs: keras.ops.mean(keras.ops.stop_gradient(outputs) ** 2) + 0 * outputs[0, 0]


class Fixed(OptimizerComponent):
    """Ignores the learning rate that training passes."""

    def build(self, learning_rate, **options):
        return keras.optimizers.SGD(0.1, **options)


class Forgetful(Dataset):
    """Lists samples in another order each time."""

    def samples(self):
        from automap import Sample

        images = [Sample(f"{index}", {"image": np.full((8, 8), index, "uint8")}, "a") for index in range(10)]
        np.random.default_rng().shuffle(images)
        yield from images


@pytest.mark.parametrize(
    ("check", "component", "message"),
    [
        (check_component, Undocumented, "has no docstring"),
        (check_component, HalfSize, "importing .* imports .*keras"),
    ],
)
def test_a_promise_of_every_kind_that_is_broken_is_named(check, component, message):
    with pytest.raises(AssertionError, match=message):
        check(component)


@pytest.mark.parametrize(
    ("check", "component", "message"),
    [
        (check_architecture, HalfSize, "the feature map of stride 1 must be"),
        (check_augmentation, LeftBehind, "pixels must stay within 0 to 255|masks no longer match"),
        (check_loss, Rising, "does not lower the loss"),
        (check_optimizer, Fixed, "must follow the schedule"),
        (check_dataset, Forgetful(), "a second listing gives other samples"),
    ],
)
def test_a_promise_that_is_broken_is_named(check, component, message, monkeypatch):
    # These classes lie beside the import of Keras above.
    monkeypatch.setattr("automap.testing.component._check_imports", lambda _: None)
    with pytest.raises(AssertionError, match=message):
        check(component)
