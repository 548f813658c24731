"""Trials on reused compiled models give exactly the same results as alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from support.arrays import digits
from support.candidates import NORMED, TINY, candidate
from support.training import train

from automap.interfaces.scheduler import Decision
from automap.spec.plugins import find_plugins
from automap.training.request import Paused
from automap.training.step_reuse.compiled_cache import CompiledModels


def run(chosen, folder, compiled=None, *, seed=0, **options):
    result = train(chosen, digits(300), folder, seed=seed, compiled=compiled, **options)
    assert result.state == "complete", result.reason
    return [{name: value for name, value in point.items() if name != "seconds"} for point in result.curve]


def weights_of(folder):
    return keras.saving.load_model(folder / "model.keras").get_weights()


def assert_same_model(one: Path, other: Path):
    for left, right in zip(weights_of(one), weights_of(other), strict=True):
        np.testing.assert_array_equal(left, right)


def pair(architecture=TINY, *, augmentation=(), moved=(), optimizer, other, **training):
    """Return two candidates that differ in their numbers, in the length of training and in its warm-up."""
    one = candidate(architecture, augmentation=augmentation, optimizer=optimizer, epochs=2, **training)
    return one, candidate(architecture, augmentation=moved, optimizer=other, epochs=3, warmup=0.2, **training)


PAIRS = {
    "norms-ema-translation": pair(
        NORMED,
        augmentation=[{"type": "random_translation", "height": 0.1, "width": 0.2}, "mix_up"],
        moved=[{"type": "random_translation", "height": 0.3, "width": 0.05}, "mix_up"],
        optimizer={"type": "adamw", "learning_rate": 3e-3, "weight_decay": 1e-2},
        other={"type": "adamw", "learning_rate": 8e-3, "weight_decay": 0.3},
        ema=0.9,
    ),
    "dropout-clip": pair(
        {**TINY, "dropout": 0.3},
        task={"type": "classification", "dropout": 0.1},
        optimizer={"type": "sgd", "learning_rate": 0.05},
        other={"type": "sgd", "learning_rate": 0.2, "weight_decay": 5e-3},
        gradient_clip=1.0,
    ),
    "schedule-free": pair(
        optimizer={"type": "schedule_free_adamw", "learning_rate": 3e-3},
        other={"type": "schedule_free_adamw", "learning_rate": 9e-3, "weight_decay": 0.1},
        schedule="constant",
    ),
}


@pytest.mark.parametrize(("first", "second"), PAIRS.values(), ids=PAIRS)
def test_a_reused_model_gives_the_same_weights_as_a_new_one(tmp_path, first, second):
    compiled = CompiledModels()
    run(first, tmp_path / "first", compiled)
    reused = run(second, tmp_path / "reused", compiled, seed=7)
    assert compiled.reused == 1
    assert run(second, tmp_path / "fresh", seed=7) == reused
    assert_same_model(tmp_path / "reused", tmp_path / "fresh")


@pytest.mark.parametrize("name", sorted(find_plugins("automap.optimizers")))
def test_adjustable_numbers_of_optimizers_are_not_compiled(tmp_path, name):
    compiled = CompiledModels()
    known = {"learning_rate": 2e-3, "weight_decay": 0.01}
    plain = candidate(optimizer={"type": name, "learning_rate": 1e-3}, epochs=1)
    names = sorted(type(plain.optimizer).adjustable)
    assert set(names) <= known.keys(), "give the test a value for the new one"
    first, second = (
        candidate(optimizer={"type": name, **{each: factor * known[each] for each in names}}, epochs=1)
        for factor in (1, 5)
    )
    run(first, tmp_path / "first", compiled)
    reused = run(second, tmp_path / "reused", compiled)
    assert compiled.reused == 1
    assert reused == run(second, tmp_path / "fresh")
    assert_same_model(tmp_path / "reused", tmp_path / "fresh")


AUGMENTATIONS = [
    ("random_translation", {"height": 0.1, "width": 0.1}, {"height": 0.2, "width": 0.3}),
    ("random_rotation", {"degrees": 5.0}, {"degrees": 40.0}),
    ("random_zoom", {"amount": 0.1}, {"amount": 0.4}),
    (
        "color_jitter",
        {"brightness": 0.1, "contrast": 0.1, "saturation": 0.1, "hue": 0.1},
        {"brightness": 0.3, "contrast": 0.4, "saturation": 0.5, "hue": 0.2},
    ),
    ("random_erasing", {"probability": 0.1}, {"probability": 0.9}),
    ("rand_augment", {"strength": 0.1}, {"strength": 0.8}),
    ("aug_mix", {"strength": 0.1}, {"strength": 0.8}),
    ("mix_up", {"alpha": 0.2}, {"alpha": 1.0}),
    ("cut_mix", {"alpha": 0.3}, {"alpha": 1.0}),
]


@pytest.mark.parametrize(("name", "before", "after"), AUGMENTATIONS, ids=[entry[0] for entry in AUGMENTATIONS])
def test_adjustable_numbers_of_augmentations_are_not_compiled(tmp_path, name, before, after):
    compiled = CompiledModels()
    first, second = (candidate(augmentation=[{"type": name, **numbers}], epochs=1) for numbers in (before, after))
    assert set(before) == type(first.augmentation[0]).adjustable
    earlier = run(first, tmp_path / "first", compiled)
    reused = run(second, tmp_path / "reused", compiled)
    assert compiled.reused == 1
    assert reused == run(second, tmp_path / "fresh") != earlier


def test_every_augmentation_with_adjustable_numbers_is_tested():
    shown = {name for name, _, _ in AUGMENTATIONS}
    for name in sorted(find_plugins("automap.augmentations")):
        component = candidate(augmentation=[name]).augmentation[0]
        assert bool(type(component).adjustable) == (name in shown), name


def saved_rates(folder):
    layers = keras.saving.load_model(folder / "model.keras")._flatten_layers()
    return [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]


SMALL = {
    "cnn": {"filters": [8], "dense": 16},
    "resnet": {"blocks": 2, "width": 4},
    "mobilenet": {},
    "convnext": {"blocks": [2], "width": 4},
    "efficientnet": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_dropout_rates_are_not_compiled(tmp_path, name):
    compiled = CompiledModels()
    [field] = type(candidate(name).architecture).adjustable
    first, second = (candidate({"type": name, **SMALL[name], field: rate}, epochs=1) for rate in (0.2, 0.5))
    earlier = run(first, tmp_path / "first", compiled)
    reused = run(second, tmp_path / "reused", compiled)
    assert compiled.reused == 1
    assert reused == run(second, tmp_path / "fresh") != earlier
    assert_same_model(tmp_path / "reused", tmp_path / "fresh")
    # What is saved are Keras's layers, with the rates that they were trained with.
    assert max(saved_rates(tmp_path / "reused")) > max(saved_rates(tmp_path / "first"))
    assert saved_rates(tmp_path / "reused") == saved_rates(tmp_path / "fresh")


def test_every_architecture_with_adjustable_numbers_is_tested():
    known = find_plugins("automap.architectures")
    assert {name for name in known if type(candidate(name).architecture).adjustable} == SMALL.keys()


@pytest.mark.parametrize(
    "other",
    [
        candidate({**TINY, "filters": [8, 8]}, epochs=1),
        candidate(epochs=1, batch_size=32),
        candidate(epochs=1, schedule="constant"),
        candidate(epochs=1, ema=0.9),
        candidate(epochs=1, optimizer={"type": "adamw", "learning_rate": 3e-3, "weight_decay": 0.0}),
        candidate(epochs=1, loss={"type": "cross_entropy", "label_smoothing": 0.1}),
    ],
    ids=["architecture", "batch", "schedule", "average", "no-decay", "smoothing"],
)
def test_changes_of_the_step_are_recompiled(tmp_path, other):
    compiled = CompiledModels()
    run(candidate(epochs=1), tmp_path / "one", compiled)
    found = run(other, tmp_path / "other", compiled)
    assert compiled.reused == 0
    assert found == run(other, tmp_path / "alone")


def test_an_interrupted_trial_resumes_exactly_on_a_reused_model(tmp_path):
    chosen, other = PAIRS["norms-ema-translation"][1], PAIRS["norms-ema-translation"][0]
    whole = run(chosen, tmp_path / "whole", seed=3)
    compiled = CompiledModels()
    with pytest.raises(Paused):
        run(
            chosen,
            tmp_path / "parts",
            compiled,
            seed=3,
            report=lambda epoch: Decision.PAUSE if epoch.epoch == 1 else Decision.CONTINUE,
        )
    run(other, tmp_path / "between", compiled, seed=5)
    assert run(chosen, tmp_path / "parts", compiled, seed=3) == whole
    assert compiled.reused == 2
    assert_same_model(tmp_path / "parts", tmp_path / "whole")


def test_a_failed_trial_does_not_affect_the_next(tmp_path):
    compiled = CompiledModels()
    diverging = candidate(optimizer={"type": "sgd", "learning_rate": 3e38}, schedule="constant", warmup=0)
    failed = train(diverging, digits(300), tmp_path / "failed", compiled=compiled)
    assert failed.state == "failed"
    calm = candidate(optimizer={"type": "sgd", "learning_rate": 0.05}, schedule="constant", warmup=0)
    assert run(calm, tmp_path / "after", compiled) == run(calm, tmp_path / "alone")


def test_the_models_that_were_not_used_for_longest_are_forgotten(tmp_path):
    compiled = CompiledModels(most=1)
    for name, filters in (("a", 8), ("b", 4), ("a-again", 8)):
        run(candidate({**TINY, "filters": [filters]}, epochs=1), tmp_path / name, compiled)
    assert compiled.reused == 0


FRESH = """
import json, sys
from pathlib import Path
from automap import Candidate
from support.arrays import digits
from support.training import train
chosen = Candidate.model_validate(json.loads(sys.argv[1]))
train(chosen, digits(300), Path(sys.argv[2]), seed=7)
"""


@pytest.mark.slow
def test_a_new_process_gives_the_same_weights(tmp_path):
    first, second = PAIRS["norms-ema-translation"]
    compiled = CompiledModels()
    run(first, tmp_path / "first", compiled)
    run(second, tmp_path / "reused", compiled, seed=7)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    arguments = [json.dumps(second.to_data()), str(tmp_path / "fresh")]
    subprocess.run([sys.executable, "-c", FRESH, *arguments], check=True, env=environment)
    assert compiled.reused == 1
    assert_same_model(tmp_path / "reused", tmp_path / "fresh")
