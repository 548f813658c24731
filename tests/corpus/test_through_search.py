"""Every case of the corpus through `search` and `predict`.

A worker trains one model for each kind of data set, for one epoch; of all other cases, the search ends where its workers
would start. Everything runs in this process.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus import arrays, boxes, folders, masks, tables
from corpus.case import Case, fill
from support.in_process import NoWorkers, ThreadExecutor
from support.program import call_automap

from automap.data.sources.layout import is_image_name, is_junk

pytestmark = pytest.mark.slow

CASES = [case for module in (folders, tables, arrays, masks, boxes) for case in module.CASES]
SPEC = """\
dataset: {dataset}
architecture: {{type: cnn, filters: [4], dense: 0, dropout: 0.0}}
augmentation: []
optimizer: {{type: sgd, learning_rate: 0.001, momentum: 0.0, weight_decay: 0.0}}
training: {{epochs: 1, batch_size: 16}}
budget: {{trials: 1}}
search: {{scheduler: none}}
finalists: {{top: 0}}
"""


def kind_of(case: Case) -> str:
    """Return which model can read the images of a case."""
    [name] = re.findall(r"type: (\w+)", case.dataset)
    return f"{name} {'labels' if 'label_columns' in case.dataset else ''}".strip()


def searched(case: Case, folder: Path, executor: type) -> subprocess.CompletedProcess[str]:
    """Write a case and search on it."""
    case.make(folder)
    spec = folder / f"case-{CASES.index(case)}-{executor.__name__}.yaml"
    spec.write_text(SPEC.format(dataset=case.dataset))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("automap.api.executors.LocalExecutor", executor)
        return call_automap("search", spec)


@pytest.fixture(scope="module")
def model_for(tmp_path_factory):
    """Train a model for a kind of data set once, on the first case of it that is accepted."""
    import tensorflow as tf

    # A step runs once or twice: compiling it takes longer.
    tf.config.run_functions_eagerly(True)
    models: dict[str, str] = {}

    def train(kind: str) -> str:
        if kind not in models:
            accepted = [case for case in CASES if not case.error]
            case = next((case for case in accepted if kind_of(case) == kind), accepted[0])
            done = searched(case, tmp_path_factory.mktemp("trained"), ThreadExecutor)
            assert done.returncode == 0, done.stderr
            assert "1 complete" in done.stdout
            [models[kind]] = re.findall(r"^winner: +(.+)$", done.stderr, re.MULTILINE)
        return models[kind]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("automap.workers.driver.POLL_SECONDS", 0.02)
        patch.setattr("automap.training.measure.costs.LATENCY_RUNS", 2)
        patch.setenv("AUTOMAP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("AUTOMAP_STORAGE", f"sqlite:///{tmp_path_factory.mktemp('all')}/automap.db")
        yield train
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_search_says_what_check_says_and_predict_answers_or_names_every_file(
    case: Case, model_for: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    done = searched(case, tmp_path, NoWorkers)
    if case.error:
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith("error: ")
        assert case.error in done.stderr
    else:
        assert done.returncode == 1, done.stderr
        assert "No trial completed" in done.stderr
        for reason, count in case.bad.items():
            assert f"skipped {count:,}: {reason}" in done.stderr
        for warning in case.warnings:
            assert f"warning: {warning}" in done.stderr
    _predict_all(model_for(kind_of(case)), tmp_path)


def _predict_all(model: str, root: Path) -> None:
    found = {path for path in (root / "data").rglob("*") if is_image_name(path.name) and not path.is_dir()}
    files = {path for path in found if not any(is_junk(part) for part in path.relative_to(root).parts)}
    if not files:
        files = set(fill(root / "new", 2).iterdir())
    done = call_automap("predict", model, "data" if found else "new", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    unread = re.search(r"could not read ([\d,]+) of", done.stderr)
    assert len(json.loads(done.stdout)) + int(unread[1] if unread else 0) == len(files)
