"""Trials that learn embeddings: losses with weights, batches with several images of each identity."""

import keras
import numpy as np
import pytest
from support.arrays import classes_apart, digits
from support.candidates import TINY, candidate
from support.training import train

from automap.data.batches.batches import TrainingBatches
from automap.exceptions import TrainingError
from automap.interfaces.scheduler import Decision
from automap.spec.objectives import Objective
from automap.training.build import BatchPlan, build_model
from automap.training.request import Paused

AREA = Objective(metric="auroc", direction="maximize")
SMALL = {"type": "face_recognition", "embedding_size": 16}
LOSSES = ["arcface", "cosface", "triplet", "circle"]


def unseen():
    return classes_apart(digits(), validation=(5, 6), test=(8, 9))


def chosen(loss, **settings):
    return candidate({**TINY, "filters": [16, 32]}, loss=loss, task=settings.pop("task", SMALL), **settings)


def run(which, folder, *, data=None, **options):
    return train(which, data or unseen(), folder, objective=AREA, **options)


@pytest.mark.parametrize("loss", LOSSES)
def test_images_of_one_identity_come_together(loss, tmp_path):
    # Six kinds of digit are too few to learn what tells others apart, so these are new images of those kinds.
    result = run(chosen(loss, epochs=3, batch_size=32), tmp_path, data=digits(), test=True)
    assert result.state == "complete", result.reason
    assert result.curve[-1]["train_loss"] < result.curve[0]["train_loss"]
    assert result.test["auroc"] > 0.95
    assert result.test["rank1"] > 0.9
    assert "loss" not in result.validation
    network = keras.saving.load_model(tmp_path / "model.keras")
    images = unseen().images(unseen().splits["test"][:20])
    lengths = np.linalg.norm(network.predict({"image": images}, verbose=0), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)
    assert not any("centres" in weight.path for weight in network.weights)
    assert result.cost["parameters"] == network.count_params()


def test_the_centres_are_trained_with_the_network_one_for_each_trained_identity():
    data = unseen()
    batches = TrainingBatches(data, 32, seed=0)
    model = build_model(chosen("arcface"), data, BatchPlan(32, batches.steps))
    centres = model.training_loss.centres
    assert tuple(centres.shape) == (6, 16)
    assert any(variable is centres for variable in model.trainable_variables)
    before = np.array(centres)
    model.fit(batches.epoch(0), verbose=0, shuffle=False)
    assert (np.abs(np.array(centres) - before).max(axis=1) > 0).all()


@pytest.mark.parametrize("loss", ["arcface", "triplet"])
def test_a_trial_that_was_interrupted_ends_as_if_it_had_not_been(loss, tmp_path):
    which = chosen(loss, epochs=3, batch_size=32)
    whole = run(which, tmp_path / "whole")
    with pytest.raises(Paused):
        run(which, tmp_path / "parts", report=lambda _: Decision.PAUSE)
    resumed = run(which, tmp_path / "parts")
    assert [point["train_loss"] for point in resumed.curve] == [point["train_loss"] for point in whole.curve]
    assert resumed.validation == whole.validation


def test_batches_contain_enough_images_of_each_identity():
    data = unseen()
    batches = TrainingBatches(data, 34, seed=0, per_class=4)
    assert batches.batch_size == 32
    for batch in batches.epoch(0):
        targets = np.asarray(batch["targets"] if isinstance(batch, dict) else batch[0]["targets"]).reshape(-1, 4)
        assert (targets == targets[:, :1]).all()
    with pytest.raises(TrainingError, match=r"training\.batch_size"):
        TrainingBatches(data, 7, seed=0, per_class=4)


def test_each_place_can_have_weights_of_its_own():
    model = build_model(chosen("arcface", task={**SMALL, "pooling": "place"}), unseen(), BatchPlan(32, 10))
    assert model.network.get_layer("head_place").output.shape[1:3] == (1, 1)
    assert model.network.output_shape == (None, 16)
