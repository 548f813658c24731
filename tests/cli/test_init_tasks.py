"""``automap init`` for other tasks than classification: targets are recognised in tables and folders."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from support.images import write_digits
from support.program import call_automap
from support.tables import read_rows, write_rows, write_table

from automap import load_spec
from automap.data.prepare import prepare

DIGITS = load_digits()
EVEN, ROUND = (0, 2, 4, 6, 8), (0, 6, 8, 9)
WORDS = ("round zero", "thin one", "swan two", "open three", "thin four", "hook five", "round six", "thin seven")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    for index, image in enumerate(DIGITS.images[:60]):
        Image.fromarray((image * (255 / 16)).astype("uint8")).save(folder / f"{index}.png")
    return folder


def table(folder, **columns):
    """Write a table of the 60 digits with further columns, each made from a digit and its image."""
    lines = [",".join(["image", *columns])]
    for index, (image, digit) in enumerate(zip(DIGITS.images[:60], DIGITS.target[:60], strict=True)):
        lines.append(",".join([f"{index}.png", *(str(make(int(digit), image)) for make in columns.values())]))
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def initialised(tmp_path, *arguments):
    done = call_automap("init", *arguments, "--output", tmp_path / "spec.yaml")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "spec.yaml").read_text(encoding="utf-8")
    return load_spec(tmp_path / "spec.yaml"), text


def refused(*arguments):
    done = call_automap("init", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr


def even(digit, image):
    return int(digit in EVEN)


def curved(digit, image):
    return int(digit in ROUND)


def ink(digit, image):
    return round(image.sum() / 7, 2)


def kind(digit, image):
    return WORDS[digit % 8]


@pytest.mark.parametrize("form", [lambda mark: mark, lambda mark: bool(mark), lambda mark: float(mark)])
def test_columns_of_marks_are_labels(images, tmp_path, form):
    path = table(images, even=lambda *each: form(even(*each)), round=lambda *each: form(curved(*each)), ink=ink)
    spec, text = initialised(tmp_path, path)
    assert spec.task.type == "multi_label"
    assert spec.dataset.label_columns == ("even", "round")
    assert "# assumed: each of even, round is a label, as they hold 0 and 1" in text
    assert "objectives: [mean_average_precision]" in text
    assert f"even {sum(digit in EVEN for digit in DIGITS.target[:60])}" in text


def test_exclusive_indicator_columns_may_be_classes(images, tmp_path):
    path = table(images, even=even, odd=lambda *each: 1 - even(*each))
    _, text = initialised(tmp_path, path)
    assert "each image has exactly one of them: if they are classes" in text


@pytest.mark.parametrize(("separator", "column"), [(";", "labels"), ("|", "label"), (" ", "tags"), ("; ", "classes")])
def test_a_column_of_several_names_is_taken_apart(images, tmp_path, separator, column):
    def names(digit, image):
        return separator.join(name for name, kinds in (("even", EVEN), ("round", ROUND)) if digit in kinds) or "none"

    spec, text = initialised(tmp_path, table(images, **{column: names}))
    assert spec.task.type == "multi_label"
    assert (spec.dataset.label_column, spec.dataset.label_separator) == (column, separator.strip() or " ")
    assert "in 3 classes: even" in text


def test_the_only_column_may_hold_several_names_too(images, tmp_path):
    def names(digit, image):
        return " ".join(str(part) for part in range(5) if digit >> part & 1 or part == digit % 3)

    spec, text = initialised(tmp_path, table(images, shown=names))
    assert spec.task.type == "multi_label"
    assert (spec.dataset.label_column, spec.dataset.label_separator) == ("shown", " ")
    assert "# assumed: a space separates the labels in shown" in text


@pytest.mark.parametrize("column", ["label", "shown"])
def test_class_names_of_two_words_are_not_split(images, tmp_path, column):
    spec, text = initialised(tmp_path, table(images, **{column: kind}))
    assert spec.task.type == "classification"
    assert "round zero" in text


@pytest.mark.parametrize("column", ["ink", "target", "label"])
def test_real_numbers_are_predicted(images, tmp_path, column):
    spec, text = initialised(tmp_path, table(images, **{column: ink}))
    assert spec.task.type == "regression"
    assert spec.dataset.number_columns == (column,)
    amounts = [float(ink(0, image)) for image in DIGITS.images[:60]]
    assert f"# assumed: predict the numbers in {column} ({min(amounts):g} to {max(amounts):g})" in text
    assert "objectives: [mae]" in text


@pytest.mark.parametrize(
    ("column", "make", "task"),
    [
        ("label", lambda digit, image: digit, "classification"),
        ("label", lambda digit, image: int(image.sum()), "classification"),
        ("target", lambda digit, image: int(image.sum()), "regression"),
        ("target", lambda digit, image: digit, "classification"),
        ("age", lambda digit, image: 20 + digit, "regression"),
        ("pixels", lambda digit, image: int(image.sum()), "regression"),
        ("kind", lambda digit, image: digit % 3, "classification"),
        ("even", even, "classification"),
    ],
)
def test_whole_numbers_are_classes_or_measures_by_name_and_number(images, tmp_path, column, make, task):
    spec, _ = initialised(tmp_path, table(images, **{column: make}))
    assert spec.task.type == task


def test_a_task_chooses_among_the_columns(images, tmp_path):
    path = table(images, label=kind, age=lambda digit, image: 30 + digit, even=even)
    spec, text = initialised(tmp_path, path)
    assert spec.task.type == "classification"
    assert "# not used: the numbers in age; --task regression predicts them" in text
    spec, text = initialised(tmp_path, path, "--task", "regression", "--force")
    assert spec.dataset.number_columns == ("age",)
    assert "task:" not in text
    spec, _ = initialised(tmp_path, path, "--task", "multi_label", "--force")
    assert spec.dataset.label_columns == ("even",)


def test_parquet_is_read_as_csv_is(images, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    path = images / "table.parquet"
    amounts = [None, *(float(image.sum() / 7) for image in DIGITS.images[1:60])]
    parquet.write_table(arrow.table({"file": [f"{index}.png" for index in range(60)], "ink": amounts}), path)
    spec, text = initialised(tmp_path, path)
    assert spec.dataset.number_columns == ("ink",)
    assert spec.dataset.image_column == "file"
    assert "skipped 1: no number in the column 'ink'" in text


def test_a_column_of_images_is_known_by_its_content(images, tmp_path):
    path = table(images, label=kind)
    path.write_text(path.read_text().replace("image,", "slide,", 1))
    spec, _ = initialised(tmp_path, path)
    assert spec.dataset.image_column == "slide"


@pytest.mark.parametrize(
    ("columns", "task", "message"),
    [
        ({}, None, "found none. Rename a column, or write the spec by hand"),
        ({"id": lambda digit, image: digit}, None, "expected label (a class), or two or more columns of 0 and 1"),
        ({"label": kind}, "regression", "expected a column of numbers; found label"),
        ({"label": kind}, "multi_label", "expected two or more columns of 0 and 1, or labels separated by ;"),
        ({"label": kind}, "segmentation", "needs the folders images and masks, or COCO annotations with shapes"),
        ({"label": kind}, "regresion", "did you mean 'regression'?"),
    ],
)
def test_a_table_without_targets_is_refused(images, columns, task, message):
    told = refused(table(images, **columns), *(["--task", task] if task else []))
    assert message in told.replace("\n", " ")


def write_persons(folder, persons=24, images=4):
    for index, image in enumerate(DIGITS.images[: persons * images]):
        (folder / f"person {index // images}").mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype("uint8")).save(folder / f"person {index // images}" / f"{index}.png")
    return folder


def test_many_classes_of_few_images_may_be_persons(tmp_path):
    persons = write_persons(tmp_path / "persons")
    spec, text = initialised(tmp_path, persons)
    assert spec.task.type == "classification"
    assert "# task: face_recognition\n" in text
    lines = text.replace("# task:", "task:").splitlines()
    (tmp_path / "other.yaml").write_text("\n".join(lines), encoding="utf-8")
    spec, text = initialised(tmp_path, persons, "--task", "face_recognition", "--force")
    assert spec.task.type == "face_recognition"
    assert spec.loss.type == "arcface"
    assert spec.dataset.splits.unseen_classes
    assert "objectives: [auroc]" in text
    data = prepare(spec.dataset, cache=tmp_path / "cache")
    assert not set(np.asarray(data.targets)[data.splits["train"]]) & set(np.asarray(data.targets)[data.splits["test"]])


def test_few_classes_are_not_taken_for_persons(tmp_path):
    _, text = initialised(tmp_path, write_digits(tmp_path / "digits"))
    assert "face_recognition" not in text


def test_good_images_can_be_made_worse_to_be_enhanced(images, tmp_path):
    spec, text = initialised(tmp_path, images, "--task", "enhancement")
    assert (spec.task.type, spec.dataset.noise) == ("enhancement", 25.0)
    assert "# assumed: noise is to be removed; there are also blur" in text
    assert "random_translation" not in text


@pytest.mark.parametrize("folders", [(), ("train", "val")])
def test_images_without_classes_are_refused_with_the_tasks_they_suit(images, tmp_path, folders):
    for folder in folders or (".",):
        (tmp_path / "photographs" / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(images / "0.png", tmp_path / "photographs" / folder)
    told = refused(tmp_path / "photographs").replace("\n", " ")
    assert "holds no folders, but 1 image; expected one folder for each class" in told
    assert "automap init --task enhancement" in told


def test_a_folder_of_classes_has_no_masks(tmp_path):
    told = refused(write_digits(tmp_path / "digits"), "--task", "segmentation")
    assert "is a data set of the type folder with label targets" in told
    assert "the folders images and masks" in told


def write_coco(folder, *, segmented=True, images="train2017"):
    (folder / images).mkdir(parents=True)
    (folder / "annotations").mkdir()
    files, annotations = [], []
    for index, image in enumerate(DIGITS.images[:12]):
        Image.fromarray((image * 15).astype("uint8")).resize((32, 32)).save(folder / images / f"{index}.png")
        files.append({"id": index, "file_name": f"{index}.png", "height": 32, "width": 32})
        shape = {"segmentation": [[8, 2, 24, 2, 24, 30, 8, 30]]} if segmented else {}
        box = {"bbox": [8, 2, 16, 28], "area": 448, "iscrowd": 0, "category_id": 1}
        annotations.append({"id": index, "image_id": index, **box, **shape})
    content = {"images": files, "annotations": annotations, "categories": [{"id": 1, "name": "digit"}]}
    path = folder / "annotations" / "instances.json"
    path.write_text(json.dumps(content))
    return path


def test_annotations_of_coco_with_shapes_become_a_segmentation(tmp_path):
    file = write_coco(tmp_path / "coco")
    spec, text = initialised(tmp_path, file)
    assert spec.task.type == "segmentation"
    assert spec.dataset.path.resolve() == file
    assert spec.dataset.images.resolve() == tmp_path / "coco" / "train2017"
    assert "images: coco/train2017" in text
    assert "# not used: the boxes; --task detection learns them" in text
    data = prepare(spec.dataset, cache=tmp_path / "cache")
    assert data.info.target.classes == ("background", "digit")


def test_a_folder_of_coco_with_shapes_needs_no_folder_of_images_named(tmp_path):
    write_coco(tmp_path / "coco", images="images")
    (tmp_path / "coco" / "package.json").write_text("{}")
    spec, _ = initialised(tmp_path, tmp_path / "coco")
    assert spec.task.type == "segmentation"
    assert spec.dataset.images is None


def test_coco_boxes_are_recognised_without_shapes_or_on_request(tmp_path):
    with_shapes = write_coco(tmp_path / "shapes", images="images")
    spec, text = initialised(tmp_path, with_shapes, "--task", "detection")
    assert spec.task.type == "detection"
    assert "not used" not in text
    spec, _ = initialised(tmp_path, write_coco(tmp_path / "boxes", segmented=False), "--force")
    assert spec.task.type == "detection"
    assert "with boxes targets" in refused(with_shapes.parent.parent / "annotations", "--task", "classification")


def test_annotations_of_coco_need_their_images(tmp_path):
    file = write_coco(tmp_path / "coco")
    for image in (tmp_path / "coco" / "train2017").iterdir():
        image.unlink()
    assert "names 0.png, but no folder near it has that file; put the images next to it" in refused(file)


def test_other_columns_of_a_table_are_proposed_as_inputs(tmp_path):
    write_table(tmp_path / "d", 60)
    path = tmp_path / "d" / "table.csv"
    rows = read_rows(path)
    for number, row in enumerate(rows):
        del row["score"]
        row |= {"id": str(number), "code": {"left": "L", "right": "R"}[row["label"]]}
    write_rows(path, rows)
    spec, text = initialised(tmp_path, path)
    assert [(each.column, each.type) for each in spec.dataset.features] == [
        ("cell type", "category"),
        ("age", "number"),
        ("note", "text"),
        ("back", "image"),
    ]
    assert "# not an input: code, since each value goes with one value of label alone" in text
