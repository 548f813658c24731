"""`automap train`: a candidate again, as new rows of the leaderboard."""

import json
import re

import numpy as np
import pytest
from support.images import digits
from support.program import call_automap, run_automap
from support.searching import write_tiny

from automap.models.load import load_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The options that name the database of a study with one trial."""
    folder = tmp_path_factory.mktemp("study")
    spec = write_tiny(folder, trials=1, epochs=1, storage=f"sqlite:///{folder}/automap.db")
    done = run_automap("search", spec)
    assert done.returncode == 0, done.stderr
    return ("--storage", f"sqlite:///{folder}/automap.db")


def rows(study):
    shown = call_automap("leaderboard", "tiny", *study, "--format", "json")
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)["rows"]


def test_longer_and_with_other_seeds(study):
    done = call_automap("train", "tiny:0", "--epochs", "2", "--seeds", "2", *study)
    assert done.returncode == 0, done.stderr
    assert "seed 2000, epoch 2 of 2: accuracy" in done.stderr
    (row,) = [row for row in rows(study) if row["state"] == "trained"]
    assert (row["trial"], row["seeds"], row["epochs"]) == (0, 2, 2)
    assert row["candidate"]["training"]["epochs"] == 2
    assert row["test"]["accuracy"]["std"] is not None
    model = row["artifacts"]
    assert model in done.stdout
    assert call_automap("doctor", "tiny", *study).returncode == 0


def test_on_all_data_there_are_only_test_metrics(study):
    done = call_automap("train", "tiny:0", "--all-data", *study)
    assert done.returncode == 0, done.stderr
    assert "accuracy: test" in done.stdout
    (row,) = [row for row in rows(study) if row["state"] == "trained" and not row["validation"]]
    assert row["rank"] is None
    assert row["reason"] == "trained on the training and validation splits: it has test metrics only"
    assert set(row["test"]) >= {"accuracy", "log_loss"}
    assert call_automap("doctor", "tiny", *study).returncode == 0


def test_what_cannot_be_trained_is_an_error(study):
    missing = call_automap("train", "tiny:7", *study)
    assert missing.returncode == 2
    assert "study 'tiny' has no trial 7" in missing.stderr


def test_a_model_goes_on_with_new_classes_and_shows_what_is_lost(study, tmp_path):
    images, labels = digits()
    rows_ = np.flatnonzero(labels < 3)[:60]
    names = np.array(["zero", "one", "2"])[labels[rows_]]
    np.savez(tmp_path / "new.npz", x=images[rows_], y=names)
    (tmp_path / "new.yaml").write_text("dataset: {type: npz, path: new.npz}\n")
    done = call_automap("train", "tiny:0", "--data", tmp_path / "new.yaml", "--epochs", "2", *study)
    assert done.returncode == 0, done.stderr
    assert "new classes: one, zero" in done.stdout
    old, new = done.stdout.split("new images, validation:")
    assert re.search(r"accuracy: [0-9.]+ → [0-9.]+", old)
    assert re.search(r"accuracy: [0-9.]+\n", new)
    assert call_automap("doctor", "tiny", *study).returncode == 0
    (row,) = [row for row in rows(study) if row["candidate"]["training"]["schedule"] == "cosine"]
    model = load_model(row["artifacts"])
    assert model.info.target.classes[-2:] == ("one", "zero")
