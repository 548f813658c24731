"""A worker whose machine lacks a study's pretrained weights, or has others."""

import threading
from pathlib import Path

import numpy as np
import pytest
from support.arrays import digits
from support.candidates import candidate

from automap import UserError
from automap.data.prepare import prepare
from automap.search.study import create_or_continue
from automap.search.weights import weights_of
from automap.spec.load import load_spec
from automap.store import runs, studies
from automap.training.build import build_network
from automap.training.weights.layer_names import weights_by_layer
from automap.workers.worker import work

SPEC = """\
dataset: {type: sklearn, name: digits}
architecture: {type: cnn, pretrained: WEIGHTS}
augmentation: []
budget: {trials: 3}
"""


def study_of(folder: Path, pretrained: str):
    spec = folder / "tiny.yaml"
    spec.write_text(SPEC.replace("WEIGHTS", pretrained))
    data = prepare(load_spec(spec).dataset, cache=folder)
    made_with = weights_of(load_spec(spec))
    return create_or_continue(load_spec(spec), spec.read_text(), data.fingerprint, made_with), data


def write_weights(path: Path) -> None:
    np.savez(path, **weights_by_layer(build_network(candidate("cnn"), digits().info)))


def assert_takes_no_trial(study, data, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        work(study, data, "worker", threading.Event())
    assert studies.get_study(study.store).slots_taken == 0
    assert not runs.list_runs(study.store)
    assert not study.optuna.get_trials(states=[])


@pytest.mark.parametrize("changed", [False, True])
def test_a_worker_without_the_weights_of_a_study_says_so_and_takes_no_trial(tmp_path, changed):
    path = tmp_path / "weights.npz"
    write_weights(path)
    study, data = study_of(tmp_path, str(path))
    if changed:
        write_weights(path)
        reason = r"the weights on this machine have the SHA-256 .*, those that the study was started with"
    else:
        path.unlink()
        reason = r"no such file: .*weights\.npz"
    assert_takes_no_trial(study, data, reason)
