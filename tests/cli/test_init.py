"""``automap init``: real images are recognised, and the written spec is valid."""

import csv

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from support.program import call_automap

from automap import load_spec

DIGITS = load_digits()


def write_digits(folder, count=60, classes=10):
    """Write handwritten digits as PNG files, one folder for each class."""
    chosen = [(image, label) for image, label in zip(DIGITS.images, DIGITS.target, strict=True) if label < classes]
    for index, (image, label) in enumerate(chosen[:count]):
        path = folder / f"digit {label}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype("uint8")).resize((8 + index % 3, 8)).save(path)
    return folder


def initialised(tmp_path, *arguments):
    """Run init with a spec to write, and return the spec and its text."""
    spec = tmp_path / "spec.yaml"
    done = call_automap("init", *arguments, "--output", spec)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return load_spec(spec), spec.read_text(encoding="utf-8")


def test_a_folder_becomes_a_commented_spec(tmp_path):
    images = write_digits(tmp_path / "my digits")
    (images / "digit 0" / "notes.txt").write_text("not an image")
    spec, text = initialised(tmp_path, images)
    assert type(spec.dataset).__name__ == "Folder"
    assert spec.dataset.path == images
    assert "60 images in 10 classes: digit 0 " in text
    assert "8 x 8 to 10 x 8 pixels, median 9 x 8, grey" in text
    assert "skipped 1: " in text
    assert "path: my digits\n" in text
    assert spec.budget.time == 3600


def test_commented_lines_of_drafts_are_valid(tmp_path):
    _, text = initialised(tmp_path, write_digits(tmp_path / "digits"))
    below = text[text.index("dataset:") :]
    lines = [
        line.replace("# ", "", 1) if ":" in line or line.startswith("#     -") else line
        for line in below.splitlines()
        if not (line.startswith("# ") and line.rstrip().endswith((".", "it:")))
    ]
    full = tmp_path / "full.yaml"
    full.write_text("\n".join(lines), encoding="utf-8")
    spec = load_spec(full)
    assert len(spec.constraints) == 1
    assert spec.training.fields["epochs"].value == 30
    assert len(spec.architecture.options) == 2


def test_uneven_classes_are_measured_by_balanced_accuracy(tmp_path):
    images = write_digits(tmp_path / "digits", count=40, classes=2)
    for path in list((images / "digit 1").iterdir())[2:]:
        path.unlink()
    spec, text = initialised(tmp_path, images)
    assert [objective.metric for objective in spec.objectives] == ["balanced_accuracy"]
    assert "counts each class equally: some have few images" in text


@pytest.mark.parametrize("columns", [("image", "label"), ("file", "class"), ("Path", "Species")])
def test_a_table_is_read_by_its_columns(tmp_path, columns):
    images = write_digits(tmp_path / "digits")
    table = tmp_path / "labels.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", *columns])
        for number, path in enumerate(sorted(images.rglob("*.png"))):
            writer.writerow([number, path.relative_to(tmp_path), path.parent.name])
    spec, text = initialised(tmp_path, table)
    assert type(spec.dataset).__name__ == "Csv"
    assert "60 images in 10 classes" in text


def test_arrays_become_a_spec(tmp_path):
    arrays = tmp_path / "digits.npz"
    np.savez(arrays, x=(DIGITS.images[:50] * 15).astype("uint8"), y=DIGITS.target[:50])
    spec, text = initialised(tmp_path, arrays)
    assert type(spec.dataset).__name__ == "Npz"
    assert "50 images in 10 classes" in text
    assert "8 x 8 pixels, grey" in text


def test_the_path_in_a_spec_starts_at_the_spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_digits(tmp_path / "data" / "digits")
    (tmp_path / "specs").mkdir()
    done = call_automap("init", "data/digits", "--output", "specs/digits.yaml")
    assert done.returncode == 0, done.stderr
    assert "path: ../data/digits" in (tmp_path / "specs" / "digits.yaml").read_text(encoding="utf-8")
    assert load_spec(tmp_path / "specs" / "digits.yaml").dataset.path.resolve() == tmp_path / "data" / "digits"


