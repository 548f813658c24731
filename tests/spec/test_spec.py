"""Reading specs, and the errors of invalid ones."""

import time
from pathlib import Path

import pytest

from automap.spec.draw import first_parameters, hyperparameters
from automap.spec.errors import SpecError
from automap.spec.load import load_spec
from automap.spec.space import Choices, ComponentSpace, Range, Value
from automap.spec.spec import Spec

FIVE_LINES = """\
dataset: {type: sklearn, name: digits}
budget: {time: 20m}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "my_study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_spec(write(folder, text))
    return [line.split("my_study.yaml:", 1)[-1] for line in str(caught.value).splitlines()]


def test_a_short_spec_is_completed(tmp_path):
    spec = load_spec(write(tmp_path, FIVE_LINES))
    assert spec.name == "my_study"
    assert spec.budget.time == 1200
    assert isinstance(spec.architecture, Choices)
    assert {"cnn", "resnet"} <= set(spec.architecture.labels)
    assert isinstance(spec.loss, ComponentSpace)
    assert spec.loss.type == "cross_entropy"
    assert [(goal.metric, goal.direction) for goal in spec.objectives] == [("accuracy", "maximize")]
    assert spec.storage == f"sqlite:///{tmp_path / 'automap.db'}"
    assert spec.run_directory == tmp_path / "automap.runs" / "my_study"


def test_values_ranges_and_choices_mean_the_same_everywhere(tmp_path):
    spec = load_spec(
        write(
            tmp_path,
            """\
dataset: {type: sklearn, name: digits}
architecture: {type: cnn, activation: {choices: [relu, tanh]}}
optimizer: {type: sgd, learning_rate: {low: 1e-4, high: 1e-1, log: true}}
training: {epochs: {low: 3, high: 9, step: 3}, batch_size: 1_28}
""",
        )
    )
    assert isinstance(spec.optimizer, ComponentSpace)
    assert isinstance(spec.architecture, ComponentSpace)
    assert spec.optimizer.fields["learning_rate"] == Range(1e-4, 1e-1, log=True)
    assert spec.training.fields["epochs"] == Range(3, 9, step=3, integer=True)
    assert spec.training.fields["batch_size"] == Value(128)
    assert spec.architecture.fields["activation"] == Choices((Value("relu"), Value("tanh")))


def test_a_spec_from_python_is_the_same_thing(tmp_path):
    from_file = load_spec(write(tmp_path, "dataset: {type: sklearn, name: digits}\narchitecture: cnn\n"))
    from_python = Spec(name="my_study", dataset="sklearn", architecture="cnn", storage=from_file.storage)
    assert from_python == from_file


def test_hyperparameters_of_a_choice_exist_only_under_it(tmp_path):
    spec = load_spec(
        write(
            tmp_path,
            """\
dataset: sklearn
architecture:
  choices:
    - {type: cnn, filters: {choices: [[8], [16, 16]]}}
    - {type: cnn, filters: [4]}
    - resnet
