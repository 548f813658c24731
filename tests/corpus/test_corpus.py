"""Every case of the corpus through `check`, and through `init` and `check`."""

import json
import re

import numpy as np
import pytest
from corpus import arrays, boxes, folders, masks, tables
from corpus.case import class_folders
from support.program import call_automap

from automap.data.prepare import prepare
from automap.data.sources.coco import Coco

CASES = [case for module in (folders, tables, arrays, masks, boxes) for case in module.CASES]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check_counts_used_skipped_and_refused_samples(case, tmp_path):
    case.make(tmp_path)
    (tmp_path / "spec.yaml").write_text(f"dataset: {case.dataset}\n")
    done = call_automap("check", tmp_path / "spec.yaml", "--no-build", "--format", "json")
    if case.error:
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert case.error in done.stderr
        return
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    assert sum(data["records"].values()) == case.total
    assert {split: data["records"][split] for split in case.splits} == case.splits
    assert data["bad"] == case.bad
    assert case.classes is None or tuple(data["classes"]) == case.classes
    for warning in case.warnings:
        assert warning in data["warnings"]


@pytest.mark.parametrize("case", [case for case in CASES if case.init], ids=lambda case: case.name)
def test_check_accepts_specs_written_by_init(case, tmp_path):
    case.make(tmp_path)
    done = call_automap("init", tmp_path / case.init, "--output", tmp_path / "my spec (1).yaml")
    if case.error:
        assert done.returncode == 2 or "max_bad: " in (tmp_path / "my spec (1).yaml").read_text()
    if done.returncode:
        assert case.error
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        return
    [kind] = re.findall(r"type: (\w+)", case.dataset)
    assert f"type: {kind}" in (tmp_path / "my spec (1).yaml").read_text()
    checked = call_automap("check", tmp_path / "my spec (1).yaml", "--no-build", "--format", "json")
    assert checked.returncode == 0, checked.stderr
    if case.classes:
        assert tuple(json.loads(checked.stdout)["data"]["classes"]) == case.classes


@pytest.mark.parametrize("orientation", [1, 5, 6, 7, 8])
def test_boxes_over_stored_pixels_lie_on_the_object_of_the_turned_image(orientation, tmp_path):
    boxes.coco(orientation=orientation)(tmp_path)
    data = prepare(Coco(path=tmp_path / "data/a.json", image_size=64), cache=tmp_path / "cache")
    images = data.images(np.arange(12)).astype(float).mean(axis=-1)
    for image, [box] in zip(images, np.asarray(data.targets[np.arange(12)]), strict=True):
        left, top, right, bottom = (round(float(edge)) for edge in box[:4])
        assert image[top + 1 : bottom - 1, left + 1 : right - 1].min() > 150
        assert (right - left) * (bottom - top) == pytest.approx(24 * 16, rel=0.1)


def test_splits_without_training_samples_are_refused_with_their_place(tmp_path):
    class_folders(tmp_path / "data", "cat", "dog")
    spec = tmp_path / "spec.yaml"
    spec.write_text("dataset:\n  type: folder\n  path: data\n  splits: {validation: 60%, test: 50%}\n")
    done = call_automap("check", spec, "--no-build")
    assert done.returncode == 2
    assert "validation (60%) and test (50%) leave no samples to train on" in done.stderr
    assert "spec.yaml:4" in done.stderr


@pytest.mark.parametrize(
    "output", ["my pics.yaml", "2024.yaml", "-x-.yaml", "ünï (1).yaml", "no.yaml", ".yaml", "#a.yaml"]
)
def test_any_name_of_a_spec_gives_a_study_a_valid_name(output, tmp_path):
    class_folders(tmp_path / "data", "cat", "dog")
    done = call_automap("init", tmp_path / "data", "--output", tmp_path / output)
    assert done.returncode == 0, done.stderr
    checked = call_automap("check", tmp_path / output, "--no-build")
    assert checked.returncode == 0, checked.stderr
