"""``automap report --format``: each tool reads the copy of a study with its own code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from sqlalchemy import Engine
from support.program import call_automap
from support.studies import add_finalist, add_trial, candidate, complete, make_study

from automap.store.engine import open_database
from automap.store.result import Result

CURVE = [
    {"epoch": 1, "images": 100, "accuracy": 0.5, "loss": float("nan")},
    {"epoch": 2, "images": 200, "accuracy": 0.8},
]
WIDE = candidate("cnn", filters=[8, 16], **{f"option_{index}": index for index in range(150)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracked")
    engine: Engine = open_database(f"sqlite:///{folder}/automap.db")
    study = make_study(engine, "flowers [v1]")
    add_trial(engine, study, 0, complete(0.8, curve=CURVE))
    add_trial(engine, study, 1, complete(0.9, curve=CURVE), of=WIDE)
    add_finalist(engine, study, 1, [0.9, 0.92], of=WIDE)
    add_trial(engine, study, 2, Result(state="failed", reason="out of memory"))
    engine.dispose()
    return folder


def copied(folder: Path, tool: str) -> Path:
    output = folder / tool
    done = call_automap(
        "report", "flowers [v1]", "--format", tool, "--output", output, "--storage", f"sqlite:///{folder}/automap.db"
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f"wrote 3 trials to {output}" in done.stderr
    return output


def test_tensorboard_reads_curves_and_hyperparameters(folder: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    output = copied(folder, "tensorboard")
    assert sorted(path.name for path in output.iterdir()) == ["trial-00000", "trial-00001", "trial-00002"]
    events = EventAccumulator(str(output / "trial-00001"))
    events.Reload()
    assert [(event.step, round(event.value, 6)) for event in events.Scalars("accuracy")] == [(100, 0.5), (200, 0.8)]
    assert events.Scalars("validation.accuracy")[0].value == pytest.approx(0.91)
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    values = HParamsPluginData.FromString(content).session_start_info.hparams
    assert values["architecture"].string_value == "cnn"
    assert values["optimizer.adamw.learning_rate"].number_value == 0.001
    assert values["state"].string_value == "finalist"


def test_mlflow_reads_runs_with_metrics_and_parameters(folder: Path) -> None:
    from mlflow.tracking import MlflowClient

    output = copied(folder, "mlflow")
    client = MlflowClient(tracking_uri=f"sqlite:///{output}/mlflow.db")
    experiment = client.get_experiment_by_name("flowers [v1]")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert {name: run.info.status for name, run in runs.items()} == {
        "trial 0": "FINISHED",
        "trial 1": "FINISHED",
        "trial 2": "FAILED",
    }
    wide = runs["trial 1"]
    assert wide.data.metrics["validation.accuracy"] == pytest.approx(0.91)
    assert wide.data.params["architecture.cnn.option_149"] == "149"
    assert wide.data.params["augmentation.0"] == "none"
    history = client.get_metric_history(wide.info.run_id, "accuracy")
    assert [(metric.step, metric.value) for metric in history] == [(100, 0.5), (200, 0.8)]


def test_wandb_lists_offline_runs(folder: Path) -> None:
    """W&B has no reader for offline runs without its server; its records are not compressed."""
    output = copied(folder, "wandb")
    listed = subprocess.run(
        [sys.executable, "-m", "wandb", "beta", "sync", "--dry-run", output / "wandb"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Would sync 3 run(s)" in listed.stdout + listed.stderr
    stored = sorted(path.read_bytes() for path in output.glob("wandb/offline-run-*/*.wandb"))
    for name in (b"trial 0", b"trial 1", b"trial 2"):
        assert sum(name in run for run in stored) == 1
    wide = next(run for run in stored if b"trial 1" in run)
    assert b"option_149" in wide
    assert b"accuracy" in wide


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    done = call_automap(
        "report", "--format", "tensorboard", "--output", tmp_path, "--storage", f"sqlite:///{folder}/automap.db"
    )
    assert done.returncode == 2
    assert "is not empty; choose another folder with --output" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_tool_names_the_nearest(folder: Path) -> None:
    done = call_automap("report", "--format", "tensorbord", "--storage", f"sqlite:///{folder}/automap.db")
    assert done.returncode == 2
    assert "did you mean 'tensorboard'?" in done.stderr


def test_optuna_dashboard_lists_the_study(tmp_path: Path) -> None:
    """A study that a search made; here only its creation matters."""
    import optuna
    from optuna_dashboard import wsgi

    storage = f"sqlite:///{tmp_path}/automap.db"
    optuna.create_study(study_name="flowers", storage=storage)
    engine = open_database(storage)
    make_study(engine, "flowers")
    engine.dispose()
    request: dict[str, Any] = {"PATH_INFO": "/api/studies"}
    setup_testing_defaults(request)
    said: list[str] = []
    answer = wsgi(storage)(request, lambda status, headers, *_: said.append(status))
    listed = json.loads(b"".join(answer))
    assert said == ["200 OK"]
    assert [study["study_name"] for study in listed["study_summaries"]] == ["flowers"]
