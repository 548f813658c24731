"""``automap check``: the resolved spec, its search space, its data, the resources of a search, all errors."""

import json

import pytest
from support.distributions import ARCHITECTURE, install
from support.program import REPOSITORY, call_automap, run_automap

from automap import load_spec

SPEC = """\
name: checked
dataset: {type: sklearn, name: digits}
architecture: {type: cnn, filters: {choices: [[4, 8], [8, 16]]}, dropout: {low: 0.0, high: 0.3}}
augmentation: none
optimizer: {type: sgd, learning_rate: {low: 0.01, high: 1.0, log: true}, weight_decay: 0.0}
training: {epochs: 2, batch_size: 32}
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "checked.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def test_the_printed_spec_is_resolved_and_valid(spec, tmp_path):
    done = call_automap("check", spec, "--no-data")
    assert done.returncode == 0, done.stderr
    text, _, table = done.stdout.partition("\nsearch space")
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(text, encoding="utf-8")
    assert load_spec(resolved) == load_spec(spec)
    rows = {line.split()[0]: line for line in table.splitlines() if "." in line}
    assert set(rows) == {"architecture.filters", "architecture.dropout", "optimizer.learning_rate"}
    assert "[4, 8] | [8, 16]" in rows["architecture.filters"]
    assert "0.01 to 1, log" in rows["optimizer.learning_rate"]


def test_the_data_is_read_and_counted(spec, tmp_path):
    done = call_automap("check", spec, "--no-build")
    assert done.returncode == 0, done.stderr
    assert "8 x 8 pixels, grey" in done.stdout
    header = next(line for line in done.stdout.splitlines() if "validation" in line and "train" in line)
    assert header.split() == ["class", "train", "validation", "test"]
    total = next(line for line in done.stdout.splitlines() if line.strip().startswith("all "))
    assert sum(int(number.replace(",", "")) for number in total.split()[1:]) == 1797
    assert not (tmp_path / "automap.db").exists()


@pytest.mark.slow
def test_json_contains_everything(spec, tmp_path):
    done = call_automap("check", spec, "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["valid"] is True
    assert report["problems"] == []
    assert report["spec"]["name"] == "checked"
    assert {each["name"] for each in report["search_space"]} >= {
        "architecture.dropout",
        "optimizer.learning_rate",
    }
    assert sum(sum(counts) for counts in report["data"]["counts"].values()) == 1797
    assert report["largest_network"] > 0
    assert report["needs"]["memory"] > report["largest_network"]


def test_json_contains_errors(spec):
    spec.write_text(SPEC + "budget: {trails: 3}\nsearch: {sampler: tpa}\n")
    done = call_automap("check", spec, "--format", "json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["valid"] is False
    assert [(problem["line"], problem["path"]) for problem in report["problems"]] == [
        (7, "budget.trails"),
        (8, "search.sampler.type"),
    ]
    assert "2 problems" in done.stderr


def test_a_space_without_hyperparameters_is_shown(spec):
    spec.write_text(
        "dataset: sklearn\naugmentation: []\narchitecture: {type: cnn, filters: [4], dropout: 0.0}\n"
        "optimizer: {type: sgd, learning_rate: 0.1, weight_decay: 0.0}\ntraining: {batch_size: 32}\n"
    )
    done = call_automap("check", spec, "--no-data")
    assert done.returncode == 0, done.stderr
    assert "Nothing is searched" in done.stdout


@pytest.mark.parametrize("path", sorted((REPOSITORY / "specs").glob("*.yaml")), ids=lambda path: path.name)
def test_every_spec_that_is_shipped_is_valid(path):
    done = call_automap("check", path, "--no-data")
    assert done.returncode == 0, done.stderr


NARROW = (
    ARCHITECTURE.replace("width: int = 8", "width: int = tunable(8, low=4, high=16)")
    .replace("        return", "        if self.width > 8: raise RuntimeError('too wide')\n        return")
    .replace("import Arch", "import tunable, Arch")
)


@pytest.mark.slow
def test_unbuildable_boundary_candidates_are_reported_before_training(spec, tmp_path):
    site = install(
        tmp_path / "site", "narrow", "automap.architectures", {"narrow": "narrow_net:Net"}, narrow_net=NARROW
    )
    spec.write_text("dataset: sklearn\narchitecture: narrow\noptimizer: sgd\naugmentation: []\n")
    done = run_automap("check", spec, PYTHONPATH=str(site))
    assert done.returncode == 2
    assert "1 candidate at the boundary of the search space cannot be built:" in done.stderr
    assert "architecture.width = 16: RuntimeError: too wide" in done.stderr
    assert "largest network" in done.stdout
    assert "memory of a worker" in done.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "not UTF-8 text"),
        (b"", "the file is empty"),
        (b"dataset: &a [*a]", "this alias lies within"),
        (b"architecture: {choices: []}\ndataset: sklearn\n", "choices must not be empty"),
        (b"dataset: sklearn\nbudget: {time: {low: 1, high: 2}}\n", "budget.time"),
    ],
)
def test_a_file_that_is_not_a_spec_is_refused(tmp_path, content, message):
    path = tmp_path / "spec.yaml"
    path.write_bytes(content)
    done = call_automap("check", path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_thousands_of_problems_on_one_line_give_a_short_output(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(f"dataset: sklearn\nbudget: {{{', '.join(f'unknown_{number}: 1' for number in range(20_000))}}}\n")
    done = call_automap("check", path, "--format", "json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["problem_count"] == 20_000
    assert len(report["problems"]) == 50
    assert "20,000 problems" in done.stderr
    assert "; the first 50 are shown" in done.stderr
    assert len(done.stdout + done.stderr) < 30_000


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_grid_over_a_continuous_range_is_refused_as_by_search(spec, format_):
    spec.write_text(SPEC + "search: {sampler: grid}\n")
    done = call_automap("check", spec, "--no-data", "--format", format_)
    assert done.returncode == 2
    assert "grid search needs a step, or choices, instead of a continuous range" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("training: {epochs: 1_000_000_000_000}", "training.epochs: must be at most 100000"),
        (
            "training: {epochs: {low: 1, high: 1_000_000_000_000}}",
            "training.epochs.high: must be at most 100000",
        ),
        ("training: {batch_size: 1_000_000_000_000}", "training.batch_size: must be at most"),
        ("budget: {trials: 1_000_000_000_000}", "budget.trials: must be at most 1000000"),
        ("budget: {time: 9999999d}", "budget.time: must be at most"),
        ("finalists: {seeds: 1_000_000_000_000}", "finalists.seeds: must be at most 1000"),
        ("finalists: {top: 1_000_000_000_000}", "finalists.top: must be at most 1000"),
        ("search: {seed: 4_294_967_290}", "search.seed: must be at most 2147483647"),
        (
            "dataset: {type: sklearn, splits: {seed: 4_294_967_296}}",
            "1:35: dataset.splits.seed: must be at most 4294967295",
        ),
        (
            "dataset: {type: sklearn, splits: {validation: 60%, test: 50%}}",
            "1:26: dataset.splits: validation (60%) and test (50%) leave no samples to train on",
        ),
        (
            "dataset: {type: sklearn, splits: {validaton: 10%}}",
            "1:35: dataset.splits.validaton: unknown field; did you mean 'validation'?",
        ),
    ],
)
def test_numbers_without_sense_are_refused(tmp_path, section, problem):
    path = tmp_path / "spec.yaml"
    path.write_text(section + ("" if section.startswith("dataset") else "\ndataset: sklearn") + "\n")
    done = call_automap("check", path)
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stdout == ""


def test_missing_data_of_a_shipped_spec_names_the_command_that_makes_it(tmp_path):
    (tmp_path / "specs").mkdir()
    spec = tmp_path / "specs" / "detection.yaml"
    spec.write_text((REPOSITORY / "specs" / "detection.yaml").read_text())
    for command in ("check", "search"):
        done = call_automap(command, spec)
        assert done.returncode == 2
        assert "create it with: python examples/make_data.py detection data/scattered_digits" in done.stderr
