"""Databases of earlier versions can be read, ranked and predicted with, but not continued."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from support.images import digits
from support.program import call_automap

from automap.exceptions import StorageError
from automap.search.study import reopen
from automap.spec.candidate import Candidate
from automap.store import results, runs, studies
from automap.store.engine import open_database, read_database
from automap.store.migrate import alembic_config
from automap.store.models import HEAD
from automap.store.study_store import StudyStore

OLD = Path(__file__).parent / "automap_0_1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which automap 0.1 has searched; see automap_0_1/make.py."""
    place = tmp_path / "folder"
    place.mkdir()
    dump = (OLD / "database.sql").read_text().replace("/folder", str(place))
    with sqlite3.connect(place / "automap.db") as database:
        database.executescript(dump)
    shutil.copytree(OLD / "runs", place / "automap.runs")
    return place


def storage(folder: Path) -> str:
    return f"sqlite:///{folder}/automap.db"


def test_reading_migrates(folder: Path) -> None:
    engine = read_database(storage(folder))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM automap_alembic_version")).scalar() == HEAD
    row = studies.find_study(engine, "sharpen")
    assert row is not None
    losses = [option["type"] for option in row.spec["loss"]["choices"]]
    assert losses == ["squared_error", "absolute_error", "charbonnier"]
    assert row.spec["dataset"]["bit_depth"] is None
    assert row.spec["search"] == {"sampler": "random", "scheduler": "asha", "seed": 0}
    store = StudyStore(engine, row.id)
    found = [*results.list_results(store), *runs.list_runs(store)]
    assert {each.candidate["loss"]["type"] for each in found} == {"squared_error", "absolute_error"}
    for each in found:
        Candidate.model_validate(each.candidate)
    assert reopen(engine, row).spec.name == "sharpen"


READ = """
import os, sys
from automap.exceptions import StorageError
from automap.store import migrate
from automap.store.engine import open_database, read_database
scratch, url = sys.argv[1:]
open_database(scratch)
if os.geteuid() == 0:
    # Root may write everywhere. All modules are imported by now: another user might not reach them.
    os.setgid(65534); os.setuid(65534)
try:
    read_database(url)
except StorageError as error:
    print(error)
"""


def test_the_squared_error_of_classification_is_renamed_in_stored_specs(folder: Path) -> None:
    engine = open_database(storage(folder))
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0004")
        connection.execute(
            text("UPDATE automap_studies SET spec = json_set(spec, '$.task', json(:task), '$.loss', json(:loss))"),
            {
                "task": '{"type": "classification"}',
                "loss": '{"choices": [{"type": "cross_entropy"}, {"type": "mean_squared_error"}]}',
            },
        )
    engine.dispose()
    row = studies.find_study(read_database(storage(folder)), "sharpen")
    assert row is not None
    assert row.spec["loss"] == {"choices": [{"type": "cross_entropy"}, {"type": "squared_error"}]}


def test_a_read_only_database_of_an_earlier_version_names_the_remedy(folder: Path) -> None:
    # Every folder above must let another user pass.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        file = shutil.copy(folder / "automap.db", name)
        Path(file).chmod(0o444)
        Path(name).chmod(0o555)
        program = [sys.executable, "-c", READ, f"sqlite:///{folder}/scratch.db", f"sqlite:///{file}"]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        Path(name).chmod(0o755)
    assert "earlier version of automap and has to be migrated first" in done.stdout, done.stderr
    assert "read-only" in done.stdout


def test_a_database_of_a_newer_version_is_left_alone(folder: Path) -> None:
    with sqlite3.connect(folder / "automap.db") as database:
        database.execute("UPDATE automap_alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match="written by a newer version of automap"):
        read_database(storage(folder))


def test_migrations_can_be_taken_back(folder: Path) -> None:
    before = dump(folder)
    open_database(storage(folder)).dispose()
    assert dump(folder) != before
    with create_engine(storage(folder)).begin() as connection:
        command.downgrade(alembic_config(connection), "0001")
    assert dump(folder) == before


def dump(folder: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "automap.db") as database:
        specs = database.execute("SELECT name, spec, data_fingerprint FROM automap_studies ORDER BY name").fetchall()
        candidates = database.execute("SELECT id, candidate FROM automap_results ORDER BY id").fetchall()
    return [
        tuple(json.loads(value) if str(value).startswith("{") else value for value in row)
        for row in (*specs, *candidates)
    ]


def test_the_commands_read_it(folder: Path) -> None:
    asked = ("--storage", storage(folder))
    shown = call_automap("leaderboard", "digits", *asked, "--format", "json")
    assert shown.returncode == 0, shown.stderr
    assert [(row["state"], row["trial"]) for row in json.loads(shown.stdout)["rows"]] == [
        ("finalist", 1),
        ("complete", 0),
    ]
    for command_ in (("leaderboard", "sharpen"), ("show", "sharpen", "1"), ("studies",)):
        done = call_automap(*command_, *asked)
        assert done.returncode == 0, done.stderr
    checked = json.loads(call_automap("doctor", "digits", *asked, "--format", "json").stdout)["checks"]
    problems = [problem for check in checks_but_models(checked) for problem in check["problems"]]
    assert problems == []


def checks_but_models(checks: list[dict[str, object]]) -> list[dict[str, object]]:
    # This folder keeps the weights of the finalist only.
    return [check for check in checks if check["check"] != "the models of the best trials exist"]


@pytest.mark.slow
def test_its_models_predict(folder: Path) -> None:
    from PIL import Image

    Image.fromarray(digits()[0][0]).save(folder / "digit.png")
    done = call_automap("predict", folder / "automap.runs/digits/final-00001-seed-1000", folder / "digit.png")
    assert done.returncode == 0, done.stderr
    assert "0.11" in done.stdout  # The network has hardly learned anything: ten classes of equal probability.


def test_its_studies_are_not_continued(folder: Path) -> None:
    spec = folder / "digits.yaml"
    with sqlite3.connect(folder / "automap.db") as database:
        [(written,)] = database.execute("SELECT spec_text FROM automap_studies WHERE name = 'digits'")
    spec.write_text(f"{written.replace('pruner', 'scheduler')}storage: '{storage(folder)}'\n")
    done = call_automap("search", spec)
    assert done.returncode == 2
    assert "earlier version of automap, which decoded images differently" in done.stderr
    assert "give the spec another name" in done.stderr
