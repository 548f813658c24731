"""The Python API in scripts: real processes, a real database, real images."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.images import digits
from support.program import REPOSITORY
from support.studies import add_finalist, add_trial, complete, make_study

import automap
from automap.api.sources import spec_file
from automap.store.engine import open_database
from automap.store.result import Result

SCRIPT = """\
import json
import numpy as np
import automap

arrays = np.load("digits.npz")
study = automap.search(
    arrays["x"], arrays["y"], trials=2, name="tiny", progress=False, architecture={"type": "cnn", "filters": [8]},
    training={"epochs": 1, "batch_size": 64}, finalists={"top": 1, "seeds": 1},
)
board = study.leaderboard()
print(json.dumps({
    "name": study.name, "winner": study.winner, "states": [row.state for row in study.trials()],
    "columns": list(board.to_pandas().columns), "ranked": board.ranked,
}))
"""


def run_script(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(text)
    # As a user: a plain script, without a guard against being imported by its own workers.
    return subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    images, labels = digits()
    np.savez(folder / "digits.npz", x=images[:400], y=labels[:400])
    done = run_script(SCRIPT, folder)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.slow
def test_arrays_are_searched_from_a_plain_script(searched):
    folder, done = searched
    told = json.loads(done.stdout)
    assert told["name"] == "tiny"
    assert told["winner"] == str(folder / "automap.runs/tiny/winner")
    assert sorted(told["states"]) == ["complete", "finalist"]
    assert {"rank", "validation.accuracy.mean", "test.accuracy.mean"} <= set(told["columns"])
    assert told["ranked"] == 2
    assert done.stderr == ""


@pytest.mark.slow
def test_the_same_script_resumes_its_study_and_more_trials_go_on(searched):
    folder, _ = searched
    again = run_script(SCRIPT.replace("trials=2", "trials='+1'"), folder)
    assert again.returncode == 0, again.stderr
    assert len(json.loads(again.stdout)["states"]) == 3


@pytest.mark.slow
def test_models_are_found_by_study_and_trial(searched, monkeypatch):
    folder, _ = searched
    monkeypatch.chdir(folder)
    study = automap.open_study("tiny")
    finalist = next(row.trial for row in study.trials() if row.state == "finalist")
    models = [study.best(), study.model(finalist), automap.load_model("tiny"), automap.load_model(f"tiny:{finalist}")]
    models.append(automap.load_model(folder / "automap.runs/tiny/winner"))
    assert {model.task.type_name if hasattr(model.task, "type_name") else type(model.task).__name__ for model in models}
    with pytest.raises(automap.UserError, match="study 'tiny' has no trial 99"):
        study.model(99)


def test_a_spec_is_proposed_written_and_checked(tmp_path):
    images, labels = digits()
    np.savez(tmp_path / "digits.npz", x=images[:200], y=labels[:200])
    proposal = automap.propose_spec(tmp_path / "digits.npz", tmp_path / "digits.yaml")
    assert proposal.found.images == 200
    assert proposal.write() == tmp_path / "digits.yaml"
    with pytest.raises(automap.UserError, match=r"digits\.yaml exists already; .* overwrite=True in Python"):
        proposal.write()
    check = automap.check(tmp_path / "digits.yaml", progress=False)
    assert check.to_data()["data"] is None
    assert "architecture" in {each.name for each in check.search_space()}
    assert sum(check.read_data().records.values()) == 200
    assert check.to_data()["data"]["image_shape"] == (8, 8, 1)
    with pytest.raises(automap.SpecError, match="unknown field; did you mean 'architecture'"):
        automap.check(automap.Spec(dataset="sklearn", architectur="cnn"))


def test_a_proposal_without_a_file_is_not_written(tmp_path):
    images, labels = digits()
    np.savez(tmp_path / "digits.npz", x=images[:200], y=labels[:200])
    with pytest.raises(automap.UserError, match="argument output of propose_spec"):
        automap.propose_spec(tmp_path / "digits.npz").write()


def test_plugins_are_listed_by_kind_and_name(tmp_path):
    assert {plugin.kind for plugin in automap.list_plugins()} > {"architecture", "explainer", "exporter"}
    (resnet,) = automap.list_plugins(name="resnet")
    assert (resnet.kind, resnet.problem) == ("architecture", None)
    assert "width" in {field.name for field in resnet.fields()}
    with pytest.raises(automap.UserError, match="unknown kind 'los'; did you mean 'loss'"):
        automap.list_plugins("los")
    with pytest.raises(automap.UserError, match="unknown kind 'exporter'"):
        automap.new_plugin("mine", "exporter", tmp_path)
    assert automap.new_plugin("mine", folder=tmp_path) == tmp_path / "automap-mine"


def test_the_example_is_short():
    lines = (REPOSITORY / "examples" / "quickstart.py").read_text().splitlines()
    assert len(lines) <= 20


@pytest.mark.slow
def test_the_example_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, REPOSITORY / "examples" / "quickstart.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "test accuracy of the winner: 0." in done.stdout
    assert "1 trial ended: 1 complete" in done.stdout
    predicted, true = (line.split()[1:] for line in done.stdout.splitlines()[-2:])
    assert sum(one == other for one, other in zip(predicted, true, strict=True)) >= 6


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMAP_STORAGE", raising=False)
    engine = open_database("sqlite:///automap.db")
    row = make_study(engine)
    for trial in range(3):
        add_trial(engine, row, trial, complete(0.8 + trial / 100, curve=({"epoch": 1, "accuracy": 0.5},)))
    add_trial(engine, row, 3, Result(state="failed", reason="<b>out</b> of memory"))
    add_finalist(engine, row, 1, [0.95, 0.96])
    engine.dispose()
    return automap.open_study()


def test_a_study_is_read_without_keras(study):
    code = "import automap, sys; automap.open_study('digits').trials(); print({'keras', 'jax'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_trials_and_leaderboard_are_values(study):
    assert study.name == "digits"
    assert study.storage == "sqlite:///automap.db"
    assert [(row.trial, row.state) for row in study.trials()] == [
        (0, "complete"),
        (1, "finalist"),
        (2, "complete"),
        (3, "failed"),
    ]
    board = study.leaderboard(sort="cost.latency_ms", limit=1)
    assert len(board.rows) == 1
    assert study.leaderboard(state="failed").rows[0].reason == "<b>out</b> of memory"
    frame = study.leaderboard(state="all").to_pandas()
    assert list(frame["trial"]) == [1, 2, 0, 3]
    assert frame["validation.accuracy.std"].notna().sum() == 1
    assert study.trial(2).state == "complete"


def test_notebooks_show_tables_in_which_foreign_text_is_escaped(study):
    for shown in (study, study.leaderboard(state="all"), study.trial(3)):
        html = shown._repr_html_()
        assert html.startswith("<pre")
        assert "<b>" not in html
    assert "&lt;b&gt;out" in study.trial(3)._repr_html_()
    assert "0.9550 ±.0071" in str(study.leaderboard())
    assert "\x1b" not in str(study.leaderboard())
    assert repr(study) == "Study('digits', storage='sqlite:///automap.db')"


def test_a_missing_model_is_reported(study):
    with pytest.raises(automap.UserError, match=r"has no weights of trial 3 \(failed\)"):
        study.model(3)
    assert study.winner is None
    with pytest.raises(automap.RunError, match=r"winner's model of study '.*' is missing"):
        study.best()


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("nothing", automap.UserError, "contains no study 'nothing'; it contains digits"),
        ("digts:3", automap.UserError, "did you mean 'digits'"),
        ("no/such/folder", automap.UserError, "no such folder: no/such/folder"),
        (".", automap.UserError, ". contains no model; expected a folder with model.keras"),
        ("digits:12", automap.UserError, "study 'digits' has no trial 12; its trials are 0 to 3"),
    ],
)
def test_files_that_are_not_models_are_reported(study, model, error, message):
    with pytest.raises(error) as raised:
        automap.load_model(model)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "fields", "message"),
    [
        ((np.zeros((4, 8, 8)), None), {}, "labels are missing"),
        ((np.zeros((4, 8, 8)), [0, 1]), {}, "4 images and 2 labels; expected one label for each image"),
        ((np.zeros((4, 8)), [0, 1, 0, 1]), {}, "images have the shape (4, 8)"),
        (([np.zeros((4, 8)), np.zeros((5, 8))], [0, 1]), {}, "are all images of one size?"),
        ((np.array(["a", "b"]), [0, 1]), {}, "expected (images, height, width[, channels])"),
        ((np.zeros((4, 8, 8)), [0, 1, 0, 1]), {"architectur": "cnn"}, "did you mean 'architecture'?"),
        ((np.zeros((4, 8, 8)), [0, 1, 0, 1]), {"workers": 0}, "workers: expected a number from 1, or 'auto'"),
        (("nothing.yaml",), {}, "no such file"),
        (("nothing.yaml", [0, 1]), {}, "labels can only be passed with an array of images"),
        (("nothing.yaml",), {"architecture": "cnn"}, "set 'architecture' in the spec"),
    ],
)
def test_a_mistake_is_an_error_of_automap_before_anything_is_made(tmp_path, monkeypatch, arguments, fields, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    with pytest.raises(automap.UserError) as raised:
        automap.search(*arguments, progress=False, **fields)
    assert message in str(raised.value)
    assert not Path("automap.db").exists()


def test_an_invalid_budget_is_reported_before_data_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in ({"trials": "many"}, {"trials": 0}, {"trials": 10**30}, {"time": "soon"}, {"time": -1}):
        with pytest.raises(automap.UserError, match=r"^(trials|time): expected"):
            automap.search("nothing.yaml", progress=False, **arguments)


def test_the_function_search_is_not_shadowed_by_the_package():
    code = (
        "import automap.search.study, automap; from automap.search import budget\n"
        "import automap.search.finalists\n"
        "from automap import search\n"
        "assert callable(automap.search) and search is automap.search, automap.search\n"
        "assert budget.__name__ == 'automap.search.budget'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_a_folder_gets_the_spec_that_init_would_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    for label in ("daisy", "rose"):
        (tmp_path / "my photos" / label).mkdir(parents=True)
        for index in range(6):
            pixels = np.full((16, 16, 3), index * 30 + (label == "rose"), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "my photos" / label / f"{index}.png")
    written = spec_file("my photos")
    assert written == Path("my-photos.yaml")
    first = written.read_text()
    assert "12 images in 2 classes" in first
    assert automap.load_spec(written).name == "my-photos"
    # What the user changes in it stays: the same command resumes the search of the changed spec.
    written.write_text(first.replace("time: 1h", "time: 2h"))
    assert spec_file("my photos") == written
    assert "time: 2h" in written.read_text()
    (tmp_path / "other" / "my photos").mkdir(parents=True)
    with pytest.raises(automap.UserError, match="describes other data"):
        spec_file("other/my photos")
