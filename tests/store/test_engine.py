"""Opening databases, and the errors of invalid ones."""

import json
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text
from support.contention import at_once, open_it
from support.postgres import PostgresServer
from support.studies import add_trial, complete, make_study

from automap.exceptions import StorageError
from automap.store import studies
from automap.store.engine import database_url, display_url, open_database, read_database
from automap.store.models import VERSION_TABLE, Base
from automap.store.study_store import StudyStore


def test_the_migrated_tables_are_those_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_reopening_keeps_stored_records(url: str) -> None:
    make_study(open_database(url), "kept")
    assert studies.find_study(open_database(url), "kept") is not None
    assert studies.find_study(read_database(url), "kept") is not None


def test_opening_a_database_that_is_up_to_date_imports_no_alembic(url: str) -> None:
    open_database(url)
    program = (
        "import sys; from automap.store.engine import open_database; open_database(sys.argv[1]);"
        "print([name for name in sys.modules if name.split('.')[0] in ('alembic', 'keras', 'optuna')])"
    )
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_several_processes_may_create_one_database_at_once(url: str) -> None:
    assert len(at_once(4, open_it, url)) == 4
    assert studies.list_studies(read_database(url)) == []


def test_tables_of_a_newer_version_are_refused(url: str) -> None:
    with open_database(url).begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StorageError, match="written by a newer version"):
        open_database(url)
    with pytest.raises(StorageError, match="9999"):
        read_database(url)


def spelled_out(url: str) -> str:
    """The URL with its driver, for programs that choose another one by themselves."""
    return database_url(url).render_as_string(hide_password=False)