def test_a_spec_is_never_overwritten_unless_forced(tmp_path):
    images = write_digits(tmp_path / "digits")
    spec = tmp_path / "spec.yaml"
    spec.write_text("mine")
    done = call_automap("init", images, "-o", spec)
    assert done.returncode == 2
    assert "exists already; overwrite it with --force, or overwrite=True in Python" in done.stderr
    assert spec.read_text() == "mine"
    assert call_automap("init", images, "-o", spec, "--force").returncode == 0
    assert load_spec(spec)


def test_without_output_the_spec_is_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = write_digits(tmp_path / "digits")
    done = call_automap("init", images)
    (tmp_path / "spec.yaml").write_text(done.stdout, encoding="utf-8")
    assert load_spec(tmp_path / "spec.yaml").dataset.path.resolve() == images


def test_a_name_with_a_line_break_cannot_leave_its_comment(tmp_path):
    images = write_digits(tmp_path / "digits")
    (images / "digit 0").rename(images / "evil\nname: hacked\n")
    spec, _ = initialised(tmp_path, images)
    assert spec.name == "spec"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is empty"),
        (lambda path: (path / "a").mkdir(parents=True), ""),
        (lambda path: write_digits(path, classes=1), "at least two classes are needed"),
    ],
)
def test_unknown_data_sets_are_refused(tmp_path, make, message):
    make(tmp_path / "data")
    done = call_automap("init", tmp_path / "data", "-o", tmp_path / "spec.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert not (tmp_path / "spec.yaml").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data.pdf", b"%PDF", "cannot tell the type of"),
        ("data.csv", b"", "is empty"),
        ("data.csv", b"a,b\n1,2\n", "no column seems to hold image paths; expected a column named image; found a, b"),
        ("data.csv", b"\xff\xfe\x00", "data.csv is not UTF-8 text (byte 0)"),
        ("data.parquet", b"PAR0", "is not a Parquet file"),
        ("data.npz", b"PK", ""),
    ],
)
def test_a_file_that_is_not_a_data_set_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    done = call_automap("init", tmp_path / name)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert message in done.stderr


def test_a_data_set_without_a_path_is_refused(tmp_path):
    done = call_automap("init", write_digits(tmp_path / "digits"), "--type", "sklearn")
    assert done.returncode == 2
    assert "path: Extra inputs are not permitted" in done.stderr


def write_pairs(folder, first, second, *, scale=1, suffix="", values=(0, 255)):
    for name in (first, second):
        (folder / name).mkdir(parents=True)
    for index, image in enumerate(DIGITS.images[:12]):
        picture = Image.fromarray((image * 15).astype("uint8")).resize((32, 32))
        picture.save(folder / first / f"{index}.jpg")
        mask = Image.fromarray(np.where(np.asarray(picture) > 100, values[1], values[0]).astype("uint8"))
        mask.resize((32 * scale, 32 * scale), Image.Resampling.NEAREST).save(folder / second / f"{index}{suffix}.png")
    return folder


def test_images_and_masks_become_a_segmentation(tmp_path):
    spec, text = initialised(tmp_path, write_pairs(tmp_path / "cells", "Images", "masks", suffix="_mask"))
    assert spec.task.type == "segmentation"
    assert spec.dataset.images == "Images"
    assert spec.dataset.suffix == "_mask"
    assert spec.dataset.values == (0, 255)
    assert "12 images with mask targets" in text
    assert "assumed" not in text
    assert "objectives: [mean_iou]" in text


def test_masks_of_class_indices_get_no_names(tmp_path):
    spec, text = initialised(tmp_path, write_pairs(tmp_path / "cells", "images", "masks", values=(0, 1)))
    assert spec.dataset.values == ()
    assert "# assumed: mask values are class indices from 0; classes: [...] names the classes" in text


def test_inputs_and_targets_become_an_enhancement(tmp_path):
    spec, text = initialised(tmp_path, write_pairs(tmp_path / "photographs", "low", "high", scale=2))
    assert spec.task.type == "enhancement"
    assert (spec.dataset.inputs, spec.dataset.targets, spec.dataset.factor) == ("low", "high", 2)
    assert "objectives: [psnr]" in text
