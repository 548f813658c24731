from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from automap.store.engine import open_database


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    yield engine
    engine.dispose()
