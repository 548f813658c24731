"""Creating, joining and opening studies: Optuna's and automap's records of one spec, in one database."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.samplers import BaseSampler
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from automap.exceptions import StorageError, UserError
from automap.redaction import redact, redact_data
from automap.search.evidence import Earlier
from automap.search.optuna_storage import create_or_load, optuna_storage, read_only_storage
from automap.spec.compare import differences
from automap.spec.draw import first_parameters, search_space
from automap.spec.spec import Spec
from automap.store import lineage, run_files, studies
from automap.store.engine import display_url, open_database, read_database
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


def create_or_continue(
    spec: Spec,
    spec_text: str,
    fingerprint: str,
    environment: dict[str, object],
    earlier: Sequence[Earlier] | None = None,
) -> Study:
    """Open the study of a spec, or its newest successor, creating it if it does not exist; the driver calls this.

    Args:
        spec: the spec.
        spec_text: its text.
        fingerprint: fingerprint of the data.
        environment: versions and devices.
        earlier: what earlier studies give to this one; None to leave that as it is.

    Raises:
        StorageError: if the database cannot be used.
        UserError: if the study exists and its trials would not be comparable with new ones.
    """
    # Errors of the sampler are reported before a database is created.
    sampler = build_sampler(spec, spec.search.seed)
    # A wrong URL is an error at once; later, an unreachable database is waited for.
    engine = open_database(spec.storage)

    def opened() -> Study:
        newest = named_as_newest(engine, spec)
        new = new_study(newest, spec_text, fingerprint, environment)
        study, fresh = _create_or_continue(engine, new, newest, sampler)
        if fresh or earlier is not None:
            start_warm(study, earlier or (), defaults=fresh)
        return study

    return with_retries(opened)


def named_as_newest(engine: Engine, spec: Spec) -> Spec:
    """Return a spec with the name of its newest study: the last of its successors."""
    return spec.model_copy(update={"name": lineage.newest_name(engine, spec.name)})


def new_study(
    spec: Spec, spec_text: str, fingerprint: str, environment: dict[str, object], predecessor: str | None = None
) -> studies.NewStudy:
    """Return the row of a spec's study."""
    return studies.NewStudy(
        name=spec.name,
        spec_text=redact(spec_text.replace(spec.storage, display_url(spec.storage))),
        spec=_stored(spec),
        objectives=[objective.model_dump() for objective in spec.objectives],
        data_fingerprint=fingerprint,
        environment=environment,
        run_directory=redact(spec.run_location),
        trial_budget=_trial_budget(spec),
        time_budget=spec.budget.time,
        predecessor=predecessor,
    )


def start_warm(study: Study, earlier: Sequence[Earlier], *, defaults: bool) -> None:
    """Store the trials that the sampler learns from and enqueue the first candidates.

    Args:
        study: the study.
        earlier: what earlier studies give.
        defaults: whether the candidates of every new study are enqueued too.
    """
    lineage.set_evidence(study.store, [each.model_dump(mode="json") for found in earlier for each in found.evidence])
    # Grid search visits the defaults anyway.
    if study.spec.search.sampler.limit(search_space(study.spec)) is not None:
        return
    candidates = [parameters for found in earlier for parameters in found.candidates]
    with optuna_errors(study.engine):
        for parameters in [*candidates, *(first_parameters(study.spec) if defaults else ())]:
            study.optuna.enqueue_trial(parameters, skip_if_exists=True)


def _create_or_continue(engine: Engine, new: studies.NewStudy, spec: Spec, sampler: BaseSampler) -> tuple[Study, bool]:
    """Return the study, and whether its first trials are still to be enqueued."""
    row, created = studies.find_study(engine, new.name), False
    if row is not None and changes(row, spec, new.data_fingerprint) and nothing_trained(StudyStore(engine, row.id)):
        _delete(StudyStore(engine, row.id), spec)
        row = None
    if row is None:
        row, created = studies.create_study(engine, new)
    store = StudyStore(engine, row.id)
    with optuna_errors(engine):
        if not created:
            _refuse_incomparable(row, spec, new.data_fingerprint)
        study = create_or_load(spec, sampler)
        # Without trials, the process that created the study was killed or lost its connection before that step.
        fresh = created or not study.get_trials(deepcopy=False)
    if created:
        return Study(store, spec, study), True
    if row.spec["budget"] != new.spec["budget"]:
        studies.set_budget(store, trial_budget=new.trial_budget, time_budget=new.time_budget)
    studies.update_spec(store, spec_text=new.spec_text, spec=new.spec)
    return Study(store, spec, study), fresh


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
    spec = named_as_newest(engine, spec)
    row = studies.find_study(engine, spec.name)
    if row is None:
        raise StudyMissing(f"no study '{spec.name}' in the database; start it with: automap search SPEC")
    _refuse_incomparable(row, spec, fingerprint or row.data_fingerprint)
    with optuna_errors(engine):
        return Study(StudyStore(engine, row.id), spec, create_or_load(spec, build_sampler(spec, sampler_seed)))


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
            found = optuna.load_study(study_name=row.name, storage=read_only_storage(engine))
        except (KeyError, DBAPIError, StorageInternalError) as error:
            if not isinstance(error, KeyError) and not _names_missing_table(error.__cause__ or error):
                raise
            raise StudyIncomplete(
                f"study '{row.name}' was not created completely: its process was killed; "
                "run the same automap search command again to complete it"
            ) from error
        return Study(StudyStore(engine, row.id), spec, found)


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
    spec = named_as_newest(engine, spec)
    row = studies.find_study(engine, spec.name)
    if row is not None and not nothing_trained(StudyStore(engine, row.id)):
        _refuse_incomparable(row, spec, fingerprint or row.data_fingerprint)


def _refuse_incomparable(row: studies.StudyRow, spec: Spec, fingerprint: str) -> None:
    if found := changes(row, spec, fingerprint):
        listed = "\n  ".join(found)
        successor = "; to keep the trials that are still valid: automap search SPEC --evolve"
        raise UserError(
            f"study '{spec.name}' exists and cannot be continued, because new trials would not be comparable:\n"
            f"  {listed}\n"
            f"give the spec another name (name: ...), or undo the change{successor if evolvable(found) else ''}"
        )


def evolvable(found: Sequence[str]) -> bool:
    """Return whether only the search space has changed, so that some trials may still be valid.

    Args:
        found: the changes, as `changes` lists them.
    """
    paths = [line.partition(":")[0] for line in found]
    return all(re.split(r"[.\[]", path)[0] in _SEARCHED and path != "task.type" for path in paths)


_SEARCHED = frozenset({"task", "architecture", "encoders", "fusion", "augmentation", "optimizer", "loss", "training"})


def changes(row: studies.StudyRow, spec: Spec, fingerprint: str) -> list[str]:
    """List why new trials of a spec would not be comparable with those of its study."""
    if row.data_fingerprint.startswith(studies.EARLIER_VERSION):
        return ["dataset: the study is from an earlier version of automap, which decoded images differently"]
    found = differences(row.spec, _stored(spec))
    if row.data_fingerprint != fingerprint:
        found.append("dataset: its files, decoding or splits have changed")
    return found


def _delete(store: StudyStore, spec: Spec) -> None:
    """Delete a study, including Optuna's records and the files of its runs."""
    for run in list_runs(store):
        run_files.delete_weights(spec.run_directory / run_folder_name(run.kind, run.trial, run.seed))
    with optuna_errors(store.engine), suppress(KeyError):
        optuna.delete_study(study_name=spec.name, storage=optuna_storage(spec.storage))
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
