"""Segmentation and enhancement from files to a trained, saved model and its answers."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from support.program import call_automap
from support.training import train as train_candidate

from automap import Spec
from automap.data.prepare import prepare
from automap.spec.draw import boundary_candidates


def write_scenes(folder, count=40):
    random = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for index in range(count):
        image = astronaut()[index : index + 32, 3 * index : 3 * index + 40, 0] // 3
        mask = np.zeros(image.shape, np.uint8)
        top, left = random.integers(0, 16, 2)
        mask[top : top + 12, left : left + 16] = 1
        Image.fromarray(np.where(mask > 0, 230, image).astype(np.uint8)).save(folder / "images" / f"{index}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{index}.png")


def train(spec, tmp_path):
    data = prepare(spec.dataset, cache=tmp_path / "cache")
    _, candidate = next(boundary_candidates(spec))
    directory = tmp_path / "trial"
    result = train_candidate(candidate, data, directory, objective=spec.objectives[0], test=True)
    assert result.state == "complete", result.reason
    return result, directory


def predict(*arguments):
    done = call_automap("predict", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_segmentation_learns_and_answers_with_masks(tmp_path):
    write_scenes(tmp_path / "d")
    spec = Spec.model_validate(
        {
            "dataset": {"type": "masks", "path": str(tmp_path / "d"), "classes": ["ground", "box"], "image_size": 32},
            "task": {"type": "segmentation", "decoder": "unet", "width": 8},
            "architecture": {"type": "cnn", "filters": [8, 16], "dense": 0, "dropout": 0.0},
            "augmentation": ["random_flip"],
            "optimizer": {"type": "adamw", "learning_rate": 1e-2},
            "training": {"epochs": 6, "batch_size": 8},
        }
    )
    result, directory = train(spec, tmp_path)
    assert result.validation["mean_iou"] > 0.8
    assert result.test["iou_box"] > 0.7
    [answer] = predict(directory, tmp_path / "d/images/0.png", "--output", tmp_path / "o", "--draw", tmp_path / "p")
    mask = np.asarray(Image.open(answer["picture"]))
    known = np.asarray(Image.open(tmp_path / "d/masks/0.png"))
    assert mask.shape == known.shape == (32, 40)
    assert (mask == known).mean() > 0.9
    assert {entry["label"] for entry in answer["classes"]} == {"ground", "box"}
    assert Image.open(answer["drawing"]).size == (40, 32)


@pytest.mark.slow
@pytest.mark.parametrize("worse", [{"noise": 30}, {"downscale": 2}])
def test_enhancement_gains_over_its_input(tmp_path, worse):
    (tmp_path / "d").mkdir()
    for index in range(4):
        Image.fromarray(astronaut()[index * 128 :, 120:248, 0][:128]).save(tmp_path / "d" / f"{index}.png")
    spec = Spec.model_validate(
        {
            "dataset": {"type": "degraded", "path": str(tmp_path / "d"), "patch": 32, "seed": 1, **worse},
            "task": {"type": "enhancement", "decoder": "unet", "width": 16},
            "architecture": {"type": "cnn", "filters": [16, 16], "dense": 0, "dropout": 0.0},
            "augmentation": ["random_flip"],
            "optimizer": {"type": "adamw", "learning_rate": 3e-3},
            "training": {"epochs": 8, "batch_size": 8},
        }
    )
    result, directory = train(spec, tmp_path)
    assert result.validation["psnr"] > result.validation["input_psnr"] + (2 if "noise" in worse else 0)
    scale = worse.get("downscale", 1)
    [answer] = predict(directory, tmp_path / "d/0.png", "--output", tmp_path / "o")
    enhanced = np.asarray(Image.open(answer["picture"])).astype(float)
    assert enhanced.shape == (128 * scale, 128 * scale)
    # At its own resolution, by tiles: what was clean stays nearly what it was.
    clean = np.asarray(Image.open(tmp_path / "d/0.png").resize((128 * scale, 128 * scale), Image.Resampling.BICUBIC))
    assert np.abs(enhanced - clean).mean() < 8
