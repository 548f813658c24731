"""Optuna's records in the database of a study."""

from __future__ import annotations

import time
from typing import Any

import optuna
import sqlalchemy
from optuna.samplers import BaseSampler
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from automap.spec.spec import Spec
from automap.store.engine import database_url


def create_or_load(spec: Spec, sampler: BaseSampler) -> optuna.Study:
    """Open Optuna's study of a spec, creating it if it does not exist."""
    for _ in range(_TRIES):
        try:
            return _open_optuna_study(spec, sampler)
        except DBAPIError as error:
            # Optuna checks for its tables before it creates them: of two concurrent processes, one fails.
            if not any(sign in str(error).lower() for sign in _MADE_MEANWHILE):
                raise
        time.sleep(0.1)
    return _open_optuna_study(spec, sampler)


_TRIES = 50
_MADE_MEANWHILE = ("already exists", "duplicate key", "unique constraint", "duplicate entry")


def _open_optuna_study(spec: Spec, sampler: BaseSampler) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=spec.name,
        storage=optuna_storage(spec.storage),
        sampler=sampler,
        directions=spec.directions,
        load_if_exists=True,
    )
    if study.metric_names is None:
        study.set_metric_names([objective.metric for objective in spec.objectives])
    return study


def optuna_storage(url: str) -> optuna.storages.RDBStorage:
    """Open Optuna's tables of a database, creating them if they do not exist."""
    if not url.startswith("sqlite"):
        # SQLAlchemy's default driver may not be the one that automap's extras install.
        full = database_url(url).render_as_string(hide_password=False)
        return optuna.storages.RDBStorage(full, engine_kwargs={"pool_pre_ping": True})
    storage = optuna.storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 30}})

    def less_waiting(connection: object, _: object) -> None:
        # Safe with the write-ahead log that automap's engine uses, and halves the overhead of a trial.
        connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]

    sqlalchemy.event.listen(storage.engine, "connect", less_waiting)
    return storage


def read_only_storage(engine: Engine) -> optuna.storages.RDBStorage:
    """Return Optuna's storage without creating or checking its tables; with SQLite it uses `engine`'s connections."""
    url = engine.url.render_as_string(hide_password=False)
    options: dict[str, Any] = {"pool": engine.pool} if engine.dialect.name == "sqlite" else {"pool_pre_ping": True}
    return optuna.storages.RDBStorage(
        url, engine_kwargs=options, skip_compatibility_check=True, skip_table_creation=True
    )
