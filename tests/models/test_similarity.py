"""Comparing images, and searching a gallery, with a trained model."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support.arrays import digits
from support.candidates import TINY, candidate
from support.training import train

from automap.exceptions import UserError
from automap.models.files import image_files
from automap.models.load import load_model
from automap.models.predict import Prediction, predict
from automap.models.similarity import compare, compares_images, search
from automap.spec.objectives import Objective

EACH = 5


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train embeddings of digits, and write images of the test split: a gallery of three kinds, and five to ask for."""
    folder, data = tmp_path_factory.mktemp("faces"), digits()
    which = candidate({**TINY, "filters": [16, 32]}, loss="arcface", task="face_recognition", epochs=4, batch_size=32)
    area = Objective(metric="auroc", direction="maximize")
    result = train(which, data, folder / "model", objective=area)
    assert result.state == "complete", result.reason
    for kind in (0, 1, 4):
        rows = data.splits["test"][data.targets[data.splits["test"]] == kind][: EACH + 5]
        for number, image in enumerate(data.images(rows)):
            place = folder / ("gallery" if number < EACH else "asked") / str(kind)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0]).save(place / f"{number}.png")
    return folder


def answers(folder):
    model = load_model(folder / "model")
    return model, list(predict(model, image_files([str(folder / "asked")]).files))


def test_matched_and_mismatched_pairs_are_distinguished(trained):
    model, found = answers(trained)
    assert compares_images(model)
    pairs = compare(model, found)
    assert len(pairs) == 15 * 14 // 2
    right = [pair.answer.same == (pair.source.parent.name in pair.answer.other.split("/")[-2]) for pair in pairs]
    assert np.mean(right) > 0.85
    one = pairs[0].answer
    assert one.same == (one.similarity >= model.metrics["threshold"])


def test_a_gallery_names_the_nearest_identity(trained):
    model, found = answers(trained)
    matches = search(model, found, trained / "gallery")
    assert np.mean([match.answer.identity == match.source.parent.name for match in matches]) > 0.85
    assert all(match.answer.nearest.startswith(str(trained / "gallery")) for match in matches)
    [itself] = search(
        model, list(predict(model, image_files([str(trained / "gallery/4/0.png")]).files)), trained / "gallery"
    )
    assert itself.answer.similarity == pytest.approx(1, abs=1e-5)
    assert itself.answer.nearest.endswith("gallery/4/0.png")


def test_images_that_cannot_be_compared_are_reported(trained, tmp_path):
    model, found = answers(trained)
    with pytest.raises(UserError, match="give at least two"):
        compare(model, found[:1])
    with pytest.raises(UserError, match="no such folder"):
        search(model, found, tmp_path / "nowhere")
    bad = Prediction(tmp_path / "bad.png", None, "not an image")
    assert compare(model, [*found[:2], bad])[-1] == bad
    assert search(model, [bad], trained / "gallery") == [bad]


def test_the_command_compares_and_searches(trained):
    asked = sorted(map(str, (trained / "asked/0").iterdir()))[:2]
    program = [sys.executable, "-c", "from automap.cli.main import main; main()"]
    command = [*program, "predict", str(trained / "model"), *asked, "--format", "json"]
    [pair] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert set(pair) == {"image", "other", "similarity", "same"}
    found = subprocess.run(
        [*command, "--gallery", str(trained / "gallery")], capture_output=True, text=True, check=True
    )
    assert [row["image"] for row in json.loads(found.stdout)] == asked
