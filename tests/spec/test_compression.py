"""The sections `compress` and `ensemble` of a spec, and the time that an ensemble gets."""

import pytest

from automap.search.budget import ensemble_seconds
from automap.spec.errors import SpecError
from automap.spec.load import load_spec
from automap.spec.spec import Spec


def spec(**fields):
    return Spec.model_validate({"dataset": {"type": "sklearn", "name": "digits"}, **fields})


def test_each_entry_becomes_one_or_more_commands():
    entries = [
        {"type": "quantize"},
        {"type": "prune", "sparsity": {"low": 0.3, "high": 0.7}, "dtype": "int8", "epochs": 4},
        {"type": "distill", "format": "openvino", "seeds": 3},
    ]
    options = [each for entry in spec(compress=entries).compress for each in entry.options()]
    prune = ["--method", "prune", "--format", "onnx", "--seeds", "1", "--epochs", "4", "--int8", "--sparsity"]
    assert options == [
        ["--method", "quantize", "--format", "onnx", "--seeds", "1"],
        [*prune, "0.3"],
        [*prune, "0.5"],
        [*prune, "0.7"],
        ["--method", "distill", "--format", "openvino", "--seeds", "3"],
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{type: quantize, dtype: float32}", "quantize and aware make int8 models; leave dtype out"),
        ("{type: prune, sparsity: 1.5}", "sparsity must lie between 0 and 1; received 1.5"),
        ("{type: prune, sparsity: {low: 0.7, high: 0.3}}", "low must be below high"),
        ("{type: squeeze}", "squeeze"),
    ],
)
def test_an_error_names_the_entry(tmp_path, entry, message):
    path = tmp_path / "spec.yaml"
    path.write_text(f"dataset: {{type: sklearn, name: digits}}\ncompress: [{entry}]\n")
    with pytest.raises(SpecError) as failed:
        load_spec(path)
    assert message in str(failed.value)
    assert "compress[0]" in str(failed.value)


@pytest.mark.parametrize(
    ("fields", "budget", "seconds"),
    [
        ({}, 60, 0),
        ({}, 600, 30),
        ({}, 36_000, 60),
        ({"ensemble": {"members": 0}}, 600, 0),
        ({"finalists": {"top": 0}}, 600, 0),
    ],
)
def test_long_time_budgets_set_time_aside_for_the_ensemble(fields, budget, seconds):
    assert ensemble_seconds(spec(**fields), budget) == seconds
