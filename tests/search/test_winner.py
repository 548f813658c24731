"""Which run's model becomes the study's winner."""

from pathlib import Path

import pytest
from support.searching import write_tiny

from automap.search.continuing import continue_cut_short, continued_trial
from automap.search.study import Study, create_or_continue
from automap.search.trials import next_run
from automap.search.winner import winning_run
from automap.spec.load import load_spec
from automap.store import results, runs
from automap.store.files import DECAY_CHECKPOINT_FILE, run_folder_name
from automap.store.result import CUT_SHORT, Result


@pytest.fixture
def study(tmp_path: Path) -> Study:
    spec = write_tiny(tmp_path, trials=4, storage=f"sqlite:///{tmp_path}/automap.db")
    return create_or_continue(load_spec(spec), spec.read_text(), "f00d", {})


def finish_trial(study: Study, accuracy: float, note: str = "") -> runs.Run:
    run = next_run(study, "worker")
    assert run is not None
    finish(study, run, accuracy, note)
    return run


def finish(study: Study, run: runs.Run, accuracy: float, note: str = "") -> None:
    result = Result(state="complete", validation={"accuracy": accuracy}, notes=(note,))
    assert results.finish(study.engine, run.id, "worker", result)


def finish_finalist(study: Study, trial: runs.Run, accuracy: float) -> None:
    new = runs.NewRun(trial.trial, "final", 1000, trial.candidate, trial.epochs)
    finish(study, runs.start_run(study.store, new, "worker"), accuracy)


def winner(study: Study) -> tuple[str, int]:
    found = winning_run(study)
    assert found is not None
    return found.kind, found.trial


def test_a_better_trial_that_was_not_trained_again_replaces_the_finalist(study: Study) -> None:
    first = finish_trial(study, 0.9)
    assert winner(study) == ("search", 0)
    finish_finalist(study, first, 0.8)
    # The trial's own value was better by chance: the finalist stands for it.
    assert winner(study) == ("final", 0)
    finish_trial(study, 0.7)
    assert winner(study) == ("final", 0)
    finish_trial(study, 0.95)
    assert winner(study) == ("search", 2)


def test_a_trial_that_was_cut_short_is_continued_once(study: Study) -> None:
    first = finish_trial(study, 0.9, f"finished early after 2 of 9 epochs {CUT_SHORT}")
    assert continue_cut_short(study) == {}, "there is no checkpoint"
    folder = study.spec.run_directory / run_folder_name("search", 0, 0)
    folder.mkdir(parents=True)
    (folder / DECAY_CHECKPOINT_FILE).write_bytes(b"0")
    [(trial, number)] = continue_cut_short(study).items()
    assert trial == 0
    assert continue_cut_short(study) == {}
    run = next_run(study, "worker")
    assert run is not None
    assert (run.trial, run.seed, run.candidate) == (number, first.seed, first.candidate)
    assert continued_trial(study, number) == 0
    assert continued_trial(study, 0) is None
