"""Images with numbers, categories and texts, from the table to the prediction."""

import json
from pathlib import Path

import pytest
from support.program import run_automap
from support.tables import read_rows, write_rows, write_table

SPEC = """\
dataset: {type: csv, path: d/table.csv, features: [age, cell type, {column: note, type: text}]}
architecture: {type: cnn, filters: [8]}
encoders: {text: text_convolution}
fusion: {choices: [gated, concatenation]}
augmentation: [none]
optimizer: {type: adamw, learning_rate: 0.01}
training: {epochs: 6, batch_size: 16}
budget: {trials: 1}
finalists: {top: 1, seeds: 1}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished search over a table."""
    folder = tmp_path_factory.mktemp("study")
    write_table(folder / "d")
    (folder / "both.yaml").write_text(SPEC)
    done = run_automap("search", "both.yaml", "--workers", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_a_search_learns_what_only_image_and_table_together_tell(study):
    done = run_automap("leaderboard", "both.yaml", "--format", "json", cwd=study)
    row = json.loads(done.stdout)["rows"][0]
    assert row["test"]["accuracy"]["mean"] > 0.9
    assert row["candidate"]["fusion"]["type"] in ("gated", "concatenation")


def answers_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_predict_reads_a_table_and_takes_columns_that_it_lacks_as_missing(study, tmp_path):
    rows = read_rows(study / "d" / "table.csv")
    done = run_automap("predict", "both.yaml", "d/table.csv", "--format", "json", cwd=study)
    answers = answers_of(done)
    assert [each["image"] for each in answers] == [row["image"] for row in rows]
    right = [each["label"] == row["label"] for each, row in zip(answers, rows, strict=True)]
    assert sum(right) > 0.9 * len(rows)
    assert "warning" not in done.stderr

    few = [{"image": row["image"], "cell type": row["cell type"]} for row in rows[:5]]
    few[1]["cell type"] = "never seen"
    few[2]["image"] = ""
    few[3]["image"] = "not_there.png"
    write_rows(study / "d" / "few.csv", few)
    done = run_automap("predict", "both.yaml", "d/few.csv", "--format", "json", cwd=study)
    assert [each["image"] for each in answers_of(done)] == ["0.png", "1.png", "few.csv:4", "4.png"]
    assert "d/few.csv lacks columns, which are taken to be missing in every row: age, note" in done.stderr
    assert "could not read 1 of 5 images\n  not_there.png: " in done.stderr

    done = run_automap("predict", "both.yaml", "d/0.png", "--format", "json", cwd=study)
    assert len(answers_of(done)) == 1
    assert "the other inputs are missing: age, cell type, note" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["keras", "saved_model", "onnx", "litert", "openvino"])
def test_exports_take_every_input_and_say_the_same(study, format_):
    done = run_automap("export", "both.yaml", "--format", format_, "--output", f"out_{format_}", cwd=study)
    assert done.returncode == 0, done.stderr
    ours, theirs = (
        answers_of(run_automap("predict", model, "d/table.csv", "--format", "json", cwd=study))
        for model in ("both.yaml", f"out_{format_}")
    )
    for one, other in zip(ours, theirs, strict=True):
        assert other["probability"] == pytest.approx(one["probability"], abs=1e-4)


@pytest.mark.slow
def test_commands_for_images_alone_refuse_the_model(study):
    done = run_automap("explain", "both.yaml", "d/0.png", cwd=study)
    assert done.returncode == 2
    assert "heat maps explain models of images alone; this one has further inputs: age, cell_type, note" in done.stderr


def test_check_reports_the_types_that_it_found(tmp_path):
    write_table(tmp_path / "d", 40)
    (tmp_path / "both.yaml").write_text(SPEC)
    done = run_automap("check", "both.yaml", "--no-build", "--format", "json", cwd=tmp_path)
    report = answers_of(done)
    assert [(each["column"], each["type"]) for each in report["data"]["inputs"]] == [
        ("age", "number"),
        ("cell type", "category"),
        ("note", "text"),
    ]
    assert {each["name"] for each in report["search_space"]} >= {"fusion", "encoders.text.kernel"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[none]", "[mix_up]"), "the features of the data set cannot be blended"),
        (("{text: text_convolution}", "{text: columns}"), "encoders.text: 'columns' reads columns of another kind"),
        ((", {column: note, type: text}", ""), "encoders.text: no feature of the data set has the type text"),
        (("features: [age, cell type, {column: note, type: text}]", "delimiter: ','"), "encoders.text: no feature"),
    ],
)
def test_what_does_not_fit_the_features_is_refused(tmp_path, change, message):
    write_table(tmp_path / "d", 10)
    (tmp_path / "both.yaml").write_text(SPEC.replace(*change))
    done = run_automap("check", "both.yaml", "--no-data", cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


@pytest.mark.slow
def test_the_importance_of_each_input_is_shown_reported_and_kept(study):
    shown = answers_of(run_automap("show", "both.yaml", "0", "--format", "json", cwd=study))
    final = shown["finalists"][0]
    (note,) = (each for each in final["notes"] if "importance" in each)
    assert note.startswith("importance of the inputs, loss of accuracy when one is permuted: ")
    card = json.loads((Path(final["artifacts"]) / "model.json").read_text())
    assert list(card["importance"]) == ["image", "age", "cell type", "note"]
    assert card["importance"]["image"] > 0.2
    assert abs(card["importance"]["age"]) < 0.2
    done = run_automap("report", "both.yaml", "--output", "page.html", cwd=study)
    assert done.returncode == 0, done.stderr
    assert "Importance of the inputs" in (study / "page.html").read_text()
