"""COCO, Pascal VOC and YOLO: the same scene in all three formats, splits, and damaged files."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from automap.data.prepare import prepare
from automap.data.recognise.survey import dataset_type
from automap.data.sources.coco import Coco
from automap.data.sources.voc import Voc
from automap.data.sources.yolo import Yolo
from automap.data.targets.boxes import BoxesColumn, class_of
from automap.exceptions import DataError
from automap.interfaces.sample import BadSample, Notice, Sample

WIDTH, HEIGHT = 100, 60
BOXES = [("cat", 10, 20, 40, 50), ("dog", 50, 0, 100, 30)]
"""Left, top, right, bottom; right and bottom exclusive."""


def write_images(folder, names, suffix=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        Image.fromarray(astronaut()[index : index + HEIGHT, :WIDTH]).save(folder / f"{name}{suffix}")


def coco_content(names, first=1, **changes):
    annotations = [
        {"image_id": index, "category_id": 7 if label == "dog" else 3, "bbox": [x, y, right - x, bottom - y]}
        for index in range(first, first + len(names))
        for label, x, y, right, bottom in BOXES
    ]
    return {
        "images": [{"id": first + index, "file_name": f"{name}.png"} for index, name in enumerate(names)],
        "annotations": [{**each, **changes} for each in annotations],
        "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}],
    }


def write_coco(path, names, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(coco_content(names, **changes)))


def voc_object(label, left, top, right, bottom, difficult=0):
    edges = {"xmin": left + 1, "ymin": top + 1, "xmax": right, "ymax": bottom}
    box = "".join(f"<{name}>{value}</{name}>" for name, value in edges.items())
    return f"<object><name>{label}</name><difficult>{difficult}</difficult><bndbox>{box}</bndbox></object>"


def write_voc(folder, names, objects=None):
    write_images(folder / "JPEGImages", names, ".jpg")
    (folder / "Annotations").mkdir()
    for name in names:
        text = "".join(voc_object(*box) for box in BOXES) if objects is None else objects
        xml = f"<annotation><filename>{name}.jpg</filename>{text}</annotation>"
        (folder / "Annotations" / f"{name}.xml").write_text(xml)


def yolo_line(label, left, top, right, bottom):
    middle = (left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT
    size = (right - left) / WIDTH, (bottom - top) / HEIGHT
    return " ".join(str(number) for number in (["cat", "dog"].index(label), *middle, *size))


def write_yolo(images, labels, names):
    write_images(images, names)
    labels.mkdir(parents=True, exist_ok=True)
    for name in names:
        (labels / f"{name}.txt").write_text("\n".join(yolo_line(*box) for box in BOXES) + "\n")


def coco(folder):
    write_images(folder / "images", "ab")
    write_coco(folder / "boxes.json", "ab")
    return Coco(path=folder / "boxes.json")


def voc(folder):
    write_voc(folder, "ab")
    return Voc(path=folder)


def yolo(folder):
    write_yolo(folder / "images", folder / "labels", "ab")
    (folder / "data.yaml").write_text("names: [cat, dog]\n")
    return Yolo(path=folder)


@pytest.mark.parametrize("written", [coco, voc, yolo])
def test_the_same_boxes_in_every_format(written, tmp_path):
    records = list(written(tmp_path).samples())
    assert len(records) == 2
    for record in records:
        assert [name for name, *_ in record.target] == ["cat", "dog"]
        np.testing.assert_allclose([box for _, *box in record.target], [box for _, *box in BOXES], atol=1e-9)


@pytest.mark.parametrize("written", [coco, voc, yolo])
def test_a_folder_is_recognised(written, tmp_path):
    assert dataset_type(written(tmp_path).path) == written.__name__


def test_boxes_are_decoded_with_their_images(tmp_path):
    write_images(tmp_path / "images", map(str, range(12)))
    write_coco(tmp_path / "boxes.json", [str(index) for index in range(12)])
    data = prepare(Coco(path=tmp_path / "boxes.json", image_size=50), cache=tmp_path / "cache")
    assert data.info.image.shape == (50, 50, 3)
    assert data.info.target.classes == ("cat", "dog")
    assert data.info.target.max_boxes == 2
    # 100 × 60 in 50 × 50: half the size, and ten rows of padding above.
    np.testing.assert_allclose(data.targets[np.array([0])][0], [[5, 20, 20, 35, 0], [25, 10, 50, 25, 1]], atol=1e-4)


def test_cocos_own_folders_are_splits(tmp_path):
    for split in ("train", "val"):
        write_images(tmp_path / f"{split}2017", [f"{split}{index}" for index in range(2)])
        write_coco(tmp_path / "annotations" / f"instances_{split}2017.json", [f"{split}{index}" for index in range(2)])
    (tmp_path / "annotations" / "captions_train2017.json").write_text("{}")
    records = list(Coco(path=tmp_path).samples())
    assert [(record.name, record.split) for record in records] == [
        ("train0.png", "train"),
        ("train1.png", "train"),
        ("val0.png", "validation"),
        ("val1.png", "validation"),
    ]


def test_annotation_files_next_to_images_are_splits(tmp_path):
    for split in ("test", "train", "valid"):
        write_images(tmp_path / split, [split])
        write_coco(tmp_path / split / "_annotations.coco.json", [split])
    assert [record.split for record in Coco(path=tmp_path).samples()] == ["test", "train", "validation"]
    assert dataset_type(tmp_path) == "coco"


def test_yolos_folders_are_splits(tmp_path):
    write_yolo(tmp_path / "images" / "train", tmp_path / "labels" / "train", "a")
    write_yolo(tmp_path / "valid" / "images", tmp_path / "valid" / "labels", "b")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    records = {record.name: record for record in Yolo(path=tmp_path).samples()}
    assert {name: record.split for name, record in records.items()} == {
        "images/train/a.png": "train",
        "valid/images/b.png": "validation",
    }
    assert all(len(record.target) == 2 for record in records.values())


def test_vocs_lists_are_splits(tmp_path):
    write_voc(tmp_path, "abc")
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("b\n")
    found = list(Voc(path=tmp_path).samples())
    assert [each.split for each in found if isinstance(each, Sample)] == ["train", "validation", None]
    assert [each for each in found if isinstance(each, Notice)] == [
        Notice("c.jpg", "images that no split lists, used for training")
    ]


def test_crowds_and_difficult_objects_are_marked_as_ignored(tmp_path):
    write_images(tmp_path, "a")
    write_coco(tmp_path / "boxes.json", "a", iscrowd=1)
    [record] = Coco(path=tmp_path / "boxes.json").samples()
    assert {box[5:] for box in record.target} == {("crowd",)}
    write_voc(tmp_path / "voc", "a", voc_object("cat", 0, 0, 9, 9, difficult=1))
    [ignored], [kept] = Voc(path=tmp_path / "voc").samples(), Voc(path=tmp_path / "voc", difficult=True).samples()
    assert ignored.target == [("cat", 0.0, 0.0, 9.0, 9.0, True)]
    assert kept.target == [("cat", 0.0, 0.0, 9.0, 9.0)]


def test_ignored_boxes_are_kept_apart_from_the_boxes_of_their_class(tmp_path):
    column = BoxesColumn(("a", "b"))
    column.append(None, [["b", 0, 0, 4, 4, "crowd"], ["b", 1, 1, 2, 2, ""], ["a", 0, 0, 9, 9, ""]], usable=True)
    column.append(
        None, [["a", 0, 0, 4, 4, "crowd"], ["a", 1, 1, 3, 3, "object"], ["b", 0, 0, 3, 3, "object"]], usable=True
    )
    column.append(None, [], usable=True)
    assert column.write(tmp_path)["classes"] == ["a", "b"]
    table = np.load(tmp_path / "targets.npy")
    assert table[..., 4].tolist() == [[-4, 1, 0], [-2, -3, -5], [-1, -1, -1]]
    classes, crowds, ignored = class_of(table[:2, :, 4].ravel())
    assert classes.tolist() == [1, 1, 0, 0, 0, 1]
    assert crowds.tolist() == [True, False, False, True, False, False]
    assert ignored.tolist() == [False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bbox": [1, 2, "x", 4]}, "its bbox has an entry that is not a number"),
        ({"bbox": [1, 2, 3]}, "its bbox is not a list of x, y, width and height"),
        ({"bbox": [1, 2, -3, 4]}, "its box has a negative width or height"),
        ({"bbox": [1, 2, float("nan"), 4]}, "its box has an edge that is not a finite number"),
        ({"category_id": 77}, "its category is not among the categories"),
    ],
)
def test_a_damaged_coco_annotation_is_reported_with_its_number(changes, reason, tmp_path):
    write_images(tmp_path, "a")
    write_coco(tmp_path / "boxes.json", "a", id=5, **changes)
    [found] = Coco(path=tmp_path / "boxes.json").samples()
    assert isinstance(found, BadSample)
    assert found.name == "a.png (annotation 5)"
    assert reason in str(found)


def test_annotations_without_an_image_entry_are_reported_once(tmp_path):
    write_images(tmp_path, "a")
    write_coco(tmp_path / "boxes.json", "a", image_id=999)
    stranger, notice, record = Coco(path=tmp_path / "boxes.json").samples()
    assert notice == Notice("a.png", "images without annotations, used as images without objects")
    assert stranger == BadSample("image 999 in boxes.json", "has annotations, but is not among the images")
    assert record.target == []


def test_numbers_of_cocos_images_may_be_texts(tmp_path):
    write_images(tmp_path, "a")
    write_coco(tmp_path / "boxes.json", "a", image_id="1")
    [record] = Coco(path=tmp_path / "boxes.json").samples()
    assert len(record.target) == 2


CAT = voc_object("cat", 2, 2, 9, 9)


@pytest.mark.parametrize(
    ("objects", "reason"),
    [
        ("<object><name>cat</name></object>", "an object has no name or no bndbox"),
        (CAT.replace("<ymax>9</ymax>", ""), "the box of a cat lacks one of xmin, ymin, xmax and ymax"),
        (CAT.replace("<xmin>3", "<xmin>three"), "an edge of the box of a cat is not a number"),
        (CAT.replace("<xmin>3", "<xmin>30"), "its box has a negative width or height"),
    ],
)
def test_damaged_voc_objects_are_reported(objects, reason, tmp_path):
    write_voc(tmp_path, "a", objects)
    [found] = Voc(path=tmp_path).samples()
    assert isinstance(found, BadSample)
    assert found.name == "a.xml"
    assert reason in str(found)


def write_yolo_line(folder, line, names="names: [cat, dog]"):
    write_yolo(folder / "images", folder / "labels", "a")
    (folder / "labels" / "a.txt").write_text(f"{yolo_line(*BOXES[0])}\n\n{line}\n")
    (folder / "data.yaml").write_text(f"{names}\n")
    return Yolo(path=folder)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("9 0.5 0.5 0.1 0.1", "its class has no name (class 9 of 2, from 0)"),
        ("0.5 0.5 0.5 0.1 0.1", "its class has no name (class 0.5 of 2"),
        ("1 0.5 abc 0.1 0.1", "one of its words is not a number"),
        ("1 0.5 0.5", "has 2 numbers after the class; expected x, y, width and height, or a polygon"),
        ("1 50 30 20 10", "expected shares of the image's width and height, from 0 to 1"),
        ("1 nan 0.5 0.1 0.1", "expected shares of the image's width and height, from 0 to 1"),
        ("1 0.5 0.5 -0.005 0.1", "its box has a negative width or height"),
    ],
)
def test_a_damaged_yolo_line_is_reported_with_its_number(line, reason, tmp_path):
    [found] = write_yolo_line(tmp_path, line).samples()
    assert isinstance(found, BadSample)
    assert found.name == "labels/a.txt:3"
    assert reason in str(found)


def test_around_a_shape_of_yolo_its_box_is_taken(tmp_path):
    [record] = write_yolo_line(tmp_path, "1.0 0.5 0.1 0.9 0.5 0.5 0.8 0.2 0.5").samples()
    assert record.target[1] == ("dog", 0.2 * WIDTH, 0.1 * HEIGHT, 0.9 * WIDTH, 0.8 * HEIGHT)


def test_non_text_labels_are_reported(tmp_path):
    dataset = write_yolo_line(tmp_path, "")
    (tmp_path / "labels" / "a.txt").write_bytes(b"\xff\xfe0")
    assert list(dataset.samples()) == [BadSample("labels/a.txt", "not UTF-8 text, or not a regular file")]


def test_classes_of_yolo_may_be_numbered(tmp_path):
    assert write_yolo_line(tmp_path, "", "names: {1: dog, 0: cat}").class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("names: [cat, dog", r"data\.yaml:2:1: not valid YAML"),
        ("names: {1: cat, 2: dog}", r"data\.yaml: names: expected a list of classes, or classes numbered from 0"),
        ("names: cat", r"data\.yaml: names: expected a list"),
    ],
)
def test_unreadable_yolo_classes_are_reported(names, reason, tmp_path):
    with pytest.raises(DataError, match=reason):
        list(write_yolo_line(tmp_path, "", names).samples())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": {}}, "x.json: images: expected a list"),
        ({"annotations": [{"image_id": 1}]}, r"x.json: annotations\[0\]: missing category_id"),
        ({"images": [1]}, r"x.json: images\[0\]: missing id and file_name"),
        ({"categories": [{"name": "cat"}]}, r"x.json: categories\[0\]: missing id"),
        ({"categories": [{"id": "one", "name": "cat"}]}, r"x.json: categories\[0\].id: 'one': expected a whole number"),
    ],
)
def test_an_invalid_coco_file_is_refused(change, reason, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({**coco_content("a"), **change}))
    with pytest.raises(DataError, match=reason):
        list(Coco(path=tmp_path / "x.json").samples())


@pytest.mark.parametrize(
    ("make", "dataset", "reason"),
    [
        (lambda folder: (folder / "x.json").write_text("{"), Coco, r"x.json:1:2: not valid JSON"),
        (
            lambda folder: (folder / "x.json").write_text("[]"),
            Coco,
            "expected a mapping with images, annotations and categories",
        ),
        (lambda folder: write_coco(folder / "x.json", "a"), Coco, "dataset.images: a.png, the first image of"),
        (lambda folder: None, Coco, "has no annotation files"),
        (lambda folder: None, Voc, "has no folder Annotations"),
        (lambda folder: None, Yolo, "no images in a folder named images"),
        (lambda folder: write_yolo(folder / "images", folder / "labels", "a"), Yolo, "does not name its classes"),
    ],
)
def test_mismatched_data_sets_are_refused(make, dataset, reason, tmp_path):
    make(tmp_path)
    with pytest.raises(DataError, match=reason):
        list(dataset(path=tmp_path).samples())


def test_splits_with_other_categories_are_refused(tmp_path):
    for split in ("train", "val"):
        write_images(tmp_path / split, "a")
        content = coco_content("a")
        content["categories"][0]["name"] += split
        (tmp_path / split / "boxes.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="has other categories than"):
        list(Coco(path=tmp_path).samples())
