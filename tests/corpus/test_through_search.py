"""Every case of the corpus through `search`, and its images through `predict`.

Searches of cases end where their workers would start. A worker trains one model for each kind of target, for one epoch,
and this model predicts the images of all its cases at once. Everything runs in this process.
"""

from __future__ import annotations

import json
import re
import subprocess
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


OTHER_TARGETS = {
    **dict.fromkeys(("coco", "voc", "yolo"), "boxes"),
    **dict.fromkeys(("masks", "coco_masks"), "mask"),
    "pairs": "image",
}


def kind_of(case: Case) -> str:
    """Return the kind of target of a case."""
    [name] = re.findall(r"type: (\w+)", case.dataset)
    return "labels" if "label_columns" in case.dataset else OTHER_TARGETS.get(name, "label")


KINDS = sorted({kind_of(case) for case in CASES})


def searched(case: Case, folder: Path, executor: type) -> subprocess.CompletedProcess[str]:
    """Write a case and search on it."""
    case.make(folder)
    spec = folder / f"case-{CASES.index(case)}-{executor.__name__}.yaml"
    spec.write_text(SPEC.format(dataset=case.dataset))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("automap.api.executors.LocalExecutor", executor)
        return call_automap("search", spec)


def trained(kind: str, folder: Path) -> str:
    """Train a model for a kind of target, on the first case of it that is accepted."""
    case = next(case for case in CASES if not case.error and kind_of(case) == kind)
    done = searched(case, folder, ThreadExecutor)
    assert done.returncode == 0, done.stderr
    assert "1 complete" in done.stdout
    [model] = re.findall(r"^winner: +(.+)$", done.stderr, re.MULTILINE)
    return model


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Set up a cache and a database, without what makes a search of one epoch slow."""
    import tensorflow as tf

    # A step runs once or twice: compiling it takes longer.
    tf.config.run_functions_eagerly(True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("automap.workers.driver.POLL_SECONDS", 0.02)
        patch.setattr("automap.training.measure.costs.LATENCY_RUNS", 2)
        patch.setenv("AUTOMAP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("AUTOMAP_STORAGE", f"sqlite:///{tmp_path_factory.mktemp('all')}/automap.db")
        yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_search_says_what_check_says(case: Case, environment: None, tmp_path: Path):
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


@pytest.mark.parametrize("kind", KINDS)
def test_predict_answers_or_names_every_file(kind: str, environment: None, tmp_path: Path):
    model = trained(kind, tmp_path / "trained")
    expected: dict[str, int] = {}
    for index, case in enumerate(case for case in CASES if kind_of(case) == kind):
        root = tmp_path / f"case-{index}"
        case.make(root)
        if (root / "data").is_dir() and (count := len(image_files(root))):
            expected[case.name] = count
    fill(tmp_path / "more", 2)
    folders = [str(path) for path in tmp_path.glob("case-*/data") if image_files(path.parent)]
    done = call_automap("predict", model, *folders, str(tmp_path / "more"), "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    unread = re.search(r"could not read ([\d,]+) of", done.stderr)
    answers = json.loads(done.stdout)
    assert len(answers) + int(unread[1].replace(",", "") if unread else 0) == sum(expected.values()) + 2, expected


def image_files(root: Path) -> set[Path]:
    """Return the files below a case's data that `predict` must answer or name."""
    found = {path for path in (root / "data").rglob("*") if is_image_name(path.name) and not path.is_dir()}
    return {path for path in found if not any(is_junk(part) for part in path.relative_to(root).parts)}
