"""``automap search --evolve``: the successor of a study whose search space has changed."""

import json
from pathlib import Path

import pytest
from support.program import call_automap
from support.searching import query, write_tiny

from automap.data.prepare import prepare
from automap.exceptions import UserError
from automap.search.evolve import Evolution, evolve
from automap.search.study import Study, create_or_continue
from automap.search.trials import next_run, start_trial
from automap.spec.load import load_spec
from automap.store import leases, measurements, results, runs, studies
from automap.store.result import Result


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_tiny(tmp_path, trials=9, storage=f"sqlite:///{tmp_path}/automap.db")


def opened(spec: Path) -> Study:
    loaded = load_spec(spec)
    return create_or_continue(loaded, spec.read_text(), prepare(loaded.dataset).fingerprint, {})


def evolved(spec: Path) -> Evolution | None:
    loaded = load_spec(spec)
    return evolve(loaded, spec.read_text(), prepare(loaded.dataset).fingerprint, {})


def add_trial(study: Study, result: Result) -> float:
    """Write a finished trial and return its learning rate."""
    run = start_trial(study, "w")
    assert run is not None
    folder = study.spec.run_directory / f"trial-{run.trial:05d}"
    folder.mkdir(parents=True)
    (folder / "model.keras").write_text(f"weights {run.trial}")
    result = result.model_copy(update={"artifacts": folder.name})
    assert results.finish(study.engine, run.id, "w", result)
    study.optuna.tell(run.trial, result.validation["accuracy"])
    return float(run.candidate["optimizer"]["learning_rate"])


def add_paused(study: Study) -> None:
    run = start_trial(study, "w")
    assert run is not None
    assert studies.fix_rungs(study.store, [40, 160]) == (40, 160)
    measurements.add_measurement(study.store, run.trial, 40, {"accuracy": 0.3}, 1.0)
    folder = study.spec.run_directory / f"trial-{run.trial:05d}"
    folder.mkdir(parents=True)
    (folder / "checkpoint.npz").write_text("checkpoint")
    assert leases.pause(study.engine, run.id, "w")


def complete(accuracy: float) -> Result:
    return Result(state="complete", validation={"accuracy": accuracy})


def change(spec: Path, old: str, new: str) -> None:
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))


def test_a_successor_takes_the_trials_that_are_still_valid(spec: Path) -> None:
    study = opened(spec)
    rates = [add_trial(study, complete(0.5 + index / 100)) for index in range(3)]
    add_paused(study)
    kept = sorted(rates)[1]
    change(spec, "low: 1e-3", f"low: {kept}")
    change(spec, "filters: [4]", "filters: {choices: [[4], [8]]}")
    step = evolved(spec)
    assert step is not None
    outside = rates.index(min(rates))
    assert step.left[outside].startswith("optimizer.learning_rate: ")
    rows = query(study.spec.storage, "SELECT name, predecessor, slots_taken FROM automap_studies ORDER BY id")
    assert rows == [("tiny", None, 0), ("tiny.2", "tiny", len(step.taken))]
    successor = opened(spec)
    assert successor.spec.name == "tiny.2"
    taken = [trial for trial in range(3) if trial in step.taken]
    stored = results.list_results(successor.store)
    assert {row.trial: row.value for row in stored} == {step.taken[trial]: 0.5 + trial / 100 for trial in taken}
    assert {row.result.artifacts for row in stored} == {f"trial-{step.taken[trial]:05d}" for trial in taken}
    for trial in taken:
        folder = successor.spec.run_directory / f"trial-{step.taken[trial]:05d}"
        assert (folder / "model.keras").read_text() == f"weights {trial}"
    # The old study is as it was.
    assert [run.trial for run in runs.list_runs(study.store)] == [0, 1, 2, 3]
    assert sorted(path.name for path in study.spec.run_directory.glob("trial-*"))[0] == "trial-00000"
    # The sampler knows the trials, and the new choice is tried first.
    told = [trial for trial in successor.optuna.get_trials() if trial.state.name == "COMPLETE"]
    assert [trial.params["architecture.filters"] for trial in told] == ["[4]"] * len(told)
    assert [trial.user_attrs["automap:earlier"] for trial in told] == [f"tiny:{trial}" for trial in taken]
    following = start_trial(successor, "w")
    assert following is not None
    assert following.candidate["architecture"]["filters"] == [8]
    assert studies.get_study(successor.store).rungs == (40, 160)


