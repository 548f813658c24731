"""``automap search`` as users run it: real processes, a real database, real images."""

import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from support.images import digits

SPEC = """\
dataset: {type: sklearn, name: digits}
architecture: {type: cnn, filters: [8, 16], dropout: 0.0}
augmentation: []
optimizer: {type: adamw, learning_rate: {low: 1e-3, high: 1e-2, log: true}, weight_decay: 0.0}
training: {epochs: EPOCHS, batch_size: 64, early_stopping: null, evaluate: epochs}
budget: {trials: TRIALS}
search: {scheduler: none}
finalists: {top: 1, seeds: 2}
"""


def write_spec(folder: Path, text: str = SPEC, *, epochs: int = 2, trials: int = 3) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text.replace("EPOCHS", str(epochs)).replace("TRIALS", str(trials)))
    return path


def automap(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(arguments), cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def start(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(_command(arguments), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _command(arguments: tuple[object, ...]) -> list[str]:
    return [str(Path(sys.executable).with_name("automap")), *map(str, arguments)]


def query(folder: Path, sql: str) -> list[tuple]:
    connection = sqlite3.connect(folder / "automap.db", timeout=30)
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise
    finally:
        connection.close()


def wait_for(condition, *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def epochs_of_running(folder: Path) -> int:
    if not (folder / "automap.db").exists():
        return 0
    rows = query(folder, "SELECT max(epoch) FROM automap_runs WHERE state = 'running'")
    return rows[0][0] or 0 if rows else 0


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def assert_whole(folder: Path, trials: int) -> None:
    """Every trial is accounted for exactly once, no curve has an evaluation twice, and a complete one has its end."""
    optuna = dict(query(folder, "SELECT number, state FROM trials"))
    results = query(folder, "SELECT trial, state, curve, notes FROM automap_results WHERE kind = 'search'")
    assert sorted(optuna) == list(range(trials))
    assert sorted(trial for trial, *_ in results) == list(range(trials))
    names = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    for trial, state, curve, notes in results:
        assert optuna[trial] == names[state]
        epochs = [point["epoch"] for point in json.loads(curve)]
        if "finished early" in notes:
            # Early stopping ends with a decay of the learning rate, which is evaluated once, at its end.
            assert epochs.pop() > epochs[-1]
        assert epochs == list(range(1, len(epochs) + 1))


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    finished = automap("search", write_spec(folder), folder=folder)
    assert finished.returncode == 0, finished.stderr
    return folder, finished


@pytest.mark.slow
def test_a_search_ends_with_a_leaderboard_and_a_model(searched):
    folder, finished = searched
    assert "accuracy" in finished.stdout
    assert (folder / "automap.runs/tiny/winner/model.keras").exists()
    assert_whole(folder, 3)
    board = json.loads(automap("leaderboard", "tiny.yaml", "--format", "json", folder=folder).stdout)
    best = next(row for row in board["rows"] if row["state"] == "finalist")
    assert best["rank"] == 1 or board["rows"][0]["state"] == "ensemble"
    assert best["seeds"] == 2
    assert 0.5 < best["test"]["accuracy"]["mean"] <= 1
    assert all((row["test"] is None) == (row["state"] == "complete") for row in board["rows"])


@pytest.mark.slow
def test_an_ensemble_can_be_made_of_a_finished_study(searched):
    folder, _ = searched
    made = automap("ensemble", "tiny.yaml", "--latency", "10", folder=folder)
    assert made.returncode == 0 or "better on the validation split than its best member alone" in made.stderr
    rows = json.loads(automap("leaderboard", "tiny.yaml", "--format", "json", folder=folder).stdout)["rows"]
    assert [row["state"] for row in rows].count("ensemble") == (made.returncode == 0 or rows[0]["state"] == "ensemble")


@pytest.mark.slow
def test_the_same_command_says_that_the_budget_is_spent_and_more_trials_go_on(searched):
    folder, _ = searched
    again = automap("search", "tiny.yaml", folder=folder)
    assert again.returncode == 0
    assert "budget is spent" in again.stderr
    assert "accuracy" in again.stdout
    assert_whole(folder, 3)
    more = automap("search", "tiny.yaml", "--trials", "+1", folder=folder)
    assert more.returncode == 0, more.stderr
    assert_whole(folder, 4)


@pytest.mark.slow
def test_a_changed_spec_is_refused_with_the_difference(searched):
    folder, _ = searched
    other = folder / "other.yaml"
    other.write_text("name: tiny\n" + (folder / "tiny.yaml").read_text().replace("[8, 16]", "[8, 8]"))
    refused = automap("search", "other.yaml", folder=folder)
    assert refused.returncode == 2
    assert "architecture.filters: [8, 16] → [8, 8]" in refused.stderr


@pytest.mark.slow
def test_optunas_own_tool_reads_the_database(searched):
    folder, _ = searched
    command = [str(Path(sys.executable).with_name("optuna")), "best-trial", "--study-name", "tiny", "--storage"]
    shown = subprocess.run([*command, f"sqlite:///{folder}/automap.db", "-f", "json"], capture_output=True, text=True)
    assert "optimizer.learning_rate" in shown.stdout, shown.stderr


@pytest.mark.slow
def test_the_winner_labels_image_files(searched, tmp_path):
    folder, _ = searched
    images, targets = digits()
    for index in range(20):
        Image.fromarray(images[index]).save(tmp_path / f"{index:02d}.png")
    winner = folder / "automap.runs/tiny/winner"
    labelled = automap("predict", winner, tmp_path, "--format", "json", folder=tmp_path)
    assert labelled.returncode == 0, labelled.stderr
    answers = json.loads(labelled.stdout)
    assert [Path(answer["image"]).name for answer in answers] == [f"{index:02d}.png" for index in range(20)]
    right = sum(answer["label"] == str(target) for answer, target in zip(answers, targets[:20], strict=True))
    # Trained for two epochs on other digits; chance is two of twenty.
    assert right >= 8
    assert answers[0]["probability"] == max(entry["probability"] for entry in answers[0]["classes"])
    assert labelled.stderr == ""


@pytest.mark.slow
def test_an_unreadable_image_is_named_and_the_others_are_labelled(searched, tmp_path):
    folder, _ = searched
    Image.fromarray(digits()[0][0]).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("not an image")
    labelled = automap("predict", folder / "automap.runs/tiny/winner", "good.png", "bad.png", folder=tmp_path)
    assert labelled.returncode == 0
    assert "good.png" in labelled.stdout
    assert labelled.stderr == "warning: could not read 1 of 2 images\n  bad.png: not an image\n"


def test_a_folder_without_a_model_is_named(tmp_path):
    refused = automap("predict", tmp_path, tmp_path, folder=tmp_path)
    assert refused.returncode == 2
    assert "has no images" in refused.stderr


@pytest.mark.slow
def test_weights_are_kept_for_the_best_only(searched):
    folder, _ = searched
    kept = (path.parent.name for path in (folder / "automap.runs/tiny").glob("*/model.keras"))
    kinds = sorted(name.partition("-")[0] for name in kept)
    assert kinds == ["ensemble", "final", "final", "trial", "winner"]


@pytest.mark.slow
def test_a_killed_worker_loses_no_finished_work(tmp_path):
    process = start("search", write_spec(tmp_path, epochs=40, trials=2), folder=tmp_path)
    wait_for(lambda: epochs_of_running(tmp_path) >= 3)
    for worker in workers_of(process):
        os.kill(worker, signal.SIGKILL)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert_whole(tmp_path, 2)
    attempts = query(tmp_path, "SELECT max(attempts), max(last_death) FROM automap_runs")
    assert attempts == [(2, "killed by SIGKILL")]


@pytest.mark.slow
def test_ctrl_c_stops_at_the_next_evaluation_and_the_same_command_resumes(tmp_path):
    spec = write_spec(tmp_path, epochs=40, trials=2)
    process = start("search", spec, folder=tmp_path)
    wait_for(lambda: epochs_of_running(tmp_path) >= 2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "resume with: automap search" in errors
    assert query(tmp_path, "SELECT state FROM automap_runs") == [("waiting",)]
    finished = automap("search", spec, folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert_whole(tmp_path, 2)


@pytest.mark.slow
def test_a_killed_driver_leaves_no_workers_and_loses_no_results(tmp_path):
    spec = write_spec(tmp_path, epochs=40, trials=2)
    process = start("search", spec, folder=tmp_path)
    wait_for(lambda: epochs_of_running(tmp_path) >= 2)
    workers = workers_of(process)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers), seconds=30)
    finished = automap("search", spec, folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert_whole(tmp_path, 2)


def _no_large_files() -> None:
    # What a full disk is to a checkpoint, without needing one: larger files than this cannot be written.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))


@pytest.mark.slow
def test_a_full_disk_is_reported_and_the_search_resumes(tmp_path):
    spec = write_spec(tmp_path, SPEC.replace("[8, 16]", "[64, 128, 64]"), trials=1)
    command = _command(("search", spec))
    full = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False, preexec_fn=_no_large_files
    )
    assert full.returncode == 2, full.stderr
    assert "free some space, then run the same command again" in full.stderr
    assert "Traceback" not in full.stderr
    assert query(tmp_path, "SELECT state FROM automap_runs") == [("waiting",)]
    finished = automap("search", spec, folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert_whole(tmp_path, 1)


@pytest.mark.slow
def test_a_non_finite_loss_fails_the_trial_with_the_reason(tmp_path):
    text = SPEC.replace("{type: adamw, learning_rate: {low: 1e-3, high: 1e-2, log: true}, weight_decay: 0.0}",
                        "{type: sgd, learning_rate: 1e30, weight_decay: 0.0}")  # fmt: skip
    finished = automap("search", write_spec(tmp_path, text, trials=1), folder=tmp_path)
    assert finished.returncode == 1
    assert_whole(tmp_path, 1)
    [(state, reason)] = query(tmp_path, "SELECT state, reason FROM automap_results")
    assert state == "failed"
    # With oneDNN ReLU makes 0 of NaN: then the weights tell, in the same epoch.
    assert re.fullmatch(
        r"(the loss became (nan|-?inf) in epoch 1|weights of \S+ are no longer finite in epoch 1); "
        "try a lower learning rate or training.gradient_clip",
        reason,
    )


@pytest.mark.slow
def test_several_objectives_give_a_front_and_constraints_are_checked_before_training(tmp_path):
    text = SPEC.replace("filters: [8, 16]", "filters: {choices: [[8, 16], [256, 256, 256], [4]]}").replace(
        "search: {scheduler: none}",
        "search: {scheduler: hyperband, sampler: random}\n"
        "objectives: [accuracy, parameters]\nconstraints: [{metric: parameters, max: 100_000}]",
    )
    finished = automap("search", write_spec(tmp_path, text, epochs=3, trials=8), folder=tmp_path)
    assert finished.returncode == 0, finished.stderr
    states = dict(query(tmp_path, "SELECT state, count(*) FROM automap_results WHERE kind = 'search' GROUP BY state"))
    assert states.get("infeasible", 0) >= 1
    [(curve, reason)] = query(tmp_path, "SELECT curve, reason FROM automap_results WHERE state = 'infeasible' LIMIT 1")
    assert curve == "[]"
    assert "allowed is at most 100,000" in reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dataset: {type: folder, path: nowhere}\n", "nowhere"),
        ("dataset: sklearn\narchitectur: cnn\n", "did you mean 'architecture'?"),
        ("dataset: sklearn\nsearch: {sampler: grid}\n", "grid search needs a step"),
    ],
)
def test_a_mistake_ends_with_exit_code_2_before_any_database_is_made(tmp_path, text, message):
    refused = automap("search", write_spec(tmp_path, text), folder=tmp_path)
    assert refused.returncode == 2, refused.stderr
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "automap.db").exists()


def test_a_database_that_is_none_is_named(tmp_path):
    (tmp_path / "automap.db").write_bytes(b"not a database at all, but text " * 40)
    refused = automap("search", write_spec(tmp_path), folder=tmp_path)
    assert refused.returncode == 2
    assert "not an SQLite database" in refused.stderr


def test_a_run_directory_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "automap.runs").write_text("a file where the folder should be")
    refused = automap("search", write_spec(tmp_path), folder=tmp_path)
    assert refused.returncode == 2
    assert "automap.runs" in refused.stderr
    assert not (tmp_path / "automap.db").exists()
