"""Leaderboards and trials as they are displayed."""

import csv
import io
import json
import math
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType
from sqlalchemy import Engine
from support.studies import ACCURACY_AND_LATENCY, add_finalist, add_trial, candidate, complete, make_study

from automap.leaderboard.chart import Series, line_chart
from automap.leaderboard.export import to_csv, to_json, to_markdown
from automap.leaderboard.formatting import differing_tokens, format_cost, format_count, format_value, short_candidate
from automap.leaderboard.ranking import rank
from automap.leaderboard.render import leaderboard_table, notes
from automap.leaderboard.trial_render import trial_page
from automap.leaderboard.trial_view import read_trial
from automap.store import leases, runs
from automap.store.result import Result
from automap.store.runs import NewRun
from automap.store.studies import StudyRow
from automap.store.study_store import StudyStore


def drawn(renderable: RenderableType, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.fixture
def study(engine: Engine) -> StudyRow:
    study = make_study(engine)
    widths = {0: 16, 1: 32, 2: 64}
    for trial, width in widths.items():
        of = candidate(width=width, learning_rate=0.0012 * (trial + 1))
        add_trial(engine, study, trial, complete(0.9 + trial / 100), of=of)
    add_trial(engine, study, 3, complete(0.7), of=candidate("cnn", filters=[32, 64], learning_rate=0.2))
    add_trial(engine, study, 4, Result(state="failed", reason="the loss became NaN in epoch 2"))
    add_finalist(engine, study, 2, [0.9, 0.92, 0.94], of=candidate(width=64, learning_rate=0.0036))
    return study


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_a_table_fits_its_width_and_no_number_is_cut(engine: Engine, study: StudyRow, width: int) -> None:
    lines = drawn(leaderboard_table(rank(engine, [study]), width), width)
    assert max(map(len, lines)) <= width
    table = "\n".join(lines)
    assert "0.9200 ±.0200" in table
    assert "0.9100" in table
    assert "test accuracy" in table


def test_numbers_are_aligned(engine: Engine, study: StudyRow) -> None:
    lines = drawn(leaderboard_table(rank(engine, [study]), 120), 120)
    dots = {line.index("0.") for line in lines if "complete " in line and "0." in line}
    dots |= {line.index("0.") for line in lines if "finalist" in line and "0." in line}
    assert len(dots) == 1


def test_a_wide_table_shows_hyperparameters_and_costs(engine: Engine, study: StudyRow) -> None:
    text = "\n".join(drawn(leaderboard_table(rank(engine, [study]), 140), 140))
    assert "resnet · lr 3.6e-3 · width 64" in text
    assert "cnn · lr 0.2" in text
    assert "adamw" not in text, "every row has the same optimizer"
    assert "12.3 k" in text
    assert "1.50 ms" in text
    assert "5 trials ended: 4 complete · 1 failed" in text
    assert "± standard deviation over 3 seeds; rows without ± were trained once" in text
    assert "only finalists are evaluated on the test split" in text


def test_a_finalist_with_one_seed_is_not_called_untested(engine: Engine) -> None:
    study = make_study(engine, "short")
    for trial in range(2):
        add_trial(engine, study, trial, complete(0.9))
    add_finalist(engine, study, 0, [0.9, 0.92], of=candidate(width=64))
    add_finalist(engine, study, 1, [0.91], of=candidate(width=32))
    told = notes(rank(engine, [study]))
    assert "± standard deviation over 2 seeds; rows without ± were trained once" in told
    assert not any("tested" in note or "test split" in note for note in told)


def test_a_limit_is_shown(engine: Engine, study: StudyRow) -> None:
    text = "\n".join(drawn(leaderboard_table(rank(engine, [study], limit=2), 80), 80))
    assert "2 of 4 ranked rows" in text


def test_failed_trials_show_their_reason(engine: Engine, study: StudyRow) -> None:
    text = "\n".join(drawn(leaderboard_table(rank(engine, [study], state="all"), 140), 140))
    assert "the loss became NaN in epoch 2" in text


def test_nothing_to_show_yet(engine: Engine) -> None:
    text = "\n".join(drawn(leaderboard_table(rank(engine, [make_study(engine, "new")]), 80), 80))
    assert "no trial has completed yet" in text


def test_each_objective_has_a_column(engine: Engine) -> None:
    study = make_study(engine, "two", objectives=ACCURACY_AND_LATENCY)
    add_trial(engine, study, 0, complete(0.9, latency=0.123))
    header = drawn(leaderboard_table(rank(engine, [study]), 100), 100)[2]
    assert "accuracy ↑" in header
    assert "latency ↓" in header
    assert header.count("latency") == 1


def test_json_is_as_documented(engine: Engine, study: StudyRow) -> None:
    data = json.loads(to_json(rank(engine, [study])))
    assert list(data) == ["study", "objectives", "rows"]
    assert data["study"] == "digits"
    assert data["objectives"] == [{"metric": "accuracy", "direction": "maximize"}]
    first, second = data["rows"][:2]
    keys = ["rank", "trial", "state", "seeds", "epochs", "candidate", "validation", "test", "cost", "artifacts"]
    assert list(first) == keys
    assert list(second) == keys
    assert (first["rank"], first["trial"], first["state"], first["seeds"]) == (1, 2, "finalist", 3)
    assert first["candidate"]["architecture"] == {"type": "resnet", "width": 64}
    assert first["validation"]["accuracy"] == {"mean": pytest.approx(0.92), "std": pytest.approx(0.02)}
    assert first["test"]["accuracy"]["mean"] == pytest.approx(0.91)
    assert first["cost"] == {"parameters": 12345, "latency_ms": 1.5, "train_seconds": 20.0}
    assert isinstance(first["cost"]["parameters"], int)
    assert first["artifacts"] == "/data/digits/final-2-2"
    assert second["test"] is None
    assert second["validation"]["accuracy"] == {"mean": 0.91, "std": None}


def test_json_of_several_studies_names_them_in_each_row(engine: Engine, study: StudyRow) -> None:
    other = make_study(engine, "other")
    add_trial(engine, other, 0, complete(0.5))
    data = json.loads(to_json(rank(engine, [study, other])))
    assert data["study"] == ["digits", "other"]
    assert {row["study"] for row in data["rows"]} == {"digits", "other"}


def test_csv_has_a_column_for_each_number(engine: Engine, study: StudyRow) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(rank(engine, [study])))))
    assert len(rows) == 4
    assert float(rows[0]["validation.accuracy.mean"]) == pytest.approx(0.92)
    assert rows[0]["candidate.architecture.width"] == "64"
    assert rows[1]["test.accuracy.mean"] == ""
    assert rows[3]["candidate.architecture.filters"] == "[32, 64]"
    assert list(rows[0])[:4] == ["rank", "trial", "state", "seeds"]


