"""Verification pairs: reading the file, holding out its identities, and its errors."""

import re
import shutil

import numpy as np
import pytest
from support.persons import HELD, pair_lines, write_persons
from support.program import call_automap

from automap import load_spec
from automap.data.prepare import prepare
from automap.data.sources.folder import Folder
from automap.data.splits.verification_pairs import read_pairs
from automap.exceptions import DataError
from automap.interfaces.dataset import Splits
from automap.spec.errors import SpecError


@pytest.fixture(scope="module")
def persons(tmp_path_factory):
    return write_persons(tmp_path_factory.mktemp("lfw") / "persons", each=8, size=8)


def write(folder, lines):
    path = folder / "pairs.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def prepared(persons, tmp_path, lines, **splits):
    chosen = Splits(unseen_classes=True, pairs=write(tmp_path, lines), **splits)
    return prepare(Folder(path=persons, splits=chosen), cache=tmp_path / "cache")


def test_all_images_of_the_identities_in_pairs_are_the_test_split_and_nowhere_else(persons, tmp_path):
    data = prepared(persons, tmp_path, pair_lines(each=8))
    of = {split: {data.info.target.classes[code] for code in data.targets[rows]} for split, rows in data.splits.items()}
    assert of["test"] == set(HELD)
    assert len(data.splits["test"]) == 8 * len(HELD)
    assert of["validation"]
    assert not of["validation"] & of["train"]
    assert not (of["validation"] | of["train"]) & set(HELD)
    assert not set(data.info.target.trained_classes) & set(HELD)


def test_pairs_are_the_images_that_their_lines_name(persons, tmp_path):
    lines = pair_lines(each=8)
    data = prepared(persons, tmp_path, lines)
    assert data.verification_pairs("validation") is None
    pairs = data.verification_pairs("test")
    names = [data.names[int(row)] for row in data.splits["test"]]
    assert pairs.fold.tolist() == [fold for fold in range(4) for _ in range(12)]
    for line, first, second in zip(lines[1:], pairs.first, pairs.second, strict=True):
        words = line.split("\t")
        one, other = words[0], words[2] if len(words) == 4 else words[0]
        assert names[first] == f"{one}/{one}_{int(words[1]):04d}.png"
        assert names[second] == f"{other}/{other}_{int(words[-1]):04d}.png"


def test_other_pairs_are_other_data_and_a_copy_of_the_file_is_not(persons, tmp_path):
    one = prepared(persons, tmp_path, pair_lines(each=8))
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "pairs.txt", tmp_path / "copy")
    splits = Splits(unseen_classes=True, pairs=tmp_path / "copy" / "pairs.txt")
    copied = prepare(Folder(path=persons, splits=splits), cache=tmp_path / "cache")
    assert copied.fingerprint == one.fingerprint
    other = prepared(persons, tmp_path, pair_lines(folds=3, each=8))
    assert other.fingerprint != one.fingerprint
    without = prepare(Folder(path=persons, splits=Splits(unseen_classes=True)), cache=tmp_path / "cache")
    assert without.fingerprint != one.fingerprint


def test_a_header_of_one_number_and_spaces_for_tabs_will_do(tmp_path):
    file = read_pairs(write(tmp_path, ["1", "Ann_Lee 1 2", "", "Ann_Lee 1 Bo 3"]))
    assert [(pair.line, pair.first, pair.second, pair.fold) for pair in file.pairs] == [
        (2, ("Ann_Lee", 1), ("Ann_Lee", 2), 0),
        (4, ("Ann_Lee", 1), ("Bo", 3), 0),
    ]
    assert read_pairs(write(tmp_path, ["1", "Ann Lee\t1\t2", "Ann Lee\t1\tBo\t3"])).identities == {"Ann Lee", "Bo"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], r"pairs\.txt:1: expected the number of folds and of pairs"),
        (["ten 300"], r"pairs\.txt:1: expected .*'10 300'.* received 'ten 300'"),
        (
            ["2 1", "Digit_6 1 2", "Digit_6 1 Digit_7 1"],
            "expected 4 lines for 2 folds of 1 matched and 1 mismatched pairs; found 2",
        ),
        (["1", "Digit_6 1 2", "Digit_6 1 Digit_7"], r"pairs\.txt:3: expected 'name 1 4' or .* 'Digit_6 1 Digit_7'"),
        (["1", "Digit_6 1 2", "Digit_6 1 3"], "needs both matched and mismatched pairs"),
        (
            ["1", "Digit_6 1 2", "Digit_6 1 Dgit_7 1"],
            r"pairs\.txt:3: unknown identity 'Dgit_7'; did you mean 'Digit_7'",
        ),
        (
            ["1", "Digit_6 1 99", "Digit_6 1 Digit_7 1"],
            r":2: 'Digit_6' has no usable image 99; it has 1, 2, 3, 4, 5, …",
        ),
    ],
)
def test_errors_in_pairs_files_are_reported_with_their_line(persons, tmp_path, lines, message):
    with pytest.raises(DataError, match=message) as caught:
        prepared(persons, tmp_path, lines)
    assert str(caught.value).startswith("dataset.splits.pairs: ")


def test_invalid_lines_are_reported_together(persons, tmp_path):
    with pytest.raises(DataError) as caught:
        prepared(persons, tmp_path, ["3", *["Nobody 1 2"] * 3, *["Digit_6 1 Digit_7 9"] * 3])
    assert re.findall(r"pairs\.txt:(\d):", str(caught.value)) == ["2", "3", "4", "5", "6"]
    assert "and 1 more" in str(caught.value)


def test_an_image_of_two_files_is_refused(tmp_path):
    folder = write_persons(tmp_path / "persons", each=8, size=8)
    shutil.copy(folder / "Digit_6" / "Digit_6_0002.png", folder / "Digit_6" / "again-2.png")
    with pytest.raises(DataError, match=":2: 'Digit_6' has 2 images whose names end with 2"):
        prepared(folder, tmp_path, ["1", "Digit_6 1 2", "Digit_6 1 Digit_7 1"])


def test_check_reports_errors_in_a_pairs_file(persons, tmp_path):
    spec = tmp_path / "spec.yaml"
    text = f"dataset: {{type: folder, path: {persons}, splits: {{pairs: pairs.txt}}}}\n"
    spec.write_text(text + "task: face_recognition\n")
    assert load_spec(spec).dataset.splits.pairs == tmp_path / "pairs.txt"
    done = call_automap("check", spec, "--no-build")
    assert done.returncode == 2
    assert "dataset.splits.pairs: " in done.stderr
    write(tmp_path, pair_lines(each=8))
    assert call_automap("check", spec, "--no-build").returncode == 0
    for wrong in (text, text.replace("pairs.txt}", "pairs.txt, unseen_classes: false}") + "task: face_recognition\n"):
        spec.write_text(wrong)
        with pytest.raises(SpecError, match=r"dataset\.splits\.pairs: pairs of identities that are never trained on"):
            load_spec(spec)


def test_tables_have_pairs_too(persons, tmp_path):
    rows = [f"{file.relative_to(persons)},{file.parent.name}" for file in sorted(persons.rglob("*.png"))]
    (persons / "table.csv").write_text("\n".join(["image,label", *rows]))
    from automap.data.sources.csv import Csv

    splits = Splits(unseen_classes=True, pairs=write(tmp_path, pair_lines(each=8)))
    data = prepare(Csv(path=persons / "table.csv", splits=splits), cache=tmp_path / "cache")
    assert {data.info.target.classes[code] for code in np.asarray(data.targets)[data.splits["test"]]} == set(HELD)
