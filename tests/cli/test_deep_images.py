"""Images of more than 8 bits, more than three channels, or 300×30 pixels: from files to a model that predicts."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image
from support.images import digits
from support.program import run_automap

SPEC = """\
dataset: {type: folder, path: data}
architecture: {type: cnn, filters: [16, 32, 32], dense: 64, dropout: 0.0}
augmentation: none
optimizer: {type: adamw, learning_rate: 5e-3}
training: {epochs: 30, batch_size: 32}
budget: {trials: 1}
finalists: {top: 0}
"""


def scan(image, _):
    """Return a scan of 12 bits in a TIFF of 16: a sixteenth of the range of the file, on a bright ground."""
    return ".tif", np.kron(image.astype(np.uint16) * 8 + 700, np.ones((2, 2), np.uint16)), tifffile.imwrite


def bands(image, _):
    """Return floats in five bands, of which one shows the digit."""
    values = np.full((8, 8, 5), 0.25, np.float32)
    values[..., 3] = np.sqrt(image / 100)
    return ".npy", values, np.save


def strip(image, label):
    """Return a picture of 300×30 pixels with a digit at the place that its class has."""
    values = np.zeros((30, 300), np.uint8)
    values[3:27, 20 + 70 * label : 44 + 70 * label] = np.kron(image, np.ones((3, 3), np.uint8))
    return ".png", values, lambda path, pixels: Image.fromarray(pixels).save(path)


@pytest.mark.parametrize(
    ("made", "shape", "depth", "value_range"),
    [(scan, [16, 16, 1], 16, None), (bands, [8, 8, 5], 16, [0, 2.55**0.5]), (strip, [30, 300, 1], 8, None)],
    ids=["12 bits", "bands", "300×30"],
)
def test_images_are_learned_and_recognised_by_the_range_of_the_data_set(tmp_path, made, shape, depth, value_range):
    images, targets = digits()
    files = {}
    for index in np.flatnonzero(targets < 4)[:240]:
        suffix, values, write = made(images[index], targets[index])
        path = tmp_path / "data" / str(targets[index]) / f"{index}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, values)
        files[path.name] = str(targets[index])
    (tmp_path / "deep.yaml").write_text(SPEC)
    environment = {"AUTOMAP_CACHE": str(tmp_path / "cache")}
    checked = run_automap("check", "deep.yaml", "--no-build", "--format", "json", cwd=tmp_path, **environment)
    data = json.loads(checked.stdout)["data"]
    assert (data["image_shape"], data["bit_depth"]) == (shape, depth)
    assert data["value_range"] == pytest.approx(value_range) if value_range else data["value_range"] is None
    searched = run_automap("search", "deep.yaml", cwd=tmp_path, **environment)
    assert searched.returncode == 0, searched.stderr
    predicted = run_automap(
        *("predict", "automap.runs/deep/winner", "data", "--format", "json", "--draw", "drawn"),
        cwd=tmp_path,
        **environment,
    )
    assert predicted.returncode == 0, predicted.stderr
    answers = json.loads(predicted.stdout)
    right = [answer["label"] == files[answer["image"].rpartition("/")[2]] for answer in answers]
    assert len(right) == 240
    assert np.mean(right) > 0.9
    # A whole folder shows what range was stored: one image by itself, dark or bright, is scaled in the same way.
    alone = run_automap(
        "predict", "automap.runs/deep/winner", f"data/{files[(name := next(iter(files)))]}/{name}", "--format", "json",
        cwd=tmp_path, **environment,
    )  # fmt: skip
    [one] = json.loads(alone.stdout)
    assert one["probability"] == pytest.approx(
        next(answer["probability"] for answer in answers if answer["image"].endswith("/" + name)), abs=1e-3
    )