def test_markdown_is_a_table_of_full_candidates(engine: Engine, study: StudyRow) -> None:
    lines = to_markdown(rank(engine, [study])).splitlines()
    assert len(lines) == 6
    assert len({line.count("|") for line in lines}) == 1
    assert "resnet · lr 3.6e-3 · width 64" in lines[2]


def test_candidates_in_few_characters() -> None:
    one = candidate(width=64, learning_rate=0.0032)
    assert short_candidate(one) == "resnet · adamw · lr 3.2e-3 · width 64"
    assert differing_tokens([one]) == [["resnet", "adamw", "lr 3.2e-3", "width 64"]]
    other = candidate("cnn", filters=[8, 16], learning_rate=0.0032)
    other["augmentation"] = [{"type": "random_flip"}, {"type": "random_crop", "padding": 4}]
    assert differing_tokens([one, other]) == [
        ["resnet", "no augmentation"],
        ["cnn", "random_flip+random_crop"],
    ]
    # Widths of two architectures are not compared: only rows that have the same thing can differ in it.
    third = candidate("cnn", filters=[32, 64], learning_rate=0.0032)
    assert "filters 32-64" in differing_tokens([one, other, third])[2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0032, "3.2e-3"), (1e-5, "1e-5"), (0.1, "0.1"), (0.0, "0"), (12, "12"), (True, "yes"),
        (None, "none"), ([32, 64], "32-64"), ("relu", "relu"), (0.12345, "0.123"),
    ],
)  # fmt: skip
def test_values(value: object, text: str) -> None:
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (913, "913"),
        (12_345, "12.3 k"),
        (999_999, "1.0 M"),
        (123_456, "123 k"),
        (3.4e9, "3.4 G"),
        (2e13, "20.0 T"),
    ],
)
def test_counts(count: float, text: str) -> None:
    assert format_count(count) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("parameters", 1_234_567, "1.2 M"),
        ("latency_ms", 0.314, "0.31 ms"),
        ("latency_p95_ms", 123.4, "123 ms"),
        ("size_bytes", 4_700_000, "4.7 MB"),
        ("train_seconds", 200, "3m 20s"),
    ],
)
def test_costs_have_units(name: str, value: float, text: str) -> None:
    assert format_cost(name, value) == text


