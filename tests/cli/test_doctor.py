"""``automap doctor``: problems of a study and of the machine are found."""

import json
import re
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from support.program import call_automap, run_automap
from support.searching import ended, execute, start, write_tiny


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doctor")
    code, said = ended(start("search", write_tiny(folder, trials=3), folder=folder))
    assert code == 0, said
    return folder


def examined(folder: Path) -> tuple[int, dict[str, list[str]]]:
    done = call_automap("doctor", folder / "tiny.yaml", "--format", "json")
    return done.returncode, {check["check"]: check["problems"] for check in json.loads(done.stdout)["checks"]}


@pytest.mark.slow
def test_an_intact_study_has_no_problems(searched: Path) -> None:
    code, checks = examined(searched)
    assert (code, set(map(len, checks.values()))) == (0, {0})
    shown = call_automap("doctor", searched / "tiny.yaml").stdout
    assert len(re.findall("✓|ok", shown)) == len(checks)


BREAKS = {
    "every trial has one run": ("DELETE FROM automap_runs WHERE trial = 1", "trial 1 has 0 runs"),
    "every finished run has one result": ("DELETE FROM automap_results WHERE trial = 2", "trial 2: 1 finished runs, 0"),
    "Optuna knows every result": (
        "UPDATE trials SET state = 'FAIL' WHERE number = 0",
        "trial 0 is complete, but FAIL in Optuna",
    ),
    "the budget counts every trial once": (
        "UPDATE automap_studies SET slots_taken = 7",
        "the budget counts 7 trials, but 3 were started",
    ),
    "learning curves have no gaps and no duplicate epochs": (
        "UPDATE automap_results SET curve = replace(curve, '\"epoch\": 2', '\"epoch\": 3') WHERE trial = 1",
        "trial 1: epochs [1, 3]",
    ),
    "results agree with the run directory": (
        "UPDATE automap_results SET validation = json_set(validation, '$.accuracy', 0.999) WHERE trial = 0",
        "differs from the result in the database",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("check", BREAKS)
def test_problems_are_found_and_named(searched: Path, tmp_path: Path, check: str) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(searched, folder)
    statement, problem = BREAKS[check]
    execute(f"sqlite:///{folder}/automap.db", statement)
    code, checks = examined(folder)
    assert code == 1
    assert any(problem in told for told in checks[check]), checks


@pytest.mark.slow
def test_a_lost_file_is_named(searched: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(searched, folder)
    lost = folder / "automap.runs/tiny/trial-00001/result.json"
    lost.unlink()
    code, checks = examined(folder)
    assert code == 1
    assert checks["results agree with the run directory"] == [f"trial 1: {lost} does not exist"]


@pytest.mark.slow
@pytest.mark.parametrize(("content", "problem"), [(b"", "is empty"), (b"junk", "is damaged"), (None, "does not exist")])
def test_a_lost_model_is_named(searched: Path, tmp_path: Path, content: bytes | None, problem: str) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(searched, folder)
    [model] = folder.glob("automap.runs/tiny/trial-*/model.keras")
    model.unlink() if content is None else model.write_bytes(content)
    code, checks = examined(folder)
    assert code == 1
    [told] = checks["the models of the best trials exist"]
    assert problem in told


@pytest.mark.slow
def test_a_damaged_winner_is_named_with_its_remedy(searched: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(searched, folder)
    (folder / "automap.runs/tiny/winner/model.keras").write_bytes(b"")
    _, checks = examined(folder)
    [told] = checks["the models of the best trials exist"]
    assert "winner/model.keras is empty; run the same automap search command again to publish it" in told


@pytest.mark.slow
def test_this_machine_is_described(tmp_path: Path) -> None:
    done = run_automap("doctor", "--format", "json", cwd=tmp_path)
    conditions = {each["name"]: each for each in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert "cnn" in conditions["plugins: architecture"]["text"]
    assert "on tensorflow" in conditions["Keras"]["text"]
    assert conditions["this folder"]["text"].startswith(str(tmp_path))


def test_a_study_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = call_automap("doctor", "nothing", "--storage", f"sqlite:///{tmp_path}/none.db")
    assert done.returncode == 2
    assert "does not exist" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE automap_alembic_version SET version_num = ''",
        "UPDATE study_directions SET direction = 'tiny'",
        "DELETE FROM study_directions",
        "UPDATE automap_studies SET objectives = 'null'",
        "UPDATE automap_studies SET spec = '[]'",
        "UPDATE trials SET state = 'x'",
        "UPDATE automap_results SET result = '7'",
        "UPDATE automap_runs SET candidate = 'null'",
        "UPDATE automap_runs SET attempts = 'x'",
    ],
)
def test_a_damaged_record_is_never_an_internal_error(searched: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(searched, tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy" / "automap.db") as connection, suppress(sqlite3.Error):
        connection.execute(damage)
    for command in (["doctor", "tiny"], ["studies"], ["show", "tiny", "0"]):
        done = call_automap(*command, "--storage", f"sqlite:///{tmp_path}/copy/automap.db")
        assert "internal error" not in done.stderr
        assert done.returncode in (0, 1, 2)
