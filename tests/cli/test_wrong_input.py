"""Every user error ends with a plain message and exit code 2: never a traceback, never a silent success."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from support.program import call_automap, run_automap
from support.studies import add_trial, complete, make_study

from automap.store.engine import open_database

LONG = "a" * 5000


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with files of many kinds, none of which is what a command expects, and one study."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMAP_STORAGE", raising=False)
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    Path("empty").mkdir()
    Path("text").write_text("not a spec, not an image, not a database " * 30)
    Path("zero").touch()
    Path("binary").write_bytes(b"\x00\xff\xfe" * 100)
    Path("ok.yaml").write_text("name: digits\ndataset: {type: sklearn, name: digits}\n")
    Path("text.yaml").write_text("dataset: {type: sklearn, name: digits}\nstorage: sqlite:///text\n")
    with sqlite3.connect("other.db") as other:
        other.execute("CREATE TABLE t (a)")
    engine = open_database("sqlite:///automap.db")
    add_trial(engine, make_study(engine), 0, complete(0.9))
    engine.dispose()
    return tmp_path


def refused(*arguments: str) -> str:
    done = call_automap(*arguments)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stderr
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("command", ["check", "search", "worker"])
@pytest.mark.parametrize(
    "path", ["nothing.yaml", "nothing/x.yaml", "empty", "text", "zero", "binary", "/dev/null", LONG]
)
def test_no_spec(folder, command, path):
    refused(command, path)


@pytest.mark.parametrize("command", [["leaderboard"], ["show"], ["doctor"]], ids=str)
@pytest.mark.parametrize("study", ["nothing", "nothing.yaml", "text.yaml", "empty/", "digts", f"{LONG}.yaml", LONG])
def test_no_study(folder, command, study):
    message = refused(*command, study, *(["0"] if command == ["show"] else []))
    if study == "digts":
        assert "did you mean 'digits'?" in message


@pytest.mark.parametrize(
    "url",
    ["nothing", "sqlite:///nothing.db", "sqlite:///text", "sqlite:///zero", "sqlite:///other.db", "sqlite:///empty",
     "sqlite://", "sqlite:///:memory:", "ftp://user:secret@host/x", "postgresql://user:secret@localhost:1/x"],
)  # fmt: skip
def test_no_database(folder, url):
    assert "secret" not in refused("studies", "--storage", url)
    assert "secret" not in refused("leaderboard", "digits", "--storage", url)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--trials", "0"],
        ["--trials", "-3"],
        ["--trials", "many"],
        ["--trials", "\N{ARABIC-INDIC DIGIT THREE}"],
        ["--trials", "9" * 30],
        ["--trials", "9" * 5000],
        ["--time", "0s"],
        ["--time", "soon"],
        ["--time", "9" * 30 + "h"],
        ["--workers", "0"],
        ["--workers", "two"],
        ["--workers", "9" * 30],
        ["--gpus", "1"],
        ["--address", "localhost:1"],
    ],
    ids=lambda arguments: " ".join(arguments)[:30],
)
def test_options_of_search(folder, arguments):
    message = refused("search", "ok.yaml", *arguments)
    assert arguments[0].removeprefix("--") in message
    assert not Path("automap.runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "digits", "9" * 30],
        ["show", "digits", "7"],
        ["leaderboard", "--sort", "speed"],
        ["leaderboard", "--sort", ""],
        ["leaderboard", "--watch", "--format", "json"],
        ["worker", "ok.yaml", "--wait", "soon"],
        ["search", ""],
        ["schema", "--output", "empty"],
        ["schema", "--output", "nothing/x.json"],
        ["plugins", "info", "nothing"],
        ["plugins", "list", "--kind", "nothing"],
        ["plugins", "new", "my_net", "--folder", "text"],
        ["init", "empty"],
        ["init", "nothing"],
    ],
    ids=" ".join,
)
def test_other_arguments(folder, arguments):
    refused(*arguments)


def test_a_limit_above_the_largest_integer_is_no_limit(folder):
    done = call_automap("leaderboard", "--limit", "9" * 30)
    assert done.returncode == 0, done.stderr
    assert "0.9000" in done.stdout


def test_a_cache_that_cannot_be_made_is_named(folder, monkeypatch):
    monkeypatch.setenv("AUTOMAP_CACHE", "/proc/nothing")
    assert "/proc/nothing" in refused("check", "ok.yaml", "--no-build")


def test_a_folder_whose_spec_exists_for_other_data(folder):
    Path("empty.yaml").write_text("dataset: {type: folder, path: elsewhere}\n")
    assert "describes other data" in refused("search", "empty")


COMMANDS = [["leaderboard"], ["show", "digits", "0"], ["studies"], ["plugins", "info", "cnn"], ["schema"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_closed_streams(folder, command):
    code = "import sys; sys.argv[0] = 'automap'; from automap.cli.main import main; main()"
    quoted = [sys.executable, "-c", code, *command]
    for redirection, expected in ((">&-", 0), ("2>&-", 0), (">/dev/full", 1)):
        script = f'"$@" {redirection}'
        done = subprocess.run(["bash", "-c", script, "bash", *quoted], capture_output=True, text=True, check=False)
        assert done.returncode == expected, done.stderr
        assert "Traceback" not in done.stderr
        assert ("No space left on device" in done.stderr) is (redirection == ">/dev/full")


@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "20"},
        {"COLUMNS": "1"},
        {"COLUMNS": "0"},
        {"COLUMNS": "-5"},
        {"COLUMNS": "wide"},
        {"TERM": "dumb"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ],
    ids=str,
)
def test_poor_terminals(folder, environment):
    for command in COMMANDS:
        done = run_automap(*command, **environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout
        assert done.stderr == ""
