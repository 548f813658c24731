"""`automap predict`: files that are read, and output formats."""

import csv
import io
import json
import os

import numpy as np
import pytest
from PIL import Image
from support.arrays import digits
from support.candidates import TINY, candidate
from support.infos import data_info
from support.program import call_automap, run_automap

from automap.training.build import build_network
from automap.training.model_io import save_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained classifier of digits: what it answers does not matter here."""
    folder = tmp_path_factory.mktemp("model")
    chosen = candidate(TINY)
    save_model(folder, build_network(chosen, digits().info), chosen, digits().info, {"accuracy": 0.1})
    return folder


@pytest.fixture
def images(tmp_path):
    for index, image in enumerate(digits().images(np.arange(3))):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{index}.png")
    return tmp_path


def rows_of(done):
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_every_format_has_the_same_numbers_at_full_precision(model, images):
    given = ("predict", model, images / "0.png", images / "1.png")
    as_json = json.loads(call_automap(*given, "--format", "json").stdout)
    as_lines = [json.loads(line) for line in call_automap(*given, "--format", "jsonl").stdout.splitlines()]
    as_csv = rows_of(call_automap(*given, "--format", "csv"))
    assert as_json == as_lines
    assert [row["image"] for row in as_csv] == [answer["image"] for answer in as_json]
    assert [float(row["probability"]) for row in as_csv] == [answer["probability"] for answer in as_json]
    assert len(as_csv[0]["probability"]) > 12
    table = call_automap(*given)
    assert f"{as_json[0]['probability']:.4g}" in table.stdout
    assert list(rows_of(call_automap(*given, "--format", "csv", "--top", "2"))[0])[-2:] == ["label_2", "probability_2"]


def test_folders_patterns_and_lists_name_files(model, images):
    (images / "notes.txt").write_text("no image")
    folder = call_automap("predict", model, images, "--format", "csv")
    assert folder.stderr == f"warning: ignored 1 file without an image extension\n  {images}/notes.txt\n"
    assert len(rows_of(folder)) == 3
    assert len(rows_of(call_automap("predict", model, images / "[01].png", "--format", "csv"))) == 2
    Image.fromarray(digits().images(np.arange(1))[0, ..., 0]).save(images / "photo[final].png")
    [row] = rows_of(call_automap("predict", model, images / "photo[final].png", "--format", "csv"))
    assert row["image"] == str(images / "photo[final].png")
    # A file that is named twice is answered once.
    assert len(rows_of(call_automap("predict", model, images / "0.png", images, "--format", "csv"))) == 4


def test_a_list_is_read_from_standard_input(model, images):
    code = "import sys; sys.argv[0] = 'automap'; from automap.cli.main import main; main()"
    import subprocess
    import sys

    listed = f"\ufeff{images}/0.png\n\n{images}/gone.png\n{images}/1.png\0{images}/".encode() + b"caf\xe9.png\n"
    command = [sys.executable, "-c", code, "predict", str(model), "-", "--format", "csv"]
    done = subprocess.run(command, input=listed, capture_output=True, check=False)
    done = subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert len(rows_of(done)) == 2
    assert f"could not read 2 of 4 images\n  {images}/gone.png: cannot be read" in done.stderr
    assert rf"{images}/caf\udce9.png: cannot be read" in done.stderr
    done = subprocess.run(command, input=b"https://example.org/a.png\n", capture_output=True, check=False)
    assert done.returncode == 2
    assert b"https://example.org/a.png: images are read from files" in done.stderr


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "the path of an image is empty"),
        ("gone.png", "no such file: gone.png"),
        ("*.jpeg", "no file matches the pattern *.jpeg"),
        ("https://example.org/a.png", "https://example.org/a.png: images are read from files"),
        ("empty", "the folder empty has no images"),
        ("pipe", "pipe is not a regular file"),
        ("/dev/zero", "/dev/zero is not a regular file"),
    ],
)
def test_files_that_are_not_images_are_refused(model, images, monkeypatch, path, message):
    monkeypatch.chdir(images)
    (images / "empty").mkdir()
    os.mkfifo(images / "pipe")
    done = call_automap("predict", model, path)
    assert done.returncode == 2
    assert message in done.stderr


def test_bad_images_are_named_and_only_all_of_them_are_a_failure(model, images):
    (images / "bad.png").write_text("no image")
    done = call_automap("predict", model, images, "--format", "csv")
    assert len(rows_of(done)) == 3
    assert done.stderr == f"warning: could not read 1 of 4 images\n  {images}/bad.png: not an image\n"
    alone = call_automap("predict", model, images / "bad.png", "--format", "json")
    assert alone.returncode == 1
    assert json.loads(alone.stdout) == []
    assert "none of the images could be read" in alone.stderr


def test_no_output_file_is_written_twice_or_over_an_input(tmp_path):
    shape = (16, 16, 1)
    info = data_info("mask", image_shape=shape, classes=("a", "b"), class_counts=(3, 3))
    chosen = candidate(TINY, task={"type": "segmentation", "width": 8}, loss="dice_cross_entropy")
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", build_network(chosen, info), chosen, info, {})
    names = ["a.png", "a-2.png", "A.bmp", "deep/a.png"]
    (tmp_path / "in/deep").mkdir(parents=True)
    for number, name in enumerate(names):
        Image.fromarray(np.full((16, 16), 60 * number, np.uint8)).save(tmp_path / "in" / name)
    before = {name: (tmp_path / "in" / name).read_bytes() for name in names}
    # Pictures and drawings into one folder, which is that of the inputs.
    folders = ("--output", tmp_path / "in", "--draw", tmp_path / "in")
    paths = [tmp_path / "in" / name for name in names]
    done = call_automap("predict", tmp_path / "model", *paths, *folders, "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    written = [answer[kind] for answer in answers for kind in ("picture", "drawing")]
    assert len({name.casefold() for name in written}) == 8
    assert all(Image.open(name).size == (16, 16) for name in written)
    assert {name: (tmp_path / "in" / name).read_bytes() for name in names} == before


@pytest.mark.slow
def test_messages_and_progress_stay_out_of_the_output(model, images):
    done = run_automap("predict", model, images, "--format", "json")
    assert len(json.loads(done.stdout)) == 3
    assert done.stderr == ""
