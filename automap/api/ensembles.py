"""Ensembles of a study's models."""

from __future__ import annotations

import json
import shutil
from typing import Any

from automap.api.open import open_study
from automap.api.reopening import reopen_to_write
from automap.data.prepare import DataIdentity, prepare
from automap.exceptions import UserError
from automap.search.budget import budget_use, closing_seconds, makes_ensemble
from automap.search.finalists import best_final, best_results
from automap.search.retention import keep_count, strip
from automap.search.study import Study
from automap.store import results
from automap.store.atomic import write_text
from automap.store.files import RESULT_FILE, VALIDATION_FILE, run_folder_name
from automap.store.results import ResultRow
from automap.store.runs import NewRun
from automap.workers.ensemble_process import Ensemble, Order, run_ensemble


def ensemble_of(name: str, storage: str | None, members: int | None, latency: float | None) -> Ensemble:
    """Make an ensemble of a finished study; see `add_ensemble`.

    Args:
        name: the study's name or spec file.
        storage: URL of the database; None as in `automap.open_study`.
        members: most members; None for the spec's number.
        latency: most latency, as a multiple of the winner's; None for the spec's.
    """
    opened = open_study(name, storage)
    study = reopen_to_write(opened)
    data = prepare(study.spec.dataset, shared=study.spec.cache)
    return add_ensemble(study, data.identity, members, latency)


def due(study: Study) -> bool:
    """Return whether a search makes an ensemble at its end: finalists were trained since the last one."""
    if not makes_ensemble(study.spec):
        return False
    finals = results.list_results(study.store, kind="final", states=("complete",))
    made = results.list_results(study.store, kind="ensemble")
    return len(finals) > 1 and all(row.finished_at < max(each.finished_at for each in finals) for row in made)


def seconds_left(study: Study) -> float | None:
    """Return the time that a study's time budget leaves for an ensemble; None without a time budget."""
    use = budget_use(study)
    if use.time_budget is None:
        return None
    return use.time_budget - closing_seconds(use.time_budget) - use.seconds


def add_ensemble(
    study: Study,
    data: DataIdentity,
    members: int | None = None,
    latency: float | None = None,
    seconds: float | None = None,
) -> Ensemble:
    """Make an ensemble of a study's models and store it as a row of the leaderboard.

    Args:
        study: the open study.
        data: its data set.
        members: most members; None for the spec's number.
        latency: most latency, as a multiple of the winner's; None for the spec's.
        seconds: when to give up; None for never.

    Raises:
        UserError: if there is none, with the reason.
        WorkerError: if the process that makes it died, or took too long.
    """
    spec, settings = study.spec, study.spec.ensemble
    if spec.remote_runs is not None:
        raise UserError("ensembles need run folders on this machine; those of this study are at a URL")
    runs = _runs(study)
    if len(runs) < 2:
        raise UserError(f"study '{spec.name}' keeps fewer than two models; raise finalists.top or finalists.seeds")
    seed = 1 + max((row.seed for row in results.list_results(study.store, kind="ensemble")), default=0)
    directory = spec.run_directory / run_folder_name("ensemble", runs[0].trial, seed)
    # One that a process left behind that did not come to its end.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    order = Order(
        spec=spec,
        data=data,
        members=[_member(study, row) for row in runs],
        metric=_metric(study),
        most=settings.members if members is None else members,
        latency_ms=(settings.latency if latency is None else latency) * runs[0].cost["latency_ms"],
        directory=directory,
        seconds=seconds,
    )
    try:
        made = run_ensemble(order)
        _store(study, runs[0], seed, made)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    for earlier in range(1, seed):
        strip(spec, run_folder_name("ensemble", runs[0].trial, earlier))
    return made


def _store(study: Study, winner: ResultRow, seed: int, made: Ensemble) -> None:
    directory = study.spec.run_directory / run_folder_name("ensemble", winner.trial, seed)
    ensemble = {"members": made.members, "temperature": made.temperature}
    stored = {"ensemble": ensemble, "result": made.result.model_dump(mode="json")}
    write_text(directory / RESULT_FILE, json.dumps(stored))
    candidate = {**winner.candidate, "ensemble": ensemble}
    results.add_finished(study.store, NewRun(winner.trial, "ensemble", seed, candidate, 0), made.result)


def _runs(study: Study) -> list[ResultRow]:
    """Return the runs whose models and outputs are kept, the winner first."""
    finals = results.list_results(study.store, kind="final", states=("complete",))
    found = [*finals, *best_results(study, keep_count(study))]
    kept = [row for row in found if _folder(study, row).joinpath(VALIDATION_FILE).is_file()]
    winner = best_final(study) or next(iter(kept), None)
    return sorted(kept, key=lambda row: winner is None or (row.kind, row.trial, row.seed) != _key(winner))


def _key(row: ResultRow) -> tuple[str, int, int]:
    return row.kind, row.trial, row.seed


def _folder(study: Study, row: ResultRow) -> Any:
    return study.spec.run_directory / run_folder_name(row.kind, row.trial, row.seed)


def _member(study: Study, row: ResultRow) -> dict[str, Any]:
    folder = str(_folder(study, row))
    return {
        "trial": row.trial,
        "seed": row.seed,
        "kind": row.kind,
        "folder": folder,
        "latency_ms": row.cost["latency_ms"],
    }


def _metric(study: Study) -> str:
    """Return the first objective that is a metric, or the task's own."""
    task = study.spec.task_class
    names = [objective.metric for objective in study.spec.objectives if objective.metric in task.metrics]
    return names[0] if names else task.default_objective
