"""Opening the records of a finished study to add results to it."""

from __future__ import annotations

from automap.api.study import Study
from automap.search import study as studies
from automap.store.engine import open_database


def reopen_to_write(study: Study) -> studies.Study:
    """Open the records of a study that was opened for reading, so that results can be added.

    Raises:
        StorageError: if the database cannot be written.
        SpecError: if a plugin of the spec is missing or its fields have changed.
    """
    engine = open_database(study.engine.url.render_as_string(hide_password=False))
    return studies.reopen(engine, study.row)
