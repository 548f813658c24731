"""Steps with per-example gradients, on both backends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.arrays import digits
from support.candidates import NORMED, TINY, candidate
from support.per_example import NORM, clipped_mean, mean
from support.training import train

from automap.training.extras import TrainingExtras


@pytest.mark.parametrize("backend", ["tensorflow", pytest.param("jax", marks=pytest.mark.slow)])
def test_the_mean_of_example_gradients_is_the_batch_gradient_and_clipping_bounds_the_step(backend):
    done = subprocess.run(
        [sys.executable, "-m", "support.per_example"],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["size"] > 10 * NORM
    assert found["difference"] < 1e-5
    assert found["difference_with_second_loss"] < 1e-5
    assert found["second_loss"] > 1e-2
    assert 0 < found["clipped"] <= NORM * 1.001
    assert found["same_example"] < 1e-6
    # Examples have dropout masks of their own.
    assert found["same_example_with_dropout"] > 1e-2


def test_a_trial_with_the_mean_gradient_trains_as_without(tmp_path):
    chosen = candidate(TINY, optimizer={"type": "adamw", "learning_rate": 1e-2}, epochs=2, augmentation=["random_crop"])
    plain = train(chosen, digits(400), tmp_path / "plain")
    result = train(chosen, digits(400), tmp_path / "mean", extras=TrainingExtras(combine_gradients=mean))
    assert result.state == "complete", result.reason
    for ours, theirs in zip(result.curve, plain.curve, strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=1e-3)
        assert ours["log_loss"] == pytest.approx(theirs["log_loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("architecture", "options", "reason"),
    [
        (NORMED, {}, "the batch normalisation '.*' mixes the images of a batch"),
        (TINY, {"augmentation": ["mix_up"]}, "the augmentation MixUp mixes the images of a batch"),
        (TINY, {"precision": "mixed_float16"}, "mixed_float16 scales the loss of a batch"),
        (
            TINY,
            {"task": {"type": "face_recognition", "embedding_size": 8}, "loss": "triplet"},
            "the loss Triplet compares the images of a batch",
        ),
    ],
)
def test_what_mixes_the_examples_of_a_batch_is_refused(tmp_path, architecture, options, reason):
    chosen = candidate(architecture, epochs=1, **options)
    result = train(chosen, digits(300), tmp_path, extras=TrainingExtras(combine_gradients=clipped_mean))
    assert result.state == "failed"
    assert re.match(f"per-example gradients: {reason}", result.reason), result.reason
