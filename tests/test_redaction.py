"""Passwords are shown nowhere."""

from pathlib import Path

import pytest
from sqlalchemy import make_url
from support.program import call_automap

from automap.exceptions import StorageError
from automap.redaction import redact
from automap.search.study import create_or_continue
from automap.spec.display import escaped, json_text
from automap.spec.load import load_spec
from automap.store.engine import display_url, open_database
from automap.store.remote import pull

SECRET = "hunter2"

URLS = {
    f"postgresql://me:{SECRET}@host:5432/db": "postgresql://me:***@host:5432/db",
    f"postgresql://me:a@{SECRET}@host/db": "postgresql://me:***@host/db",
    f"postgresql://me:a/{SECRET}@host/db": "postgresql://me:***@host/db",
    f"postgresql://me:a:{SECRET}@host/db": "postgresql://me:***@host/db",
    f"postgresql://:{SECRET}@host/db": "postgresql://:***@host/db",
    f"postgresql://me@host/db?sslpassword={SECRET}&x=1": "postgresql://me@host/db?sslpassword=***&x=1",
    f"ftp://me:{SECRET}@host/runs": "ftp://me:***@host/runs",
    f"simplecache::sftp://me:{SECRET}@host/runs": "simplecache::sftp://me:***@host/runs",
    f"https://host/f?X-Amz-Signature={SECRET}&y=2": "https://host/f?X-Amz-Signature=***&y=2",
    f"az://box/f?sig={SECRET}": "az://box/f?sig=***",
    f"postgresql://me:a {SECRET}@host/db": "postgresql://me:***@host/db",
    f"postgresql://me:{SECRET}": "postgresql://me:***",
    f"postgresql:/me:{SECRET}@host/db": "postgresql:/me:***@host/db",
    f"postgresql//me:{SECRET}@host/db": "postgresql//me:***@host/db",
}


@pytest.mark.parametrize("url", URLS)
def test_passwords_in_urls_are_hidden(url: str) -> None:
    assert redact(url) == URLS[url]
    assert redact(f"no answer from '{url}'; try again") == f"no answer from '{URLS[url]}'; try again"


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///C:/my@place/automap.db",
        "postgresql://me@host:5432/db",
        "s3://bucket/a:b@c",
        "/photos/cat:1@2x.png",
        "http://localhost:8000: refused; write to me@host",
        "write to me@host at 12:30",
        "https://docs.python.org/3/library/re.html",
    ],
)
def test_other_text_is_kept(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@host:port/db",
        f"postgresql:me:{SECRET}",
        f"postgres://me:{SECRET}",
        f"mysql+nothing://me:two words {SECRET}@host/db",
        f"nothing://me:{SECRET}@host/db",
    ],
)
def test_malformed_urls_are_not_printed(url: str) -> None:
    with pytest.raises(StorageError) as raised:
        open_database(url)
    assert SECRET not in str(raised.value)


def test_a_password_with_spaces_is_hidden() -> None:
    assert display_url(make_url(f"postgresql://me:two {SECRET}@host/db")) == "postgresql://me:***@host/db"


def test_errors_of_other_packages_hold_no_password(tmp_path) -> None:
    with pytest.raises(StorageError) as raised:
        pull(f"nothing://me:{SECRET}@host/runs", tmp_path)
    assert "nothing://me:***@host/runs" in str(raised.value)


def test_everything_shown_is_redacted() -> None:
    url = f"ftp://me:{SECRET}@host/runs/winner"
    assert SECRET not in escaped(f"winner: {url}")
    assert SECRET not in json_text({"artifacts": url})


PLACES = {
    "storage": f"storage: postgresql://me:{SECRET}@127.0.0.1:1/db\n",
    "storage with spaces": f"storage: 'postgresql://me:two {SECRET}@127.0.0.1:1/db'\n",
    "no such driver": f"storage: oracle://me:{SECRET}@127.0.0.1:1/db\n",
    "no URL": f"storage: 'postgresql:me:{SECRET}'\n",
    "runs": f"runs: nothing://me:{SECRET}@host/runs\n",
    "cache": f"cache: nothing://me:{SECRET}@host/cache?token={SECRET}\n",
}
COMMANDS = [
    ["check", "s.yaml", "--no-build"],
    ["check", "s.yaml", "--no-build", "--format", "json"],
    ["search", "s.yaml"],
    ["worker", "s.yaml"],
    ["leaderboard", "s.yaml"],
    ["show", "s.yaml", "0"],
    ["doctor", "s.yaml"],
    ["report", "s.yaml", "--output", "r.html"],
    ["export", "s.yaml"],
    ["predict", "s.yaml", "a.png"],
]


@pytest.mark.parametrize("place", PLACES)
def test_no_command_shows_a_password_of_a_spec(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMAP_STORAGE", raising=False)
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    Path("s.yaml").write_text(f"dataset: {{type: sklearn, name: digits}}\n{PLACES[place]}")
    for command in COMMANDS:
        if command[0] in {"search", "worker"} and "storage" in place:
            continue  # They wait five minutes for the database.
        done = call_automap(*command)
        assert SECRET not in done.stdout + done.stderr, command
        assert "internal error" not in done.stderr, command


@pytest.mark.parametrize("url", [f"postgresql://me:{SECRET}@127.0.0.1:1/db", f"nothing://me:{SECRET}@host/db"])
def test_a_password_of_the_environment_is_not_shown(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOMAP_STORAGE", url)
    monkeypatch.setenv("AUTOMAP_SHARED_CACHE", f"nothing://me:{SECRET}@host/cache")
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    Path("s.yaml").write_text("dataset: {type: sklearn, name: digits}\n")
    for command in (
        ["check", "s.yaml", "--no-build"],
        ["studies"],
        ["leaderboard"],
        ["show", "s", "0"],
        ["doctor", "s"],
    ):
        done = call_automap(*command)
        assert SECRET not in done.stdout + done.stderr, command


def test_no_password_is_stored(tmp_path):
    text = (
        "name: s\ndataset: {type: sklearn, name: digits}\n"
        f"# by hand: psql postgresql://me:{SECRET}@host/db\n"
        f"runs: s3://me:{SECRET}@host/runs\ncache: s3://me:{SECRET}@host/cache\n"
    )
    (tmp_path / "s.yaml").write_text(text)
    create_or_continue(load_spec(tmp_path / "s.yaml"), text, "0" * 64, {})
    files = list(tmp_path.glob("automap.db*"))
    assert files
    assert not any(SECRET.encode() in path.read_bytes() for path in files)
