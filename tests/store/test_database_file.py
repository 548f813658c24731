"""Deleting or replacing an SQLite file in use is noticed at the next access."""

import os
import shutil
from pathlib import Path

import pytest
from support.studies import make_study

from automap.exceptions import DatabaseLost
from automap.store import studies
from automap.store.engine import open_database
from automap.store.study_store import StudyStore


@pytest.mark.parametrize("warm", [True, False])
def test_a_deleted_file_is_an_error_and_is_not_recreated(tmp_path: Path, warm: bool) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study = make_study(engine)
    if not warm:
        engine.dispose()
    for path in tmp_path.glob("automap.db*"):
        path.unlink()
    with pytest.raises(DatabaseLost, match="was deleted while it was in use"):
        studies.take_slot(StudyStore(engine, study.id))
    assert list(tmp_path.iterdir()) == []


def test_a_replaced_file_is_an_error(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/automap.db")
    study = make_study(engine)
    shutil.copy(tmp_path / "automap.db", tmp_path / "copy.db")
    os.replace(tmp_path / "copy.db", tmp_path / "automap.db")
    with pytest.raises(DatabaseLost, match="was replaced by another file"):
        studies.get_study(StudyStore(engine, study.id))
