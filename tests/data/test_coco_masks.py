"""COCO's shapes against pycocotools, and annotation files as masks."""

import json

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as reference
from skimage.data import astronaut

from automap.data.prepare import prepare
from automap.data.sources.coco_masks import CocoMasks
from automap.data.sources.coco_shapes import decompressed, shape_mask

RANDOM = np.random.default_rng(0)
STAR = [10.3, 5.1, 40.8, 12.2, 61.0, 3.9, 50.5, 30.0, 63.2, 44.4, 33.3, 38.1, 8.8, 47.0, 15.5, 25.2]


def encoded(mask):
    return reference.encode(np.asfortranarray(mask.astype(np.uint8)))


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_run_lengths_equal_those_of_pycocotools(share):
    for size in ((17, 300), (64, 64), (1, 5)):
        mask = RANDOM.random(size) < share
        runs = encoded(mask)
        text = {"size": list(runs["size"]), "counts": runs["counts"].decode()}
        np.testing.assert_array_equal(shape_mask(text, *size), mask)
        plain = {"size": list(size), "counts": decompressed(runs["counts"])}
        np.testing.assert_array_equal(shape_mask(plain, *size), mask)


def test_polygons_match_pycocotools_up_to_their_edge():
    mine = shape_mask([STAR], 50, 70)
    theirs = reference.decode(reference.merge(reference.frPyObjects([STAR], 50, 70))).astype(bool)
    assert (mine & theirs).sum() / (mine | theirs).sum() > 0.95


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ([[1, 2, 3]], "a polygon has 3 numbers"),
        ({"size": [4, 4], "counts": [3, 2]}, "do not add up to 4×4"),
        ({"size": [9, 4], "counts": [36]}, "of an image of"),
        ({"size": [4, 4], "counts": "P"}, "end within a number"),
        ("abc", "neither polygons nor run lengths"),
    ],
)
def test_damaged_shapes_are_reported(segmentation, reason):
    with pytest.raises(ValueError, match=reason):
        shape_mask(segmentation, 4, 4)


def write_coco(folder, count=10):
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for index in range(count):
        Image.fromarray(astronaut()[index : index + 50, :70]).save(folder / "images" / f"{index}.png")
        images.append({"id": index, "file_name": f"{index}.png", "height": 50, "width": 70})
        inner = np.zeros((50, 70), bool)
        inner[20:25, 30:40] = True
        runs = encoded(inner)
        small = {"size": runs["size"], "counts": runs["counts"].decode()}
        annotations += [
            {"image_id": index, "category_id": 3, "area": 50, "segmentation": small},
            {"image_id": index, "category_id": 7, "area": 1500, "segmentation": [STAR]},
        ]
    categories = [{"id": 7, "name": "star"}, {"id": 3, "name": "hole"}]
    file = folder / "instances.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return CocoMasks(path=file, images=folder / "images", max_bad=0.5)


def test_a_file_of_annotations_becomes_masks(tmp_path):
    data = prepare(write_coco(tmp_path), cache=tmp_path / "cache")
    assert data.info.target.classes == ("background", "hole", "star")
    mask = data.targets[np.arange(1)][0]
    np.testing.assert_array_equal(mask == 1, np.pad(np.ones((5, 10), bool), ((20, 25), (30, 30))))
    assert (mask == 2).sum() == shape_mask([STAR], 50, 70).sum() - 50


def test_images_that_are_missing_and_damaged_shapes_are_bad_records(tmp_path):
    dataset = write_coco(tmp_path)
    (tmp_path / "images" / "4.png").unlink()
    content = json.loads(dataset.path.read_text())
    content["annotations"][0]["segmentation"] = [[1, 2]]
    content["annotations"][2] |= {"id": 8, "category_id": 99}
    content["annotations"][4]["image_id"] = 77
    del content["images"][3]["height"]
    dataset.path.write_text(json.dumps(content))
    reasons = {bad.name: bad.reason for bad in prepare(write_again(dataset), cache=tmp_path / "cache").bad}
    assert "a polygon has 2 numbers" in reasons.pop("0.png")
    assert "cannot be read" in reasons.pop("4.png")
    assert reasons == {
        "1.png (annotation 8)": "its category is not among the categories",
        "3.png": "the annotation file does not state its height and width",
        "image 77 in instances.json": "has annotations, but is not among the images",
    }


def write_again(dataset):
    """Return the data set as it is read now."""
    return CocoMasks(path=dataset.path, images=dataset.images, max_bad=0.5)
