"""``automap leaderboard``, ``show`` and ``studies`` as users run them: fresh processes, real databases."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.studies import ACCURACY_AND_LATENCY, add_finalist, add_trial, complete, make_study

from automap.store.engine import open_database
from automap.store.result import Result

SPEC = "name: {name}\ndataset: {{type: sklearn, name: digits}}\nstorage: sqlite:///results.db\n"


def automap(*arguments: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # An installed program finds the same code; this one is the checkout's, whatever is on the path.
    inherited = {name: value for name, value in os.environ.items() if name not in ("AUTOMAP_STORAGE", "COLUMNS")}
    return subprocess.run(
        [sys.executable, "-c", "from automap.cli.main import main; main()", *map(str, arguments)],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a database of one study under the default name."""
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study = make_study(engine)
    for trial in range(4):
        add_trial(engine, study, trial, complete(0.9 + trial / 100, curve=({"epoch": 1, "accuracy": 0.5},)))
    add_trial(engine, study, 4, Result(state="failed", reason="out of memory"))
    add_finalist(engine, study, 3, [0.95, 0.96])
    engine.dispose()
    return tmp_path


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_only_study_is_shown_plain_without_a_terminal(folder: Path) -> None:
    done = automap("leaderboard", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "0.9550 ±.0071" in done.stdout
    assert "5 trials ended" in done.stdout


def test_colours_may_be_forced_and_switched_off(folder: Path) -> None:
    assert "\x1b[1;32m" in automap("leaderboard", folder=folder, FORCE_COLOR="1", TERM="xterm-256color").stdout
    coloured = automap("leaderboard", folder=folder, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").stdout
    assert "32m" not in coloured


def test_the_width_of_the_window_is_obeyed(folder: Path) -> None:
    done = automap("leaderboard", folder=folder, COLUMNS="70")
    assert max(map(len, done.stdout.splitlines())) <= 70


@pytest.mark.parametrize("format_", ["json", "csv", "markdown"])
def test_formats_for_programs(folder: Path, format_: str) -> None:
    done = automap("leaderboard", "digits", "--format", format_, folder=folder)
    assert done.returncode == 0, done.stderr
    if format_ == "json":
        assert [row["trial"] for row in json.loads(done.stdout)["rows"]] == [3, 2, 1, 0]
    else:
        assert len(done.stdout.splitlines()) == (5 if format_ == "csv" else 6)


def test_options_reach_the_ranking(folder: Path) -> None:
    limited = automap("leaderboard", "--limit", "2", "--format", "json", folder=folder)
    assert len(json.loads(limited.stdout)["rows"]) == 2
    tested = automap("leaderboard", "--sort", "test.accuracy", "--format", "json", folder=folder)
    assert [row["trial"] for row in json.loads(tested.stdout)["rows"]] == [3]
    failed = automap("leaderboard", "--state", "failed", "--format", "json", folder=folder)
    assert [(row["rank"], row["reason"]) for row in json.loads(failed.stdout)["rows"]] == [(None, "out of memory")]
    front = automap("leaderboard", "--pareto", "--format", "json", folder=folder)
    assert [row["trial"] for row in json.loads(front.stdout)["rows"]] == [3]


def test_an_unknown_metric_gets_a_suggestion(folder: Path) -> None:
    error = error_of(automap("leaderboard", "--sort", "validation.acuracy", folder=folder))
    assert "did you mean 'validation.accuracy'?" in error


def test_an_unknown_study_gets_a_suggestion(folder: Path) -> None:
    assert "did you mean 'digits'?" in error_of(automap("leaderboard", "digit", folder=folder))


def test_a_missing_database_is_reported_and_not_created(tmp_path: Path) -> None:
    for command in (["leaderboard"], ["studies"], ["show", "digits", "0"]):
        assert "does not exist" in error_of(automap(*command, folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "automap.db").write_bytes(b"not a database" * 500)
    assert "not an SQLite database" in error_of(automap("leaderboard", folder=tmp_path))


def test_one_of_several_studies_must_be_named(folder: Path) -> None:
    engine = open_database(f"sqlite:///{folder}/automap.db")
    add_trial(engine, make_study(engine, "other"), 0, complete(0.99))
    add_trial(engine, make_study(engine, "costly", objectives=ACCURACY_AND_LATENCY), 0, complete(0.9))
    error = error_of(automap("leaderboard", folder=folder))
    assert "contains 3 studies: digits, other, costly" in error
    both = json.loads(automap("leaderboard", "digits", "other", "--format", "json", folder=folder).stdout)
    assert [(row["study"], row["trial"]) for row in both["rows"]][:2] == [("digits", 3), ("other", 0)]
    assert "cannot share a leaderboard" in error_of(automap("leaderboard", "digits", "costly", folder=folder))


def test_a_spec_file_names_study_and_database(folder: Path) -> None:
    elsewhere = folder / "specs"
    elsewhere.mkdir()
    (folder / "automap.db").rename(elsewhere / "results.db")
    (elsewhere / "mine.yaml").write_text(SPEC.format(name="digits"))
    for command in (["leaderboard", "specs/mine.yaml"], ["show", "specs/mine.yaml", "3"]):
        done = automap(*command, folder=folder)
        assert done.returncode == 0, done.stderr
        assert "digits" in done.stdout


def test_a_spec_file_that_is_missing_or_wrong(folder: Path) -> None:
    assert "none.yaml" in error_of(automap("leaderboard", "none.yaml", folder=folder))
    (folder / "bad.yaml").write_text("dataset: 3\n")
    assert "bad.yaml:1" in error_of(automap("leaderboard", "bad.yaml", folder=folder))


def test_the_environment_names_the_database(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere")
    url = f"sqlite:///{folder}/automap.db"
    assert automap("leaderboard", folder=other, AUTOMAP_STORAGE=url).returncode == 0
    assert automap("studies", "--storage", url, folder=other).returncode == 0


def test_a_trial_is_shown(folder: Path) -> None:
    done = automap("show", "digits", "3", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "architecture: {type: resnet}" in done.stdout
    assert "finalist with 2 seeds" in done.stdout
    data = json.loads(automap("show", "digits", "3", "--format", "json", folder=folder).stdout)
    assert data["validation"]["accuracy"] == 0.93
    assert [final["seed"] for final in data["finalists"]] == [1000, 1001]
    assert data["curve"] == [{"epoch": 1, "accuracy": 0.5}]
    failed = automap("show", "digits", "4", folder=folder)
    assert "out of memory" in failed.stdout


def test_an_unknown_trial_gets_the_range(folder: Path) -> None:
    assert "its trials are 0 to 4" in error_of(automap("show", "digits", "17", folder=folder))


def test_studies_are_listed(folder: Path) -> None:
    done = automap("studies", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "digits" in done.stdout
    assert "0.9300" in done.stdout
    (study,) = json.loads(automap("studies", "--format", "json", folder=folder).stdout)["studies"]
    assert (study["name"], study["best"], study["finalist_runs"]) == ("digits", 0.93, 2)
    assert study["trials"] == {
        "complete": 4, "pruned": 0, "infeasible": 0, "failed": 1, "running": 0, "waiting": 0, "paused": 0,
    }  # fmt: skip


def test_watching_redraws_until_interrupted(folder: Path) -> None:
    program = [
        sys.executable,
        "-u",
        "-c",
        "from automap.cli.main import main; main()",
        "leaderboard",
        "--watch",
    ]
    with subprocess.Popen(program, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "5 trials ended" not in process.stdout.readline():
            assert process.poll() is None
        engine = open_database(f"sqlite:///{folder}/automap.db")
        add_trial(engine, make_study(engine), 5, complete(0.94))
        while "6 trials ended" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_watching_another_format_is_refused(folder: Path) -> None:
    assert "--watch" in error_of(automap("leaderboard", "--watch", "--format", "json", folder=folder))


@pytest.mark.parametrize("command", [["leaderboard"], ["show", "digits", "3"], ["studies"]])
def test_nothing_heavy_is_imported(folder: Path, command: list[str]) -> None:
    program = (
        "import sys\nfrom automap.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'keras', 'tensorflow', 'optuna', 'alembic', 'sklearn'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