def test_a_paused_trial_is_resumed_from_its_checkpoint(spec: Path) -> None:
    study = opened(spec)
    add_paused(study)
    change(spec, "high: 1e-2", "high: 1e-1")
    change(spec, "weight_decay: 0.0", "weight_decay: {choices: [0.0, 0.1]}")
    assert evolved(spec) is not None
    successor = opened(spec)
    assert leases.paused_trials(successor.store) == {0}
    assert (successor.spec.run_directory / "trial-00000" / "checkpoint.npz").read_text() == "checkpoint"
    assert [row.images for row in measurements.list_measurements(successor.store)] == [40]
    following = next_run(successor, "w")
    assert following is not None
    assert following.trial == 1


def test_longer_trainings_keep_the_pace_of_the_rungs(spec: Path) -> None:
    change(spec, "epochs: 2", "epochs: {low: 1, high: 2}")
    study = opened(spec)
    add_paused(study)
    change(spec, "high: 2}", "high: 4}")
    change(spec, "filters: [4]", "filters: {choices: [[4], [8]]}")
    assert evolved(spec) is not None
    rungs = studies.get_study(opened(spec).store).rungs
    assert rungs is not None
    assert rungs[-1] == 320


def test_nothing_happens_without_a_change(spec: Path) -> None:
    assert evolved(spec) is None
    add_trial(opened(spec), complete(0.5))
    assert evolved(spec) is None
    change(spec, "high: 1e-2", "high: 1e-1")  # Ranges of a study may grow anyway.
    assert evolved(spec) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("finalists:", "objectives: macro_f1\nfinalists:", "cannot have a successor, because its trials mean"),
        ("path: tiny.npz", "path: tiny.npz, image_size: 10", "cannot have a successor, because its trials mean"),
        ("filters: [4]", "filters: [8]", "no trial of study 'tiny' is valid for the changed spec"),
    ],
)
def test_what_cannot_have_a_successor(spec: Path, old: str, new: str, message: str) -> None:
    add_trial(opened(spec), complete(0.5))
    change(spec, old, new)
    with pytest.raises(UserError, match=message):
        evolved(spec)
    assert query(load_spec(spec).storage, "SELECT name FROM automap_studies") == [("tiny",)]


def test_a_study_in_training_has_no_successor(spec: Path) -> None:
    study = opened(spec)
    add_trial(study, complete(0.5))
    assert start_trial(study, "w") is not None
    change(spec, "filters: [4]", "filters: {choices: [[4], [8]]}")
    with pytest.raises(UserError, match="is being trained; stop its search and its workers first"):
        evolved(spec)


@pytest.mark.slow
def test_a_search_goes_on_with_a_further_choice(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(spec.parent)
    change(spec, "trials: 9", "trials: 2")
    assert call_automap("search", spec).returncode == 0
    change(spec, "filters: [4]", "filters: {choices: [[4], [8]]}")
    refused = call_automap("search", spec)
    assert refused.returncode == 2
    assert "automap search SPEC --evolve" in " ".join(refused.stderr.split())
    done = call_automap("search", spec, "--evolve", "--trials", "+1")
    assert done.returncode == 0, done.stderr
    assert "study 'tiny.2' continues 'tiny' with 2 of its 2 trials" in done.stderr
    rows = json.loads(call_automap("leaderboard", spec, "--format", "json").stdout)["rows"]
    assert sorted(row["trial"] for row in rows) == [0, 1, 2]
    assert [row["candidate"]["architecture"]["filters"] for row in rows if row["trial"] == 2] == [[8]]
    assert call_automap("doctor", spec).returncode == 0
    listed = json.loads(call_automap("studies", "--storage", load_spec(spec).storage, "--format", "json").stdout)
    assert [(study["name"], study["predecessor"]) for study in listed["studies"]] == [
        ("tiny", None),
        ("tiny.2", "tiny"),
    ]
    # The old study stays readable by its name, and the spec file stands for the new one.
    old = json.loads(
        call_automap("leaderboard", "tiny", "--storage", load_spec(spec).storage, "--format", "json").stdout
    )
    assert sorted(row["trial"] for row in old["rows"]) == [0, 1]
    again = call_automap("search", spec, "--trials", "+1")
    assert again.returncode == 0, again.stderr
    assert query(load_spec(spec).storage, "SELECT slots_taken FROM automap_studies ORDER BY id") == [(2,), (4,)]
