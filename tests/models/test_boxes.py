"""A detector that was trained on small images finds boxes in larger ones, through the command line."""

import json

import numpy as np
import pytest
from PIL import Image
from support.candidates import candidate
from support.program import run_automap
from support.training import train

from automap.data.prepare import prepare
from automap.data.sources.coco import Coco
from automap.spec.objectives import Objective
from automap.tasks.detection.average_precision import iou

pytestmark = pytest.mark.slow

CLASSES = ("bar", "square")


def scene(random, height, width, scale=1):
    """Return an image of noise with a bright square or bar on it, its class and its box."""
    image = random.integers(0, 90, (height, width)).astype(np.uint8)
    label = int(random.integers(2))
    side = int(random.integers(12, 18)) * scale
    tall, wide = (side, side) if label else (side // 2, int(side * 1.4))
    top, left = int(random.integers(0, height - tall + 1)), int(random.integers(0, width - wide + 1))
    image[top : top + tall, left : left + wide] = 220
    return image, label, (left, top, left + wide, top + tall)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("boxes"), np.random.default_rng(0)
    (folder / "images").mkdir()
    images, annotations = [], []
    for number in range(240):
        image, label, (left, top, right, bottom) = scene(random, 48, 48)
        Image.fromarray(image).save(folder / "images" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png"})
        box = [left, top, right - left, bottom - top]
        annotations.append({"image_id": number, "category_id": label, "bbox": box})
    categories = [{"id": index, "name": name} for index, name in enumerate(CLASSES)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "boxes.json").write_text(json.dumps(content))
    data = prepare(Coco(path=folder / "boxes.json"), cache=folder / "cache")
    which = candidate(
        {"type": "cnn", "filters": [16, 32, 32], "dense": 0, "dropout": 0.0},
        task={"type": "detection", "width": 32, "depth": 1},
        loss="fcos",
        augmentation=["random_flip", "random_translation", "color_jitter"],
        optimizer={"type": "adamw", "learning_rate": 5e-3},
        epochs=12,
        batch_size=16,
    )
    objective = Objective(metric="ap50", direction="maximize")
    result = train(which, data, folder / "model", objective=objective, test=True)
    assert result.state == "complete", result.reason
    assert result.test["ap50"] > 0.8
    return folder


def test_boxes_are_in_pixels_of_the_image(trained, tmp_path):
    random = np.random.default_rng(1)
    truth = {}
    for number in range(8):
        # Twice as large as what it was trained on, and wider: it is fitted into the record with padding above and below.
        image, label, box = scene(random, 80, 96, scale=2)
        Image.fromarray(image).save(tmp_path / f"{number}.png")
        truth[str(tmp_path / f"{number}.png")] = CLASSES[label], box
    done = run_automap(
        "predict", trained / "model", tmp_path, "--format", "json", "--draw", tmp_path / "drawn", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == 8
    hits = 0
    for answer in answers:
        label, box = truth[answer["image"]]
        assert [found["probability"] for found in answer["boxes"]] == sorted(
            (found["probability"] for found in answer["boxes"]), reverse=True
        )
        best = answer["boxes"][0]
        hits += best["label"] == label and iou(np.array([best["box"]]), np.array([box]))[0, 0] > 0.5
        drawn = np.asarray(Image.open(answer["drawing"])).astype(int)
        assert drawn.shape == (80, 96, 3)
        if best["probability"] >= 0.5:
            coloured = np.abs(drawn[..., 0] - drawn[..., 2]) > 50
            left, _, right, bottom = (int(edge) for edge in best["box"])
            assert coloured[min(bottom, 79), (left + right) // 2]
    assert hits >= 6


def test_a_table_has_a_row_for_each_box(trained, tmp_path):
    image, label, _ = scene(np.random.default_rng(2), 48, 48)
    Image.fromarray(image).save(tmp_path / "one.png")
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(tmp_path / "two.png")
    done = run_automap("predict", trained / "model", "one.png", "two.png", "--format", "csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header == "image,label,probability,left,top,right,bottom"
    assert rows[0].startswith(f"one.png,{CLASSES[label]},0.")
    assert rows[-1].startswith("two.png,")
    shown = run_automap("predict", trained / "model", "one.png", cwd=tmp_path)
    assert CLASSES[label] in shown.stdout
