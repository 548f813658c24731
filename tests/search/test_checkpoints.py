"""Checkpoints of paused trials take bounded space, wherever the run directory is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.searching import write_tiny

from automap.search.checkpoints import DROPPED, bound_checkpoints, lost_checkpoints
from automap.search.study import Study, create_or_continue
from automap.search.trials import next_run
from automap.spec.load import load_spec
from automap.store import leases, measurements, remote, studies
from automap.store.files import CHECKPOINT_FILE, run_folder_name

BYTES = 1000
ACCURACIES = (0.5, 0.9, 0.7)


def paused_study(folder: Path, runs: str) -> Study:
    """Return a study of three paused trials, each with a checkpoint of 1,000 bytes."""
    spec = write_tiny(folder, trials=3, storage=f"sqlite:///{folder}/automap.db")
    spec.write_text(f"{spec.read_text()}runs: {runs}\n")
    study = create_or_continue(load_spec(spec), spec.read_text(), "f00d", {})
    studies.fix_rungs(study.store, [50, 100])
    for accuracy in ACCURACIES:
        run = next_run(study, "worker")
        assert run is not None
        measurements.add_measurement(study.store, run.trial, 50, {"accuracy": accuracy}, 1.0)
        measurements.record_decision(study.store, run.trial, 50, "pause")
        leases.pause(study.engine, run.id, "worker")
        write_checkpoint(study, run.trial, folder)
    return study


def write_checkpoint(study: Study, trial: int, folder: Path) -> None:
    name = run_folder_name("search", trial, 0)
    if study.spec.remote_runs is None:
        (study.spec.run_directory / name).mkdir(parents=True)
        (study.spec.run_directory / name / CHECKPOINT_FILE).write_bytes(b"0" * BYTES)
        return
    source = folder / CHECKPOINT_FILE
    source.write_bytes(b"0" * BYTES)
    remote.push(source, remote.child(study.spec.remote_runs, name))


def kept(study: Study) -> list[int]:
    location = study.spec.remote_runs or f"file://{study.spec.run_directory}"
    names = {name for name, file in remote.list_files(location) if file == CHECKPOINT_FILE}
    return [trial for trial in range(3) if run_folder_name("search", trial, 0) in names]


@pytest.mark.parametrize(
    "place", [lambda folder: folder / "runs", lambda folder: f"file://{folder}/kept", lambda _: "memory://bounded"]
)
def test_the_weakest_paused_trials_lose_their_checkpoints(tmp_path: Path, place: Callable[[Path], object]) -> None:
    study = paused_study(tmp_path, str(place(tmp_path)))
    assert bound_checkpoints(study) == []
    assert bound_checkpoints(study, 3 * BYTES) == []
    assert bound_checkpoints(study, 2 * BYTES) == [0]
    assert kept(study) == [1, 2]
    assert bound_checkpoints(study, BYTES) == [2]
    assert kept(study) == [1]
    assert lost_checkpoints(study) == 2
    decisions = {row.trial: row.decision for row in measurements.list_measurements(study.store)}
    assert decisions == {0: DROPPED, 1: "pause", 2: DROPPED}
