"""Tables with several labels or numbers for each image, from the file to training targets."""

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from sklearn.datasets import load_digits

from automap.data.prepare import prepare
from automap.data.sources.csv import Csv
from automap.data.summary import summarise
from automap.exceptions import DataError
from automap.interfaces.sample import BadSample

DIGITS = load_digits()
EVEN, ROUND = (0, 2, 4, 6, 8), (0, 6, 8, 9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write 200 digits, and tables of their labels and numbers."""
    folder = tmp_path_factory.mktemp("digits")
    marked, listed, measured = ["image,even,round"], ["image;labels"], ["image,ink,digit"]
    for index, (image, digit) in enumerate(zip(DIGITS.images[:200], DIGITS.target[:200], strict=True)):
        Image.fromarray((image * (255 / 16)).astype("uint8")).save(folder / f"{index}.png")
        marked.append(f"{index}.png,{int(digit in EVEN)},{'yes' if digit in ROUND else 'No'}")
        names = [name for name, kinds in (("even", EVEN), ("round", ROUND)) if digit in kinds]
        listed.append(f"{index}.png;{' | '.join(names)}")
        measured.append(f"{index}.png,{image.sum() / 7:.3f},{digit}")
    for name, lines in (("marked", marked), ("listed", listed), ("measured", measured)):
        (folder / f"{name}.csv").write_text("\n".join(lines))
    return folder


def test_columns_of_marks_and_a_column_of_names_say_the_same(folder, tmp_path):
    one = prepare(Csv(path=folder / "marked.csv", label_columns=["even", "round"]), cache=tmp_path)
    other = prepare(Csv(path=folder / "listed.csv", label_column="labels", label_separator="|"), cache=tmp_path)
    digits = DIGITS.target[:200]
    expected = np.stack([np.isin(digits, EVEN), np.isin(digits, ROUND)], axis=1)
    for data in (one, other):
        assert data.info.target.classes == ("even", "round")
        np.testing.assert_array_equal(np.asarray(data.targets), expected)
        assert data.info.target.class_counts == tuple(expected[data.splits["train"]].sum(axis=0))
        shares = [expected[data.splits[split]].mean(axis=0) for split in ("train", "validation", "test")]
        np.testing.assert_allclose(shares, [expected.mean(axis=0)] * 3, atol=0.08)
    assert summarise(one).records["train"] == len(one.splits["train"])


def test_numbers_keep_their_units_and_tell_their_statistics(folder, tmp_path):
    data = prepare(Csv(path=folder / "measured.csv", number_columns=["ink", "digit"]), cache=tmp_path)
    expected = np.stack([DIGITS.images[:200].sum(axis=(1, 2)) / 7, DIGITS.target[:200]], axis=1)
    np.testing.assert_allclose(np.asarray(data.targets), expected, atol=1e-3)
    assert data.info.target.names == ("ink", "digit")
    train = expected[data.splits["train"]]
    np.testing.assert_allclose(data.info.target.mean, train.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(data.info.target.std, train.std(axis=0), rtol=1e-4)
    assert data.classes == ()
    one = Csv(path=folder / "measured.csv", number_columns="ink")
    assert one.target_names == ("ink",)
    assert one.target == "numbers"


def test_empty_cells_are_bad_samples_with_a_reason(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    (tmp_path / "t.csv").write_text("image,a,b\nx.png,1,0\nx.png,,1\nx.png,maybe,1\nx.png,nan,2.5\n")
    marked = list(Csv(path=tmp_path / "t.csv", label_columns=["a", "b"]).samples())
    assert marked[0].target == ("a",)
    assert [record.reason for record in marked[1:]] == ["neither 0 nor 1 in the column 'a'"] * 3
    numbers = list(Csv(path=tmp_path / "t.csv", number_columns=["b", "a"]).samples())
    assert numbers[0].target == (0.0, 1.0)
    assert {each.reason for each in numbers[1:] if isinstance(each, BadSample)} == {"no number in the column 'a'"}


def test_a_table_has_one_kind_of_target_and_the_columns_that_it_names(tmp_path):
    with pytest.raises(ValidationError, match="label_columns and number_columns name different targets"):
        Csv(path=tmp_path / "t.csv", label_columns=["a"], number_columns=["b"])
    (tmp_path / "t.csv").write_text("image,a\nx.png,1\n")
    with pytest.raises(DataError, match=r"dataset\.label_columns: .* has no column 'b'"):
        list(Csv(path=tmp_path / "t.csv", label_columns=["a", "b"]).samples())


@pytest.mark.parametrize("cell", ["daisy", ""])
def test_a_non_numeric_column_is_reported_with_its_first_row(tmp_path, cell):
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    (tmp_path / "t.csv").write_text(f"image,age,kind\nx.png,3,{cell}\nx.png,4,rose\n")
    message = rf"dataset\.number_columns: .*t\.csv:2: '{cell}' in the column 'kind' is not a number"
    with pytest.raises(DataError, match=message):
        prepare(Csv(path=tmp_path / "t.csv", number_columns=["age", "kind"]), cache=tmp_path / "cache")
    (tmp_path / "t.csv").write_text("image,age\nx.png,3\nx.png,old\n")
    with pytest.raises(DataError, match=r"1 × no number in the column 'age'.*x\.png \(line 3\)"):
        prepare(Csv(path=tmp_path / "t.csv", number_columns=["age"]), cache=tmp_path / "cache")


def write_numbers(folder, numbers):
    """Write digits and a table with a number for each."""
    images = DIGITS.images.astype(np.uint8)
    lines = ["image,number"]
    for index, number in enumerate(numbers):
        Image.fromarray(images[index]).save(folder / f"{index}.png")
        lines.append(f"{index}.png,{number}")
    (folder / "t.csv").write_text("\n".join(lines))
    return Csv(path=folder / "t.csv", number_columns=("number",), max_bad=0.2)


def test_large_numbers_that_differ_little_stay_apart(tmp_path):
    data = prepare(write_numbers(tmp_path, [1_700_000_000 + index for index in range(50)]), cache=tmp_path / "cache")
    assert data.targets.dtype == np.float64
    assert sorted(data.targets[:, 0]) == [1_700_000_000 + index for index in range(50)]
    batch = data.batch_targets(data.splits["train"])
    assert (batch.dtype, len(np.unique(batch))) == (np.float32, len(data.splits["train"]))
    assert batch.mean() == pytest.approx(0, abs=1e-6)
    assert batch.std() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400", "-1e999"])
def test_numbers_beyond_floats_are_bad_samples(tmp_path, number):
    data = prepare(write_numbers(tmp_path, [*range(20), number]), cache=tmp_path / "cache")
    assert [(each.reason, number in each.name or "line 22" in each.name) for each in data.bad] == [
        ("no number in the column 'number'", True)
    ]


@pytest.mark.parametrize("scale", [5e38, 1e300, 1e-300])
def test_numbers_beyond_the_range_of_float32_are_kept(tmp_path, scale):
    data = prepare(write_numbers(tmp_path, [scale * (1 + index) for index in range(30)]), cache=tmp_path / "cache")
    assert data.targets.max() == 30 * scale
    assert np.isfinite(data.info.target.std).all()
    batch = data.batch_targets(data.splits["train"])
    assert np.abs(batch).max() < 4
    assert batch.std() == pytest.approx(1, abs=1e-5)
