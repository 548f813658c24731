"""Passwords are shown nowhere."""

import pytest
from sqlalchemy import make_url

from automap.exceptions import StorageError
from automap.redaction import redact
from automap.spec.display import escaped, json_text
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
        "write to me@host at 12:30",
        "https://docs.python.org/3/library/re.html",
    ],
)
def test_other_text_stays(text: str) -> None:
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
