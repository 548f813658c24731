"""The live view of a search: in a terminal of 80 columns, and as lines of a log."""

from dataclasses import replace

import pytest
from support.studies import candidate

from automap.api.bars import budget_bar, sparkline
from automap.api.display import make_display
from automap.api.search_view import SearchView
from automap.search.budget import Use
from automap.spec.display import text_of
from automap.spec.spec import Spec
from automap.store.runs import Run
from automap.workers.driver import Snapshot
from automap.workers.identity import worker_prefix
from automap.workers.phases import write_phase

ME = worker_prefix()


def run(number: int, **fields) -> Run:
    values = {
        "id": number + 100, "study_id": 1, "trial": number, "kind": "search", "seed": number,
        "candidate": candidate("efficientnet", depth=1.25), "epochs": 30, "state": "running", "worker": f"{ME}{number}",
        "attempts": 1, "last_death": None, "epoch": 3, "metric": 0.9511, "epoch_seconds": 12.0, "started_at": None,
        "heartbeat_at": None,
    }  # fmt: skip
    return Run(**{**values, **fields})


USE = Use(
    trials=12, trial_budget=30, seconds=754.0, time_budget=1200.0, reserved_seconds=300.0, leader=None, target=None,
    target_reached=False,
)  # fmt: skip


@pytest.fixture
def spec(tmp_path):
    name = "a-study-with-quite-a-long-name-that-fills-the-line"
    return Spec.model_validate(
        {"name": name, "dataset": "sklearn", "runs": str(tmp_path), "storage": f"sqlite:///{tmp_path}/automap.db"}
    )


@pytest.fixture
def now():
    active = (run(12), run(13, epoch=0, metric=None, epoch_seconds=None), run(11, state="waiting", worker=None))
    return Snapshot(USE, active, {"complete": 7, "pruned": 3, "infeasible": 0, "failed": 1, "final": 0})


def test_the_view_fits_80_columns_and_shows_each_worker(spec, now):
    view = SearchView(spec, alive=lambda: 3)
    (spec.run_directory / "logs").mkdir(parents=True)
    write_phase(spec, f"{ME}12", now.active[0], "evaluating")
    view.update(now)
    shown = text_of(view.render(now), 80)
    assert max(map(len, shown.splitlines())) <= 80
    assert "12 of 30 trials · 12m 34s of 20m 00s" in shown
    lines = {line.split("  ")[0].strip(): line for line in shown.splitlines()}
    assert "evaluating" in lines["trial 12"]
    assert "3/30" in lines["trial 12"]
    assert "0.9511" in lines["trial 12"]
    assert "5m 24s" in lines["trial 12"]
    assert "compiling" in lines["trial 13"]
    assert "waiting" in lines["trial 11"]
    assert "1 worker" in lines["–"]
    assert "Ctrl-C stops at the next evaluation" in shown


@pytest.mark.parametrize(("number", "told"), [(1, "1 finalist run"), (2, "2 finalist runs")])
def test_finalist_runs_are_counted_in_the_log(spec, now, number, told):
    view = SearchView(spec, alive=lambda: 1)
    assert told in view.line(replace(now, counts={"final": number})).split(" · ")


def test_phases_of_other_runs_and_broken_files_are_ignored(spec, now):
    view = SearchView(spec, alive=lambda: 2)
    logs = spec.run_directory / "logs"
    logs.mkdir(parents=True)
    write_phase(spec, f"{ME}12", run(99), "evaluating")
    (logs / f"{ME}13.phase").write_bytes(b"\xff\x00" * 1000)
    view.update(now)
    assert "evaluating" not in text_of(view.render(now), 80)
    (logs / f"{ME}13.phase").write_text("113 \x1b[2J")
    view.update(now)
    assert r"\x1b[2J" in text_of(view.render(now), 80)


def test_the_best_value_becomes_a_curve(spec, now):
    view = SearchView(spec, alive=lambda: 1)
    leader = type("Leader", (), {"trial": 7, "value": 0.5, "candidate": candidate()})
    for value in (0.5, 0.8, 0.8, 0.9):
        leader.value = value
        view.update(replace(now, active=(), use=replace(USE, leader=leader)))
    shown = text_of(view.render(replace(now, use=replace(USE, leader=leader))), 80)
    assert "accuracy 0.9000  ▁▆█  trial 7: resnet" in shown


def test_a_trial_in_training_counts_as_the_best_so_far(spec, now):
    view = SearchView(spec, alive=lambda: 1)
    leader = type("Leader", (), {"trial": 7, "value": 0.9, "candidate": candidate()})
    view.update(replace(now, use=replace(USE, leader=leader)))
    assert "accuracy 0.9511  ▁█  trial 12 (in training): effici" in text_of(view.render(now), 80)
    leader.value = 0.97
    view.update(replace(now, use=replace(USE, leader=leader)))
    assert "trial 7: resnet" in text_of(view.render(now), 80)


def test_the_budget_bar_shows_the_share_reserved_for_finalists():
    assert budget_bar(0.5, 0.25, 8).plain == "━━━━──╍╍"
    assert budget_bar(3.0, 0.25, 8).plain == "━━━━━━━━"
    assert budget_bar(0.0, 0.0, 8).plain == "────────"


def test_a_curve_is_thinned_out_and_ends_with_the_latest_value():
    assert sparkline([1.0], 10) == "▁"
    assert sparkline([0.0, 0.5, 1.0], 10, downwards=True) == "█▅▁"
    long = sparkline(list(range(1000)), 10)
    assert len(long) <= 10
    assert long[-1] == "█"


def test_without_a_terminal_a_line_is_written_on_change_and_each_minute(spec, now, capsys, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("automap.api.display.time.monotonic", lambda: clock[0])
    view = SearchView(spec, alive=lambda: 2)
    with make_display(progress=True).searching(view) as watcher:
        for _ in range(100):
            watcher.update(now)
            clock[0] += 0.5
        assert len(capsys.readouterr().err.splitlines()) == 1
        watcher.update(replace(now, counts={**now.counts, "complete": 8}))
        assert len(capsys.readouterr().err.splitlines()) == 1
        for _ in range(250):
            watcher.update(replace(now, counts={**now.counts, "complete": 8}))
            clock[0] += 0.5
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 2
        assert (
            lines[0]
            == "12m 34s · best accuracy 0.9511 · 8 complete · 3 pruned · 1 failed · trial 12 epoch 3/30 · trial 13 compiling"
        )
        watcher.database_away("the server restarts")
        watcher.database_away("the server restarts")
        assert capsys.readouterr().err.splitlines() == ["waiting for the database: the server restarts"]


def test_progress_can_be_switched_off(spec, now, capsys):
    display = make_display(progress=False)
    with display.searching(SearchView(spec, alive=lambda: 2)) as watcher, display.reading() as progress:
        progress(1, 2, "reading")
        watcher.update(now)
    display.say("nothing")
    assert capsys.readouterr() == ("", "")
