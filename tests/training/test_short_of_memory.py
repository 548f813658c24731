"""A trial that runs out of memory, in a process whose memory is really limited."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from support.arrays import digits
from support.candidates import ACCURACY, TINY, candidate
from support.training import train

from automap.data.batches.batches import TrainingBatches
from automap.interfaces.scheduler import Decision
from automap.store.files import CHECKPOINT_FILE
from automap.training.build import BatchPlan, build_model
from automap.training.checkpoint import checkpointed_parts, identity_of, save_checkpoint
from automap.training.progress import Progress
from automap.training.request import Paused, TrialRequest
from automap.training.step_reuse.compiled_cache import CompiledModels

BATCH = 3000


def train_with(folder: Path, more_bytes: int) -> dict:
    command = [sys.executable, "-m", "support.short_of_memory", str(folder), str(BATCH), str(more_bytes)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_trial_is_retried_with_batches_in_two_parts(tmp_path):
    result = train_with(tmp_path, 1_800_000_000)
    assert result["state"] == "complete", result
    assert result["notes"][0].startswith(
        "trained with batches in two parts of 1500: out of memory: OOM when allocating"
    )


@pytest.mark.slow
def test_a_trial_that_still_does_not_fit_fails_with_the_reason(tmp_path):
    result = train_with(tmp_path, 900_000_000)
    assert result["state"] == "failed", result
    assert result["reason"].startswith("out of memory: OOM when allocating tensor")
    assert "try a smaller batch_size" in result["reason"]


def losses_and_weights(parts):
    steady = {"optimizer": {"type": "sgd", "learning_rate": 0.1}, "schedule": "constant", "warmup": 0.0}
    chosen, data = candidate(TINY, batch_size=64, **steady), digits(640)
    batches = TrainingBatches(data, 64, seed=3, parts=parts)
    assert (batches.batch_size, batches.steps % parts) == (64 // parts, 0)
    keras.utils.set_random_seed(0)
    model = build_model(chosen, data, BatchPlan(batches.batch_size, batches.steps, parts))
    for epoch in range(2):
        model.fit(batches.epoch(epoch), verbose=0, shuffle=False)
    return model.network.get_weights()


def test_two_parts_update_weights_like_a_whole_batch():
    for whole, halved in zip(losses_and_weights(1), losses_and_weights(2), strict=True):
        np.testing.assert_allclose(whole, halved, atol=1e-5)


def test_a_training_with_divided_batches_resumes_with_them(tmp_path):
    chosen, data = candidate(epochs=3), digits(640)
    request = TrialRequest(candidate=chosen, seed=0, directory=tmp_path, objective=ACCURACY)
    identity, path = identity_of(request, data), tmp_path / CHECKPOINT_FILE
    model, _ = CompiledModels().build(chosen, data, BatchPlan(32, 12, 2))
    weights = model.network.get_weights()
    point = {"epoch": 1, "images": 384, "seconds": 1.0, "learning_rate": 0.1, "train_loss": 1.0, "accuracy": 0.5}
    progress = Progress(curve=[point], steps=12, best_point=1, best_value=0.5, parts=2, notes=["in parts"])
    progress.weights = weights
    save_checkpoint(path, identity, model, progress)
    assert checkpointed_parts(path, identity) == 2
    assert checkpointed_parts(path, "another") == 1

    def stop(report):
        assert report.epoch == 2
        return Decision.PAUSE

    with pytest.raises(Paused):
        train(chosen, data, tmp_path, report=stop)
    result = train(chosen, data, tmp_path)
    assert [entry["epoch"] for entry in result.curve] == [1, 2, 3]
    assert result.notes[0] == "in parts"
