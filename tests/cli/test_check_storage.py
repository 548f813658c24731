"""`check` refuses what `search` would refuse for its database or run directory, and writes to neither."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus.case import class_folders
from support.in_process import NoWorkers
from support.program import call_automap

Prepare = Callable[[Path], object]


def other_tables(folder: Path) -> None:
    with sqlite3.connect(folder / "x.db") as connection:
        connection.execute("create table notes (text)")


REFUSED: dict[str, tuple[str, Prepare, str]] = {
    "runs in a file": ("runs: x/y", lambda folder: (folder / "x").write_text(""), "run directory "),
    "runs behind a broken link": ("runs: x", lambda folder: (folder / "x").symlink_to("a/b"), "run directory "),
    "a missing folder": (
        "storage: sqlite:///a/x.db\nruns: r",
        lambda folder: None,
        "a does not exist; create it first",
    ),
    "a folder": ("storage: sqlite:///x.db", lambda folder: (folder / "x.db").mkdir(), "it is a folder"),
    "a text": ("storage: sqlite:///x.db", lambda folder: (folder / "x.db").write_text("text" * 999), "not an SQLite"),
    "a broken link": ("storage: sqlite:///x.db", lambda folder: (folder / "x.db").symlink_to("a/b"), "does not exist"),
    "a circle": ("storage: sqlite:///x.db", lambda folder: (folder / "x.db").symlink_to("x.db"), "a link to itself"),
    "an unknown protocol": ("runs: foo://h/x", lambda folder: None, "Protocol not known: foo"),
}
ACCEPTED: dict[str, tuple[str, Prepare]] = {
    "nothing there": ("", lambda folder: None),
    "a new folder": ("storage: sqlite:///a/x.db", lambda folder: None),
    "runs behind a link": ("runs: x", lambda folder: ((folder / "y").mkdir(), (folder / "x").symlink_to("y"))),
    "an empty file": ("storage: sqlite:///x.db", lambda folder: (folder / "x.db").write_text("")),
    "other tables": ("storage: sqlite:///x.db", other_tables),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("AUTOMAP_STORAGE", raising=False)
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("automap.api.executors.LocalExecutor", NoWorkers)
    monkeypatch.chdir(tmp_path)
    class_folders(tmp_path / "data", "cat", "dog")
    return tmp_path


def write_spec(folder: Path, *lines: str) -> None:
    fields = ("name: s", "dataset: {type: folder, path: data}", "architecture: cnn", "budget: {trials: 1}", *lines)
    (folder / "s.yaml").write_text("\n".join([*fields, ""]))


@pytest.mark.parametrize("case", REFUSED)
def test_what_search_refuses_is_refused(case: str, folder: Path) -> None:
    fields, prepare, message = REFUSED[case]
    prepare(folder)
    write_spec(folder, fields)
    before = sorted(folder.iterdir())
    checked = call_automap("check", "s.yaml", "--no-build")
    assert sorted({*folder.iterdir()} - {folder / "cache"}) == before
    for done in (checked, call_automap("search", "s.yaml")):
        assert done.returncode == 2, done.stderr
        assert message in done.stderr


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_search_accepts_is_accepted(case: str, folder: Path) -> None:
    fields, prepare = ACCEPTED[case]
    prepare(folder)
    write_spec(folder, fields)
    before = sorted(folder.iterdir())
    checked = call_automap("check", "s.yaml", "--no-build")
    assert checked.returncode == 0, checked.stderr
    assert sorted({*folder.iterdir()} - {folder / "cache"}) == before
    assert "No trial completed" in call_automap("search", "s.yaml").stderr


def test_a_server_that_does_not_answer_is_a_warning_because_a_search_would_wait_for_it(folder: Path) -> None:
    write_spec(folder, "storage: postgresql://me:secret@127.0.0.1:1/x")
    done = call_automap("check", "s.yaml", "--no-build")
    assert done.returncode == 0, done.stderr
    assert "warning: database postgresql+psycopg://me:***@127.0.0.1:1/x: the server cannot be reached" in done.stderr
