"""Columns of a table that are inputs beside the image."""

import numpy as np
import pytest
from support.tables import read_rows, write_rows, write_table

from automap.data.columns.words import words_of
from automap.data.prepare import open_prepared, prepare
from automap.data.sources.csv import Csv
from automap.data.summary import summarise
from automap.exceptions import DataError
from automap.interfaces.data_info import CategoryInput, ImageInfo, NumberInput, TextInput

FEATURES = ["age", "cell type", "note", "back"]


def with_features(path, **fields):
    return Csv.model_validate({"path": path, "features": FEATURES, **fields})


def test_types_that_are_left_out_are_found_in_the_table(tmp_path):
    rows = read_rows(write_table(tmp_path, 40))
    for index, row in enumerate(rows):
        row["note"] = f"{row['note']} of the row {index}"
    found = with_features(write_rows(tmp_path / "table.csv", rows))
    assert [(each.column, each.type) for each in found.features] == [
        ("age", "number"),
        ("cell type", "category"),
        ("note", "text"),
        ("back", "image"),
    ]


def test_inputs_are_described_by_the_training_split_and_read_from_the_cache(tmp_path):
    path = write_table(tmp_path / "d", 60)
    dataset = with_features(path)
    data = prepare(dataset, cache=tmp_path / "cache")
    image, age, cell, note, back = data.info.inputs.values()
    assert list(data.info.inputs) == ["image", "age", "cell_type", "note", "back"]
    assert isinstance(image, ImageInfo)
    assert isinstance(age, NumberInput)
    assert isinstance(cell, CategoryInput)
    assert isinstance(note, TextInput)
    assert isinstance(back, ImageInfo)
    assert cell.categories == ("mono", "poly")
    rows = {f"{row['image']} (line {line})": row for line, row in enumerate(read_rows(path), 2)}
    train = [rows[data.names[record]] for record in data.splits["train"]]
    ages = [float(row["age"]) for row in train if row["age"]]
    assert age.mean == pytest.approx(np.mean(ages))
    assert age.std == pytest.approx(np.std(ages))
    assert age.missing == pytest.approx(1 - len(ages) / len(train))

    records = np.array([5, 0, 9])
    inputs = open_prepared(dataset, data.identity, cache=tmp_path / "cache").inputs(records)
    for place, record in enumerate(records):
        row = rows[data.names[record]]
        assert inputs["age"][place].tolist() == pytest.approx([float(row["age"] or 0), float(bool(row["age"]))])
        assert inputs["cell_type"][place, 0] == 2 + ("mono", "poly").index(row["cell type"])
        known = [note.vocabulary.index(word) + 2 for word in words_of(row["note"])]
        assert inputs["note"][place, : len(known)].tolist() == known
    by_image = {row["image"]: record for record, name in enumerate(data.names) if (row := rows[name])}
    others = [by_image[rows[data.names[record]]["back"]] for record in records]
    assert np.array_equal(inputs["back"], data.images(np.array(others)))


def test_a_category_that_only_validation_has_is_unknown(tmp_path):
    rows = read_rows(write_table(tmp_path, 40))
    for index, row in enumerate(rows):
        row["split"] = "validation" if index % 4 == 0 else "train"
    rows[0]["cell type"] = "new"
    rows[4]["cell type"] = ""
    dataset = with_features(write_rows(tmp_path / "table.csv", rows), split_column="split")
    data = prepare(dataset, cache=tmp_path / "cache")
    assert data.info.inputs["cell_type"].categories == ("mono", "poly")
    assert data.inputs(np.array([0, 4]))["cell_type"].tolist() == [[1], [0]]


def test_a_cell_that_is_no_number_is_named_with_its_line(tmp_path):
    rows = read_rows(write_table(tmp_path, 40))
    rows[6]["age"] = "old"
    rows[8]["age"] = "n/a"
    path = write_rows(tmp_path / "table.csv", rows)
    with pytest.raises(DataError, match=r"1 × not a number in the column 'age'.*6\.png \(line 8\) \('old'\)"):
        prepare(with_features(path, features=[{"column": "age", "type": "number"}]), cache=tmp_path / "cache")
    found = summarise(prepare(with_features(path, max_bad=0.1), cache=tmp_path / "cache"))
    assert found.bad == {"not a number in the column 'age'": 1}
    assert (found.inputs[0].column, found.inputs[0].type) == ("age", "number")


def test_rows_without_an_image_or_a_further_image_are_used(tmp_path):
    rows = read_rows(write_table(tmp_path, 40))
    for row in rows[:6]:
        row["image"] = ""
    rows[7]["back"] = ""
    data = prepare(with_features(write_rows(tmp_path / "table.csv", rows)), cache=tmp_path / "cache")
    assert not data.bad
    without = [record for record, name in enumerate(data.names) if name.startswith("table.csv:")]
    assert len(without) == 6
    assert not data.images(np.array(without)).any()
    assert len({split for split, records in data.splits.items() for each in without if each in records}) > 1


def test_a_changed_cell_changes_the_fingerprint(tmp_path):
    path = write_table(tmp_path, 40)
    dataset = with_features(path)
    before = prepare(dataset, cache=tmp_path / "cache")
    rows = read_rows(path)
    rows[3]["note"] += " now"
    write_rows(path, rows)
    after = prepare(dataset, cache=tmp_path / "cache")
    alone = prepare(Csv(path=path), cache=tmp_path / "cache")
    assert len({before.fingerprint, after.fingerprint, alone.fingerprint}) == 3


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (["label"], "the column 'label' is a target"),
        (["age", "age"], "duplicate column 'age'"),
        (["image"], "the column 'image' is used already"),
        ([{"column": "age", "type": "numbr"}], "number"),
    ],
)
def test_columns_that_cannot_be_features_are_refused(tmp_path, features, message):
    path = write_table(tmp_path, 10)
    with pytest.raises(ValueError, match=message):
        Csv.model_validate({"path": path, "features": features})


def test_a_missing_column_is_an_error_that_names_those_there_are(tmp_path):
    dataset = Csv.model_validate({"path": write_table(tmp_path, 10), "features": ["weight"]})
    with pytest.raises(DataError, match=r"dataset\.features: .* has no column 'weight'; it has image, label"):
        prepare(dataset, cache=tmp_path / "cache")


def test_words_of_chinese_texts_are_their_characters():
    assert words_of("Nicht-invasiv, 3 Zellen 細胞") == ["nicht", "invasiv", "3", "zellen", "細", "胞"]