@pytest.mark.parametrize("ours_first", [True, False])
def test_optuna_lives_in_the_same_database(url: str, ours_first: bool) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if ours_first:
        open_database(url)
    storage = optuna.storages.RDBStorage(spelled_out(url))
    study = optuna.create_study(study_name="both", storage=storage, direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    engine = open_database(url)
    row = make_study(engine, "both")
    add_trial(engine, row, 0, complete(0.9))

    names = inspect(engine).get_table_names()
    assert {"alembic_version", VERSION_TABLE, "trials", "automap_results"} <= set(names)
    assert len(optuna.load_study(study_name="both", storage=spelled_out(url)).trials) == 3
    assert [entry["number"] for entry in _optuna("trials", url)] == [0, 1, 2]
    assert _optuna("best-trial", url)["params"]["x"] == study.best_params["x"]


def _optuna(command: str, url: str) -> list[dict[str, object]]:
    arguments = ["--storage", spelled_out(url), "--study-name", "both", "-f", "json"]
    program = Path(sys.executable).with_name("optuna")
    done = subprocess.run([program, command, *arguments], capture_output=True, text=True, check=True)
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_reading_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"does not exist.*automap search"):
        read_database(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automap.db"
    study = make_study(open_database(url))
    with pytest.raises(StorageError, match="read-only"):
        studies.take_slot(StudyStore(read_database(url), study.id))


def test_a_database_without_our_tables_is_named_so(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE theirs (x)").connection.close()
    with pytest.raises(StorageError, match="has no studies"):
        read_database(f"sqlite:///{tmp_path}/other.db")


@pytest.mark.parametrize("opener", [open_database, read_database])
def test_a_file_that_is_not_a_database(tmp_path: Path, opener: object) -> None:
    (tmp_path / "notes.db").write_text("dear diary\n" * 1000)
    with pytest.raises(StorageError, match=r"notes\.db.*not an SQLite database"):
        opener(f"sqlite:///{tmp_path}/notes.db")  # type: ignore[operator]
    assert (tmp_path / "notes.db").read_text() == "dear diary\n" * 1000


@pytest.mark.parametrize("opener", [open_database, read_database])
def test_a_folder(tmp_path: Path, opener: object) -> None:
    with pytest.raises(StorageError, match="it is a folder"):
        opener(f"sqlite:///{tmp_path}")  # type: ignore[operator]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist; create it"):
        open_database(f"sqlite:///{tmp_path}/missing/automap.db")


def test_a_locked_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automap.db"
    study = make_study(open_database(url))
    other = sqlite3.connect(tmp_path / "automap.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    engine = open_database(url, busy_seconds=0.2)
    with pytest.raises(StorageError, match="locked by another process"):
        studies.take_slot(StudyStore(engine, study.id))
    # The write-ahead log lets others read meanwhile.
    assert studies.find_study(read_database(url, busy_seconds=0.2), "digits") is not None
    other.execute("COMMIT")
    assert studies.take_slot(StudyStore(engine, study.id))


def test_a_database_locked_while_it_is_created(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "automap.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError, match="locked by another process"):
        open_database(f"sqlite:///{tmp_path}/automap.db", busy_seconds=0.2)
    other.execute("ROLLBACK")


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study = make_study(engine)
    add_trial(engine, study, 0, complete(0.9))
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(StorageError, match="disk is full"):
        studies.update_spec(StudyStore(engine, study.id), spec_text="x" * 1_000_000, spec={})
    found = studies.find_study(read_database(f"sqlite:///{tmp_path}/automap.db"), "digits")
    assert found == study


READ_ONLY = """
import os, sys
from automap.exceptions import StorageError
from automap.store.engine import open_database, read_database
from automap.store.studies import list_studies
scratch, url = sys.argv[1:]
list_studies(open_database(scratch))
if os.geteuid() == 0:
    # Root may write everywhere. All modules are imported by now: another user might not reach them.
    os.setgid(65534); os.setuid(65534)
print([study.name for study in list_studies(read_database(url))])
try:
    open_database(url)
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize("mode", [0o555, 0o777])
def test_a_read_only_database_is_read_and_not_written(tmp_path: Path, mode: int) -> None:
    # Every folder above must let another user pass.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        engine = open_database(f"sqlite:///{folder}/automap.db")
        make_study(engine, "sealed")
        engine.dispose()
        (folder / "automap.db").chmod(0o444)
        folder.chmod(mode)
        urls = [f"sqlite:///{tmp_path}/scratch.db", f"sqlite:///{folder}/automap.db"]
        done = subprocess.run([sys.executable, "-c", READ_ONLY, *urls], capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    names, error = done.stdout.strip().splitlines()
    assert names == "['sealed']"
    assert "read-only" in error


@pytest.mark.parametrize("url", ["automap.db", "", "nothing://x/y", "postgresql:///a:b@:c"])
def test_invalid_urls(url: str) -> None:
    with pytest.raises(StorageError):
        read_database(url)


def test_memory_is_refused() -> None:
    with pytest.raises(StorageError, match="in-memory"):
        open_database("sqlite://")


def test_a_missing_driver_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None; from automap.store.engine import open_database\n"
        "from automap.exceptions import StorageError\n"
        "try: open_database('postgresql://somebody@nowhere/x')\n"
        "except StorageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'automap[postgres]'" in done.stdout


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be reached") as caught:
        open_database("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)
    with pytest.raises(StorageError, match="cannot be reached"):
        open_database(f"postgresql://me@/x?host={tmp_path}")


def test_a_database_that_the_server_does_not_have(postgres: PostgresServer) -> None:
    with pytest.raises(StorageError, match="no such database; create it"):
        open_database(postgres.url("missing"))


def test_a_user_that_the_server_does_not_know(postgres: PostgresServer) -> None:
    with pytest.raises(StorageError, match="has no such user"):
        open_database(postgres.url().replace("automap@", "stranger@"))


def test_passwords_are_hidden() -> None:
    shown = display_url("postgresql://me:secret@host/x?password=hidden&sslmode=require")
    assert "secret" not in shown
    assert "hidden" not in shown
    assert "sslmode=require" in shown


def test_a_server_that_was_restarted_is_reached_again(postgres: PostgresServer) -> None:
    engine = open_database(postgres.create_database("restarted"))
    study = make_study(engine)
    postgres.control("restart", "-m", "fast")
    assert studies.find_study(engine, "digits") == study


def test_a_path_may_hold_odd_characters(tmp_path: Path) -> None:
    folder = tmp_path / "50% of Zoë's #1 data"
    folder.mkdir()
    make_study(open_database(f"sqlite:///{folder}/automap.db"), "odd")
    assert studies.find_study(read_database(f"sqlite:///{folder}/automap.db"), "odd") is not None
