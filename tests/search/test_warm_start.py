"""Warm start: trials of earlier studies as evidence, or as candidates to try first."""

import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from support.program import call_automap
from support.searching import query, write_tiny

from automap.data.prepare import prepare
from automap.search.study import Study, create_or_continue
from automap.search.trials import sample_from_rungs, start_trial
from automap.search.warm_start import earlier_studies
from automap.spec.load import load_spec
from automap.store import measurements, results
from automap.store.result import Result


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A spec whose study has two complete trials, a failed one, and one that stopped at a rung."""
    spec = write_tiny(tmp_path, trials=9, storage=f"sqlite:///{tmp_path}/automap.db")
    study = opened(spec)
    for accuracy in (0.5, 0.7, None):
        result = Result(state="complete", validation={"accuracy": accuracy}) if accuracy else Result(state="failed")
        finish(study, result)
    finish(study, Result(state="pruned"), {40: 0.3, 80: 0.4})
    return spec


def opened(spec: Path, fingerprint: str | None = None) -> Study:
    loaded = load_spec(spec)
    fingerprint = fingerprint or prepare(loaded.dataset).fingerprint
    return create_or_continue(loaded, spec.read_text(), fingerprint, {}, earlier_studies(loaded, fingerprint))


def finish(study: Study, result: Result, curve: dict[int, float] | None = None) -> None:
    run = start_trial(study, "w")
    assert run is not None
    for images, accuracy in (curve or {}).items():
        measurements.add_measurement(study.store, run.trial, images, {"accuracy": accuracy}, 1.0)
    assert results.finish(study.engine, run.id, "w", result)


def second(first: Path, **changes: str) -> Path:
    """Write the spec of a study that starts from the first one."""
    text = first.read_text().replace("name: tiny", "name: second")
    text = text.replace("sampler: random", "sampler: tpe, warm_start: [tiny]")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = first.with_name("second.yaml")
    path.write_text(text)
    return path


class Watching(optuna.samplers.RandomSampler):
    """Keeps the trials that it is shown."""

    def infer_relative_search_space(self, study: optuna.Study, trial: Any) -> dict[str, Any]:
        self.shown = study.get_trials()
        return super().infer_relative_search_space(study, trial)


def test_the_sampler_learns_from_trials_on_the_same_data(first: Path) -> None:
    study = opened(second(first))
    study.optuna.sampler = watching = Watching()
    sample_from_rungs(study)
    assert start_trial(study, "w") is not None  # The defaults.
    assert start_trial(study, "w") is not None
    shown = [(trial.state.name, trial.values, trial.intermediate_values) for trial in watching.shown[:3]]
    assert shown == [("COMPLETE", [0.5], {}), ("COMPLETE", [0.7], {}), ("PRUNED", None, {40: 0.3, 80: 0.4})]
    assert [trial.user_attrs["automap:earlier"] for trial in watching.shown[:3]] == ["tiny:0", "tiny:1", "tiny:3"]
    learnt = [trial.params["optimizer.learning_rate"] for trial in watching.shown[:3]]
    storage = study.spec.storage
    earlier = query(storage, "SELECT candidate FROM automap_runs WHERE study_id = 1 AND trial IN (0, 1, 3)")
    assert learnt == [json.loads(row)["optimizer"]["learning_rate"] for (row,) in earlier]
    # They are nowhere among the study's own trials.
    assert [trial.number for trial in study.optuna.get_trials()] == [0, 1]
    assert query(storage, "SELECT count(*) FROM automap_runs WHERE study_id = 2") == [(2,)]


def test_the_best_candidates_of_other_data_are_tried_first(first: Path) -> None:
    study = opened(second(first), "other data")
    rates = [start_trial(study, "w").candidate["optimizer"]["learning_rate"] for _ in range(2)]  # type: ignore[union-attr]
    of_first = query(study.spec.storage, "SELECT candidate FROM automap_runs WHERE study_id = 1 AND trial IN (0, 1)")
    assert rates == [json.loads(row)["optimizer"]["learning_rate"] for (row,) in reversed(of_first)]


def test_check_lists_what_is_taken_and_names_the_rest(first: Path) -> None:
    narrow = second(first, **{"low: 1e-3": "low: 4e-3"})
    found = json.loads(call_automap("check", narrow, "--no-build", "--format", "json").stdout)["warm_start"]
    rates = query(load_spec(first).storage, "SELECT trial, candidate FROM automap_runs ORDER BY trial")
    outside = [trial for trial, row in rates if json.loads(row)["optimizer"]["learning_rate"] < 4e-3]
    assert 0 in outside, "the first trial has the default, 2e-3 or so"
    rejected = sorted({*outside, 2})
    assert [each["trial"] for each in found[0]["rejected"]] == rejected
    assert found[0]["rejected"][0]["reason"].startswith("optimizer.learning_rate: 0.00")
    assert found[0]["rejected"][0]["reason"].endswith(" is not between 0.004 and 0.01")
    assert (found[0]["study"], found[0]["same_data"], found[0]["evidence"]) == ("tiny", True, 4 - len(rejected))
    text = call_automap("check", narrow, "--no-build").stdout
    assert (
        f"warm start from 'tiny' (the same data, 4 trials): the sampler learns from {4 - len(rejected)} trial" in text
    )
    assert f"{len(rejected)} trials cannot be used:\n    trial 0: optimizer.learning_rate: " in text
    assert "trial 2: it failed: unknown reason" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"[tiny]": "[tny]"}, "contains no study 'tny'; did you mean 'tiny'?"),
        ({"[tiny]": "[second]", "name: second": "name: tiny"}, "contains no study 'second'; "),
        ({"name: second": "name: tiny"}, "study 'tiny' cannot start from itself"),
        ({"[tiny]": "[nowhere.yaml]"}, "the spec of the earlier study is not valid: "),
        ({"[tiny]": "[tiny, tiny]"}, "duplicate study: tiny"),
        (
            {"sampler: tpe": "sampler: grid", "log: true": "step: 1e-3"},
            "this sampler tries a fixed list of candidates in order; remove warm_start or choose another sampler",
        ),
    ],
)
def test_an_error_names_file_and_line(first: Path, changes: dict[str, str], message: str) -> None:
    path = second(first, **changes)
    said = call_automap("check", path, "--no-build")
    assert said.returncode == 2
    line = 1 + path.read_text().splitlines().index(next(x for x in path.read_text().splitlines() if "warm_start" in x))
    assert f"second.yaml:{line}:" in said.stderr
    assert "search.warm_start" in said.stderr
    assert message in " ".join(said.stderr.split())


def test_a_spec_file_names_a_study_of_another_database(first: Path) -> None:
    other = second(first, **{"[tiny]": "tiny.yaml", "automap.db": "other.db"})
    study = opened(other)
    assert len(json.loads(query(study.spec.storage, "SELECT evidence FROM automap_studies")[0][0])) == 3


@pytest.mark.slow
def test_a_search_that_starts_warm(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(first.parent)
    path = second(first, **{"trials: 9": "trials: 1"})
    said = call_automap("search", path)
    assert said.returncode == 0, said.stderr
    assert "the sampler learns from 3 trials" in said.stderr
    board = json.loads(call_automap("leaderboard", path, "--state", "all", "--format", "json").stdout)
    assert [row["trial"] for row in board["rows"]] == [0]
    assert call_automap("doctor", path).returncode == 0
