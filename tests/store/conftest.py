import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from support.postgres import PostgresServer, postgres_server

from automap.store.engine import database_url, open_database

_numbers = iter(range(1_000_000))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


# A server to try MySQL or MariaDB with, if there is one: mysql://user:password@host:port
MYSQL = os.environ.get("AUTOMAP_TEST_MYSQL")


@pytest.fixture(params=["sqlite", "postgresql", *(["mysql"] if MYSQL else [])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is still empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/automap.db"
    if request.param == "mysql":
        return _create_mysql_database(f"test{next(_numbers)}")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database(f"test{next(_numbers)}")


def _create_mysql_database(name: str) -> str:
    with create_engine(database_url(f"{MYSQL}/mysql")).begin() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    return f"{MYSQL}/{name}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()
