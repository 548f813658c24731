"""Changes of a spec that keep its trials comparable."""

import pytest

from automap.spec.compare import differences
from automap.spec.spec import Spec

BASE = {
    "dataset": {"type": "sklearn"},
    "architecture": {"choices": ["cnn", "resnet"]},
    "optimizer": {"type": "sgd", "learning_rate": {"low": 0.01, "high": 0.1, "log": True}},
    "training": {"epochs": 5},
}


def compare(change: dict) -> list[str]:
    return differences(Spec.model_validate(BASE).to_data(), Spec.model_validate({**BASE, **change}).to_data())


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"budget": {"trials": 3}},
        {"search": {"sampler": "random", "seed": 7}},
        {"finalists": {"top": 1}},
        {"cache": "s3://bucket/automap-cache"},
        {"optimizer": {"type": "sgd", "learning_rate": {"low": 0.001, "high": 0.5, "log": True}}},
    ],
)
def test_budget_search_and_the_ends_of_ranges_may_change(change):
    assert compare(change) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"training": {"epochs": 6}}, "training.epochs: 5 → 6"),
        ({"architecture": {"choices": ["cnn", "mobilenet"]}}, "architecture.choices[1].type"),
        ({"optimizer": {"type": "sgd", "learning_rate": 0.05}}, "optimizer.learning_rate"),
        ({"objectives": ["macro_f1"]}, "objectives[0].metric"),
        ({"dataset": {"type": "sklearn", "splits": {"seed": 1}}}, "dataset.splits.seed"),
    ],
)
def test_everything_else_is_shown_with_both_values(change, path):
    assert any(line.startswith(path) for line in compare(change)), compare(change)
