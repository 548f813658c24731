"""Creating, joining and opening studies: Optuna's and automap's records of one spec, in one database."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.samplers import BaseSampler
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from automap.exceptions import StorageError, UserError
from automap.redaction import redact, redact_data
from automap.spec.compare import differences
from automap.spec.draw import first_parameters, search_space
from automap.spec.spec import Spec
from automap.store import run_files, studies
from automap.store.engine import database_url, display_url, open_database, read_database
from automap.store.errors import storage_errors
from automap.store.files import run_folder_name
from automap.store.retry import with_retries
from automap.store.runs import list_runs, nothing_trained
from automap.store.study_store import StudyStore


class StudyMissing(UserError):  # noqa: N818
    """The database holds no study of that name."""


class StudyIncomplete(StorageError):  # noqa: N818
    """The process that created the study was killed before Optuna's records were written."""


@dataclass(frozen=True)
class Study:
    """An open study; each process opens its own."""

    store: StudyStore
    spec: Spec
    optuna: optuna.Study

    @property
    def engine(self) -> Engine:
        """The database."""
        return self.store.engine


def create_or_continue(spec: Spec, spec_text: str, fingerprint: str, environment: dict[str, object]) -> Study:
    """Open the study of a spec, creating it if it does not exist; the driver calls this.

    Raises:
        StorageError: if the database cannot be used.
        UserError: if the study exists and its trials would not be comparable with new ones.
    """
    # Errors of the sampler are reported before a database is created.
    sampler = build_sampler(spec, spec.search.seed)
    new = studies.NewStudy(
        name=spec.name,
        spec_text=redact(spec_text.replace(spec.storage, display_url(spec.storage))),
        spec=_stored(spec),
        objectives=[objective.model_dump() for objective in spec.objectives],
        data_fingerprint=fingerprint,
        environment=environment,
        run_directory=redact(spec.run_location),
        trial_budget=_trial_budget(spec),
        time_budget=spec.budget.time,
    )
    # A wrong URL is an error at once; later, an unreachable database is waited for.
    engine = open_database(spec.storage)
    return with_retries(lambda: _create_or_continue(engine, new, spec, sampler))


def _create_or_continue(engine: Engine, new: studies.NewStudy, spec: Spec, sampler: BaseSampler) -> Study:
    row, created = studies.find_study(engine, new.name), False
    if row is not None and _changes(row, spec, new.data_fingerprint) and nothing_trained(StudyStore(engine, row.id)):
        _delete(StudyStore(engine, row.id), spec)
        row = None
    if row is None:
        row, created = studies.create_study(engine, new)
    store = StudyStore(engine, row.id)
    with optuna_errors(engine):
        if created:
            return Study(store, spec, _new_optuna_study(spec, sampler))
        _refuse_incomparable(row, spec, new.data_fingerprint)
        study = _optuna_study(spec, sampler)
        if not study.get_trials(deepcopy=False):
            # The process that created the study was killed or lost its connection before this step.
            study = _new_optuna_study(spec, sampler)
    if row.spec["budget"] != new.spec["budget"]:
        studies.set_budget(store, trial_budget=new.trial_budget, time_budget=new.time_budget)
    studies.update_spec(store, spec_text=new.spec_text, spec=new.spec)
    return Study(store, spec, study)


def join(spec: Spec, sampler_seed: int, fingerprint: str | None = None) -> Study:
    """Open the existing study of a spec; workers call this.

    Args:
        spec: the spec, with paths that are valid on this machine.
        sampler_seed: the seed of this worker's sampler.
        fingerprint: fingerprint of this machine's data; None to assume that it is the study's.

    Raises:
        StorageError: if the database does not exist or cannot be used.
        StudyMissing: if the database has no such study.
        UserError: if trials of this spec would not be comparable with those of the study.
    """
    # A mistyped URL must not create a database.
    read_database(spec.storage).dispose()
    engine = open_database(spec.storage)
    row = studies.find_study(engine, spec.name)
    if row is None:
        raise StudyMissing(f"no study '{spec.name}' in the database; start it with: automap search SPEC")
    _refuse_incomparable(row, spec, fingerprint or row.data_fingerprint)
    with optuna_errors(engine):
        return Study(StudyStore(engine, row.id), spec, _optuna_study(spec, build_sampler(spec, sampler_seed)))


def reopen(engine: Engine, row: studies.StudyRow) -> Study:
    """Open a study for reading, with the spec that is stored in the database.

    Raises:
        StorageError: if the database cannot be used.
        StudyIncomplete: if Optuna's records of the study are missing.
        SpecError: if a plugin of the spec is missing or its fields have changed.
    """
    url = engine.url.render_as_string(hide_password=False)
    spec = Spec.model_validate({**row.spec, "storage": url})
    with optuna_errors(engine):
        try:
            found = optuna.load_study(study_name=row.name, storage=_read_only_storage(engine))
        except (KeyError, DBAPIError, StorageInternalError) as error:
            if not isinstance(error, KeyError) and not _names_missing_table(error.__cause__ or error):
                raise
            raise StudyIncomplete(
                f"study '{row.name}' was not created completely: its process was killed; "
                "run the same automap search command again to complete it"
            ) from error
        return Study(StudyStore(engine, row.id), spec, found)


