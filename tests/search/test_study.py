"""Creating, continuing and reopening studies."""

import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from support.searching import execute, query, write_tiny

import automap
from automap.exceptions import StorageError, UserError
from automap.search.consistency import examine
from automap.search.study import Study, StudyIncomplete, create_or_continue, reopen
from automap.search.trials import start_trial
from automap.spec.load import load_spec
from automap.store import leases, results, runs, studies
from automap.store.engine import read_database
from automap.store.result import Result


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write_tiny(tmp_path, trials=9, storage=f"sqlite:///{tmp_path}/automap.db")


def opened(spec: Path, fingerprint: str = "f00d") -> Study:
    return create_or_continue(load_spec(spec), spec.read_text(), fingerprint, {})


def change(spec: Path) -> None:
    spec.write_text(spec.read_text().replace("filters: [4]", "filters: [8]"))


def test_a_corrected_spec_replaces_one_without_trained_trials(spec: Path) -> None:
    study = opened(spec)
    run = start_trial(study, "w")
    assert run is not None
    assert leases.release(study.engine, run.id, "w")
    checkpoint = study.spec.run_directory / "trial-00000" / "checkpoint.npz"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    change(spec)
    corrected = opened(spec, "other data")
    row = studies.get_study(corrected.store)
    assert row.spec["architecture"]["filters"] == [8]
    assert (row.data_fingerprint, row.slots_taken) == ("other data", 0)
    assert runs.list_runs(corrected.store) == []
    assert [trial.state for trial in corrected.optuna.get_trials()] == [TrialState.WAITING]
    assert not checkpoint.exists()


@pytest.mark.parametrize("trained", ["training now", "an epoch", "a result"])
def test_a_study_with_something_trained_keeps_its_spec(spec: Path, trained: str) -> None:
    study = opened(spec)
    run = start_trial(study, "w")
    assert run is not None
    if trained == "an epoch":
        assert leases.beat(study.engine, run.id, "w", epoch=1)
        assert leases.release(study.engine, run.id, "w")
    elif trained == "a result":
        assert results.finish(study.engine, run.id, "w", Result(state="failed", reason="nan"))
    change(spec)
    with pytest.raises(UserError, match=r"architecture.filters: \[4\] → \[8\]"):
        opened(spec)


def test_an_earlier_version_of_the_data_is_named(spec: Path) -> None:
    study = opened(spec)
    assert start_trial(study, "w") is not None
    execute(load_spec(spec).storage, "UPDATE automap_studies SET data_fingerprint = 'earlier-version:f00d'")
    with pytest.raises(UserError, match="earlier version of automap, which decoded images differently"):
        opened(spec)


def test_a_password_in_the_spec_is_not_stored(spec: Path) -> None:
    spec.write_text(spec.read_text() + "# was postgresql://me:hunter2@host/db\n")
    row = studies.get_study(opened(spec).store)
    assert row.spec_text.endswith("# was postgresql://me:***@host/db\n")
    assert studies.get_study(opened(spec).store).spec_text == row.spec_text


def test_a_password_of_the_run_directory_is_not_stored_and_taken_from_the_spec(spec: Path) -> None:
    pytest.importorskip("fsspec")
    spec.write_text(spec.read_text() + "runs: ftp://me:hunter2@nowhere.invalid/runs\n")
    study = opened(spec)
    assert "hunter2" not in "\n".join(sqlite3.connect(spec.parent / "automap.db").iterdump())
    assert opened(spec).spec.run_location == "ftp://me:hunter2@nowhere.invalid/runs/tiny"
    for found in (automap.open_study(spec), automap.Study.of(study)):
        assert found._row.run_directory == "ftp://me:hunter2@nowhere.invalid/runs/tiny"
    assert automap.open_study("tiny", study.spec.storage)._row.run_directory == "ftp://me:***@nowhere.invalid/runs/tiny"


@pytest.mark.parametrize("tables", [True, False])
def test_a_study_without_its_part_in_optuna_is_named_and_completed(spec: Path, tables: bool) -> None:
    study = opened(spec)
    url = load_spec(spec).storage
    if tables:
        optuna.delete_study(study_name="tiny", storage=url)
    else:
        for (name,) in query(url, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'automap_%'"):
            execute(url, f"DROP TABLE {name}")
    engine = read_database(url)
    row = studies.get_study(study.store)
    with pytest.raises(StudyIncomplete, match="run the same automap search command again"):
        reopen(engine, row)
    [finding] = examine(engine, row)
    assert "was not created completely" in finding.problems[0]
    assert [trial.state for trial in opened(spec).optuna.get_trials()] == [TrialState.WAITING]
    assert reopen(engine, row).spec.name == "tiny"


EXAMINE = """
import os, sys
from automap.search.consistency import examine
from automap.store.engine import read_database
from automap.store.studies import find_study
for url in sys.argv[1:]:
    engine = read_database(url)
    print([problem for finding in examine(engine, find_study(engine, "tiny")) for problem in finding.problems])
    if os.geteuid() == 0:
        # Root may write everywhere. All modules are imported by now: another user might not reach them.
        os.setgid(65534); os.setuid(65534)
"""


def test_a_read_only_database_can_be_examined(spec: Path) -> None:
    url = opened(spec).spec.storage
    # Every folder above must let another user pass.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        file = Path(name, "automap.db")
        with sqlite3.connect(spec.parent / "automap.db") as source, sqlite3.connect(file) as target:
            source.backup(target)
        file.chmod(0o444)
        Path(name).chmod(0o555)
        program = [sys.executable, "-c", EXAMINE, url, f"sqlite:///{file}"]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        Path(name).chmod(0o755)
    assert done.stdout.splitlines() == ["[]", "[]"], done.stderr


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE automap_studies SET spec = '{\"name\": '",
        "UPDATE automap_studies SET objectives = '[1]'",
        "UPDATE automap_studies SET created_at = 'yesterday'",
        "UPDATE automap_studies SET spec = '[]'",
    ],
)
def test_damaged_rows_are_errors_in_plain_words(spec: Path, damage: str) -> None:
    study = opened(spec)
    execute(load_spec(spec).storage, damage)
    engine = read_database(load_spec(spec).storage)
    with pytest.raises((StorageError, UserError)):
        examine(engine, studies.get_study(study.store))
