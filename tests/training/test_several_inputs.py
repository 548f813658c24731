"""Networks of several inputs in training: other tasks, further images, missing inputs."""

import keras
import numpy as np
import pytest
from support.tables import read_rows, write_rows, write_table
from support.training import train

from automap import Spec, load_model
from automap.data.columns.encode import with_missing
from automap.data.prepare import prepare
from automap.spec.draw import boundary_candidates
from automap.training.build import build_network

FEATURES = [
    {"column": "age", "type": "number"},
    {"column": "cell type", "type": "category"},
    {"column": "note", "type": "text"},
    {"column": "back", "type": "image"},
]


def spec_of(path, **fields):
    dataset = {"type": "csv", "path": str(path), "features": FEATURES, **fields.pop("dataset", {})}
    return Spec.model_validate(
        {
            "dataset": dataset,
            "architecture": {"type": "cnn", "filters": [8], "dense": 0},
            "encoders": {"text": {"type": "text_convolution", "kernel": 1}},
            "fusion": {"type": "concatenation", "width": 32, "hidden": 64},
            "augmentation": "random_flip",
            "training": {"epochs": 1, "batch_size": 16},
            **fields,
        }
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    path = write_table(folder, 80)
    rows = read_rows(path)
    for row in rows:
        row["mono"] = str(int(row["cell type"] == "mono"))
        row["left"] = str(int(row["label"] == "left"))
    return write_rows(path, rows)


@pytest.mark.parametrize(
    ("fields", "task"),
    [({"number_columns": ["score"]}, "regression"), ({"label_columns": ["mono", "left"]}, "multi_label")],
)
def test_other_tasks_train_save_and_predict_with_every_kind_of_input(table, tmp_path, fields, task):
    spec = spec_of(table, dataset=fields)
    assert spec.task.type == task
    data = prepare(spec.dataset, cache=tmp_path / "cache")
    _, candidate = next(boundary_candidates(spec))
    result = train(candidate, data, tmp_path / "trial", objective=spec.objectives[0])
    assert result.state == "complete", result.reason
    model = load_model(tmp_path / "trial")
    row = {key: value for key, value in read_rows(table)[1].items() if key in ("age", "cell type", "note")}
    images = dict.fromkeys(("image", "back"), table.parent / "1.png")
    whole, alone = model.predict([{**row, **images}, table.parent / "1.png"])
    assert whole != alone
    assert list(model.card.importance) == ["image", "age", "cell type", "note", "back"]


@pytest.fixture(scope="module")
def built(table, tmp_path_factory):
    spec = spec_of(table, fusion={"type": "cross_attention", "width": 32, "input_dropout": 0.5})
    data = prepare(spec.dataset, cache=tmp_path_factory.mktemp("cache"))
    _, candidate = next(boundary_candidates(spec))
    keras.utils.set_random_seed(0)
    return build_network(candidate, data.info), data


def test_every_input_changes_the_outputs_and_may_be_missing(built):
    network, data = built
    inputs = data.inputs(np.arange(1, 5))
    whole = network.predict_on_batch(inputs)
    for name in inputs:
        without = network.predict_on_batch(with_missing({n: v for n, v in inputs.items() if n != name}, data.info))
        assert np.isfinite(without).all()
        assert np.abs(without - whole).max() > 0, name


def test_training_drops_inputs_sample_by_sample(built):
    network, data = built
    inputs = {name: np.repeat(values[:1], 64, axis=0) for name, values in data.inputs(np.arange(1, 3)).items()}
    outputs = np.asarray(network(inputs, training=True))
    assert len(np.unique(outputs.round(5), axis=0)) > 8
    assert len(np.unique(network.predict_on_batch(inputs).round(5), axis=0)) == 1


def test_keep_sets_the_dropout_of_one_input(table, tmp_path):
    features = [{"column": "age", "type": "number", "keep": 1.0}, {"column": "note", "type": "text", "keep": 0.6}]
    spec = spec_of(table, dataset={"features": features}, fusion={"type": "gated", "image_dropout": 0.25})
    data = prepare(spec.dataset, cache=tmp_path / "cache")
    _, candidate = next(boundary_candidates(spec))
    network = build_network(candidate, data.info)
    rates = {layer.name: layer.rate for layer in network.layers if layer.name.startswith("drop_")}
    assert rates == pytest.approx({"drop_image": 0.25, "drop_note": 0.4})


@pytest.mark.slow
def test_neither_the_image_nor_the_column_alone_tells_the_answer(tmp_path):
    path = write_table(tmp_path / "d", 320)
    without_images = write_rows(tmp_path / "d" / "alone.csv", [{**row, "image": ""} for row in read_rows(path)])
    cell = [{"column": "cell type", "type": "category", "keep": 1.0}]
    ways = {"both": (path, cell), "image": (path, []), "column": (without_images, cell)}
    accuracy = {}
    for name, (table, features) in ways.items():
        several = {"fusion": {"type": "concatenation", "width": 32, "hidden": 64}} if features else {}
        spec = Spec.model_validate(
            {
                "dataset": {"type": "csv", "path": str(table), "features": features, "image_size": 16},
                "architecture": {"type": "cnn", "filters": [8], "dense": 0},
                "augmentation": "none",
                "optimizer": {"type": "adamw", "learning_rate": 0.01},
                "training": {"epochs": 12, "batch_size": 32},
                **several,
            }
        )
        data = prepare(spec.dataset, cache=tmp_path / "cache")
        _, candidate = next(boundary_candidates(spec))
        result = train(candidate, data, tmp_path / name, objective=spec.objectives[0], test=True)
        accuracy[name] = result.test["accuracy"]
    assert accuracy["both"] > 0.9
    assert max(accuracy["image"], accuracy["column"]) < 0.75