augmentation: []
""",
        )
    )
    names = [each.name for each in hyperparameters(spec)]
    assert "architecture" in names
    assert "architecture.cnn#1.filters" in names
    assert "architecture.cnn#2.filters" not in names
    assert any(name.startswith("architecture.resnet.") for name in names)
    assert len(names) == len(set(names))
    assert [first["architecture"] for first in first_parameters(spec)] == ["cnn#1", "cnn#2", "resnet"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "dataset: sklearn\narchitectur: cnn\n",
            "2:1: architectur: unknown field; did you mean 'architecture'?",
        ),
        (
            "dataset: sklearn\narchitecture:\n  choices:\n    - resnet\n    - {type: cnn, activaton: relu}\n",
            "5:19: architecture.choices[1].activaton: unknown field; did you mean 'activation'?",
        ),
        (
            "dataset: sklearn\narchitecture: resnte\n",
            "2:1: architecture.type: unknown architecture 'resnte'; did you mean 'resnet'?",
        ),
        (
            "dataset: sklearn\noptimizer: {type: sgd, learning_rate: fast}\n",
            "2:24: optimizer.learning_rate: ",
        ),
        (
            "dataset: sklearn\noptimizer: {type: sgd, learning_rate: true}\n",
            "expected a number, received True",
        ),
        (
            "dataset: sklearn\noptimizer: {type: sgd, learning_rate: {low: 1.0, high: 0.1}}\n",
            "2:24: optimizer.learning_rate: low must be below high; received low 1 and high 0.1",
        ),
        (
            "dataset: sklearn\narchitecture: {choices: []}\n",
            "2:16: architecture.choices: choices must not be empty",
        ),
        (
            "dataset: sklearn\narchitecture: {choices: cnn}\n",
            "2:16: architecture.choices: expected a list, received 'cnn'",
        ),
        ("dataset: sklearn\ntraining: {epochs: {low: 1.5, high: 3}}\n", "training.epochs"),
        (
            "dataset: sklearn\ntraining: {schedule: {low: 1, high: 3}}\n",
            "'schedule' is not a number and cannot have a range",
        ),
        ("dataset: sklearn\nobjectives: [acuracy]\n", "unknown metric 'acuracy'; did you mean 'accuracy'?"),
        ("dataset: sklearn\nobjectives: [accuracy, accuracy]\n", "duplicate objective: accuracy, accuracy"),
        ("dataset: sklearn\nconstraints: [{metric: parametres, max: 5}]\n", "did you mean 'parameters'?"),
        ("dataset: sklearn\nconstraints: [{metric: parameters}]\n", "needs min, max or both"),
        (
            "dataset: sklearn\nbudget: {time: soon}\n",
            "2:10: budget.time: expected a duration such as 90s, 20m or 2h; received 'soon'",
        ),
        ("dataset: sklearn\nbudget: {}\n", "a budget needs at least one of trials, time and target"),
        (
            "dataset: sklearn\nbudget: {trails: 3}\n",
            "2:10: budget.trails: unknown field; did you mean 'trials'?",
        ),
        ("architecture: cnn\n", "'dataset' is missing"),
        ("dataset: {choices: [sklearn, folder]}\n", "dataset: expected the name of a data set"),
        ("dataset: {type: sklearn, nam: digits}\n", "1:26: dataset.nam: unknown field; did you mean 'name'?"),
        ("dataset: sklearn\nname: a/b\n", "2:1: name: "),
        ("dataset: sklearn\nstorage: automap.db\n", "expected a database URL such as sqlite:///automap.db"),
        ("dataset: sklearn\nloss: [cross_entropy]\n", "expected the name of a loss, "),
    ],
)
def test_an_error_names_place_and_remedy(tmp_path, text, expected):
    found = problems(tmp_path, text)
    assert any(expected in line for line in found), found


def test_all_mistakes_of_a_file_are_shown_at_once_in_its_order(tmp_path):
    found = problems(tmp_path, "dataset: sklearn\narchitectur: cnn\noptimizer: adamv\nbudget: {trials: 0}\n")
    assert [line.split(":", 1)[0] for line in found] == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("objectives", "expected"),
    [
        ({"metrc": "accuracy"}, ["objectives[0].metrc: unknown field; did you mean 'metric'?"]),
        ([3], ["objectives[0]: expected a mapping; received 3"]),
        ([], ["objectives: expected at least 1 item; received []"]),
    ],
)
def test_errors_that_follow_from_others_are_left_out(objectives, expected):
    with pytest.raises(SpecError) as caught:
        Spec(dataset="sklearn", objectives=objectives)
    assert str(caught.value).splitlines() == expected


def test_a_spec_from_python_names_the_same_mistakes():
    with pytest.raises(SpecError) as caught:
        Spec(architectur="cnn", dataset="sklearn", optimizer={"type": "sgd", "momentun": 0.9}, budget={"trails": 3})
    assert str(caught.value).splitlines() == [
        "optimizer.momentun: unknown field; did you mean 'momentum'?",
        "budget.trails: unknown field; did you mean 'trials'?",
        "architectur: unknown field; did you mean 'architecture'?",
    ]


@pytest.mark.parametrize("section", ["", "architecture:\n  type: cnn\n", "budget:\n", "dataset:\n  type: sklearn\n"])
def test_of_many_problems_fifty_are_shown_and_the_rest_counted(tmp_path, section):
    indent = "  " if section else ""
    keys = "".join(f"{indent}unknown_{number}: 1\n" for number in range(20_000))
    started = time.perf_counter()
    head = "" if section.startswith("dataset") else "dataset: sklearn\n"
    found = problems(tmp_path, f"{head}{section}{keys}")
    assert time.perf_counter() - started < 20
    assert len(found) == 51
    assert found[-1] == "… and 19,950 more problems"
    first_line = len(f"{head}{section}".splitlines()) + 1
    assert [line.split(":")[0] for line in found[:50]] == [str(first_line + number) for number in range(50)]