def chart(values: list[float], **options: bool) -> list[str]:
    points = tuple((float(i + 1), value) for i, value in enumerate(values))
    return line_chart([Series("accuracy", points, "")], 60, 6, **options).plain.splitlines()


def test_a_rising_line_rises() -> None:
    lines = chart([0.0, 0.25, 0.5, 0.75, 1.0])
    assert len(lines) == 8
    plots = [line.partition("┤")[2] or line.partition("│")[2] for line in lines[:6]]
    starts = [len(plot) - len(plot.lstrip()) for plot in plots]
    assert starts == sorted(starts, reverse=True)
    assert starts[-1] == 0
    assert lines[0].strip().startswith("1 ┤")
    assert "accuracy 1" in lines[0]
    assert lines[5].strip().startswith("0 ┤")
    assert lines[7].split() == ["epoch", "1", "5"]


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [math.nan, 0.5], [0.5, math.inf, 0.7]])
def test_odd_curves_are_drawn(values: list[float]) -> None:
    lines = chart(values)
    assert any(0x2800 < ord(character) <= 0x28FF for line in lines for character in line)
    assert max(map(len, lines)) <= 60


def test_no_curve() -> None:
    assert chart([]) == ["no epoch has finished yet"]


def test_a_chart_without_unicode() -> None:
    assert all(line.isascii() for line in chart([0.1, 0.9, 0.4], ascii_only=True))


def test_a_page_of_a_trial_shows_all_that_is_known(engine: Engine, study: StudyRow) -> None:
    curve = tuple(
        {"epoch": i, "train_loss": 2 / i, "loss": 2.5 / i, "accuracy": 1 - 0.5 / i, "seconds": 1.0} for i in range(1, 6)
    )
    add_trial(engine, study, 9, complete(0.9, curve=curve, notes=("half the batch",), artifacts="trial-00009"))
    add_finalist(engine, study, 9, [0.9, 0.92])
    text = "\n".join(drawn(trial_page(read_trial(engine, study, 9), 80), 80))
    for expected in (
        "trial 9   complete", "architecture: {type: resnet}", "learning_rate: 0.001", "training loss",
        "epoch 1", "0.9100 ±.0141", "12.3 k", "half the batch", "/data/digits/trial-00009", "1001",
    ):  # fmt: skip
        assert expected in text


def test_a_page_of_a_failed_trial_says_why(engine: Engine, study: StudyRow) -> None:
    text = "\n".join(drawn(trial_page(read_trial(engine, study, 4), 80), 80))
    assert "failed" in text
    assert "the loss became NaN in epoch 2" in text


def test_a_page_of_a_trial_in_training(engine: Engine, study: StudyRow) -> None:
    run = runs.start_run(StudyStore(engine, study.id), NewRun(7, "search", 7, candidate(), 3), "a")
    leases.beat(engine, run.id, "a", epoch=2, metric=0.5)
    view = read_trial(engine, study, 7)
    assert "2 of 3 epochs" in "\n".join(drawn(trial_page(view, 80), 80))
    data = view.to_data()
    assert (data["state"], data["epoch"], data["validation"]) == ("running", 2, None)


def test_a_moved_data_set_is_not_shown_as_a_difference() -> None:
    here, there = ({**candidate(), "dataset": {"type": "folder", "path": path}} for path in ("/here", "/there"))
    assert differing_tokens([here, there]) == [["resnet", "adamw", "lr 1e-3"]] * 2


def test_open_trials_are_not_counted_as_ended(engine: Engine) -> None:
    study = make_study(engine, "open")
    add_trial(engine, study, 0, complete(0.9))
    board = rank(engine, [study])
    told = notes(replace(board, counts={"complete": 1, "paused": 2}))
    assert told[0] == "1 trial ended: 1 complete; 2 paused"
