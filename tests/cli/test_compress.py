"""`automap compress`: rows beside their parent, measured on the exported file."""

import json
from pathlib import Path

import pytest
from support.program import call_automap, run_automap
from support.searching import write_tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The options that name the database of a study with one trial."""
    folder = tmp_path_factory.mktemp("study")
    spec = write_tiny(folder, trials=1, epochs=1, storage=f"sqlite:///{folder}/automap.db")
    done = run_automap("search", spec)
    assert done.returncode == 0, done.stderr
    return ("--storage", f"sqlite:///{folder}/automap.db")


def compressed(study):
    rows = json.loads(call_automap("leaderboard", "tiny", *study, "--format", "json").stdout)["rows"]
    return [row for row in rows if row["state"] == "compressed"]


def test_compressed_models_are_rows_with_a_parent(study):
    done = call_automap("compress", "tiny", *study, "--max-loss", "1")
    assert done.returncode == 0, done.stderr
    (row,) = compressed(study)
    assert (row["parent"], row["trial"]) == (0, 0)
    assert row["compression"] == {"method": "quantize", "precision": "int8", "format": "onnx"}
    (file,) = Path(row["artifacts"]).glob("model.onnx")
    assert file.stat().st_size == row["cost"]["size_bytes"]
    assert str(file) in done.stdout
    assert "trial 0, quantize (int8, onnx)" in run_automap("leaderboard", "tiny", *study, COLUMNS="200").stdout
    assert call_automap("doctor", "tiny", *study).returncode == 0


def test_pruned_models_of_several_seeds_are_one_row(study):
    options = ("--method", "prune", "--sparsity", "0.5", "--epochs", "1", "--seeds", "2", "--max-loss", "1")
    done = call_automap("compress", "tiny:0", *options, *study)
    assert done.returncode == 0, done.stderr
    assert "kept all channels of logits: it is an output of the network" in done.stdout
    (row,) = [row for row in compressed(study) if row["compression"]["method"] == "prune"]
    assert row["seeds"] == 2
    assert row["compression"]["sparsity"] == 0.5


def test_without_a_smaller_trial_there_is_nothing_to_distil_into(study):
    done = call_automap("compress", "tiny", "--method", "distill", *study)
    assert done.returncode == 2
    assert (
        "no complete trial with at most half the parameters of trial 0; name another one with --student" in done.stderr
    )


def test_the_card_of_a_studys_model_has_its_metrics(study, tmp_path):
    done = call_automap("export", "tiny", "--format", "onnx", "--output", tmp_path / "out", *study)
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "out/MODEL_CARD.md").read_text()
    assert "In the study `tiny`: 1 training." in card
    assert "| `accuracy` | " in card