def _read_only_storage(engine: Engine) -> optuna.storages.RDBStorage:
    """Return Optuna's storage without creating or checking its tables; with SQLite it uses `engine`'s connections."""
    url = engine.url.render_as_string(hide_password=False)
    options: dict[str, Any] = {"pool": engine.pool} if engine.dialect.name == "sqlite" else {"pool_pre_ping": True}
    return optuna.storages.RDBStorage(
        url, engine_kwargs=options, skip_compatibility_check=True, skip_table_creation=True
    )


def _names_missing_table(error: BaseException) -> bool:
    return any(sign in str(error) for sign in ("no such table", "does not exist", "doesn't exist"))


@contextmanager
def optuna_errors(engine: Engine) -> Iterator[None]:
    """Turn Optuna's database errors into `StorageError`."""
    with storage_errors(engine.url):
        try:
            yield
        except StorageInternalError as error:
            raise error.__cause__ or error from error


def live_trial(study: Study, number: int) -> optuna.Trial:
    """Return a trial by its number, also if another process has started it."""
    storage = study.optuna._storage
    with optuna_errors(study.engine):
        trial_id = storage.get_trial_id_from_study_id_trial_number(study.optuna._study_id, number)
        return optuna.Trial(study.optuna, trial_id)


def refuse_incomparable(engine: Engine, spec: Spec, fingerprint: str | None) -> None:
    """Refuse a spec if the database has a study of its name with trials that are not comparable with new ones.

    Args:
        engine: the database, which is only read.
        spec: the spec.
        fingerprint: fingerprint of its data; None to assume that it is the study's.

    Raises:
        UserError: with what has changed.
    """
    row = studies.find_study(engine, spec.name)
    if row is not None and not nothing_trained(StudyStore(engine, row.id)):
        _refuse_incomparable(row, spec, fingerprint or row.data_fingerprint)


def _refuse_incomparable(row: studies.StudyRow, spec: Spec, fingerprint: str) -> None:
    if changes := _changes(row, spec, fingerprint):
        listed = "\n  ".join(changes)
        raise UserError(
            f"study '{spec.name}' exists and cannot be continued, because new trials would not be comparable:\n"
            f"  {listed}\n"
            "give the spec another name (name: ...), or undo the change"
        )


def _changes(row: studies.StudyRow, spec: Spec, fingerprint: str) -> list[str]:
    if row.data_fingerprint.startswith(studies.EARLIER_VERSION):
        return ["dataset: the study is from an earlier version of automap, which decoded images differently"]
    changes = differences(row.spec, _stored(spec))
    if row.data_fingerprint != fingerprint:
        changes.append("dataset: its files, decoding or splits have changed")
    return changes


def _delete(store: StudyStore, spec: Spec) -> None:
    """Delete a study, including Optuna's records and the files of its runs."""
    for run in list_runs(store):
        run_files.delete_weights(spec.run_directory / run_folder_name(run.kind, run.trial, run.seed))
    with optuna_errors(store.engine), suppress(KeyError):
        optuna.delete_study(study_name=spec.name, storage=_optuna_storage(spec.storage))
    studies.delete_study(store)


def _stored(spec: Spec) -> dict[str, Any]:
    # The reader of the row already has the database URL. Workers take the run directory from their own spec.
    return {name: redact_data(value) for name, value in spec.to_data().items() if name != "storage"}


def build_sampler(spec: Spec, seed: int) -> BaseSampler:
    """Return the Optuna sampler of a spec.

    Args:
        spec: the spec; some samplers support only some search spaces.
        seed: seed of the sampler; workers that share a study need different ones.

    Raises:
        UserError: if the sampler cannot search this space, or lacks an optional dependency.
    """
    # Optuna's warnings of experimental features concern authors of samplers, not users.
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return spec.search.sampler.build(search_space(spec), seed)


def _trial_budget(spec: Spec) -> int | None:
    limits = (spec.search.sampler.limit(search_space(spec)), spec.budget.trials)
    return min((limit for limit in limits if limit is not None), default=None)


def _new_optuna_study(spec: Spec, sampler: BaseSampler) -> optuna.Study:
    study = _optuna_study(spec, sampler)
    # Grid search visits the defaults anyway.
    if spec.search.sampler.limit(search_space(spec)) is None:
        for parameters in first_parameters(spec):
            study.enqueue_trial(parameters, skip_if_exists=True)
    return study


def _optuna_study(spec: Spec, sampler: BaseSampler) -> optuna.Study:
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
        storage=_optuna_storage(spec.storage),
        sampler=sampler,
        directions=spec.directions,
        load_if_exists=True,
    )
    if study.metric_names is None:
        study.set_metric_names([objective.metric for objective in spec.objectives])
    return study


def _optuna_storage(url: str) -> optuna.storages.RDBStorage:
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
