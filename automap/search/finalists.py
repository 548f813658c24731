"""The finalists: the best candidates, retrained with several seeds and tested once."""

from __future__ import annotations

from collections.abc import Sequence

from automap.interfaces.metric import sign_of
from automap.search.budget import FINALISTS_SHARE
from automap.search.pareto import first_fronts
from automap.search.study import Study
from automap.spec.objectives import objective_value
from automap.store import results, runs, studies
from automap.store.results import ResultRow

FIRST_SEED = 1_000
"""The first seed of finalists; differs from the seed of their trial."""


def appoint(study: Study) -> bool:
    """Register the missing runs of finalists.

    Returns:
        Whether there were any.
    """
    return runs.add_runs(study.store, missing(study)) > 0


def missing(study: Study) -> list[runs.NewRun]:
    """Return the runs of finalists that are not registered yet and fit into the time budget."""
    best = best_results(study, study.spec.finalists.top)
    count, seed_count = _affordable(study, best)
    seeds = [study.spec.search.seed + FIRST_SEED + index for index in range(seed_count)]
    wanted = [
        runs.NewRun(result.trial, "final", seed, result.candidate, int(result.candidate["training"]["epochs"]))
        for result in best[:count]
        for seed in seeds
    ]
    return [final for final in wanted if runs.find_run(study.store, final.trial, "final", final.seed) is None]


def _affordable(study: Study, best: Sequence[ResultRow]) -> tuple[int, int]:
    """Return the number of finalists, and of seeds for each, that fit into the study's time budget."""
    row, seeds = studies.get_study(study.store), study.spec.finalists.seeds
    if row.time_budget is None:
        return len(best), seeds
    left = min(row.time_budget - row.seconds_used, FINALISTS_SHARE * row.time_budget)
    return affordable([_full_seconds(study, result) for result in best], seeds, left)


def affordable(seconds: Sequence[float], seeds: int, left: float) -> tuple[int, int]:
    """Return the number of candidates, and of seeds for each, that can be trained in the time that is left.

    If time is short, the number of seeds is reduced first, then the number of candidates, the worst first.

    Args:
        seconds: duration of one training of each candidate, the best first.
        seeds: largest number of seeds for each.
        left: seconds for all trainings together.
    """
    for count in range(len(seconds), 0, -1):
        affordable_seeds = min(seeds, int(left / max(sum(seconds[:count]), 1e-9)))
        if affordable_seeds > 0:
            return count, affordable_seeds
    return 0, 0


def _full_seconds(study: Study, result: ResultRow) -> float:
    """Return the duration of a full training; the trial itself may have finished early."""
    run = runs.find_run(study.store, result.trial)
    trained = result.cost.get("train_seconds", 0.0)
    return trained if run is None else trained * run.epochs / min(max(run.epoch, 1), run.epochs)


def best_results(study: Study, count: int) -> list[ResultRow]:
    """Return the best complete trials by validation metrics; with several objectives, front by front."""
    complete = results.list_results(
        study.store,
        kind="search",
        states=("complete",),
        limit=count if len(study.spec.objectives) == 1 else None,
    )
    if len(study.spec.objectives) == 1:
        return list(complete)
    values = [
        [objective_value(objective, result.validation, result.cost) or 0.0 for objective in study.spec.objectives]
        for result in complete
    ]
    # Within a front the first objective decides: results are sorted by it.
    order = [index for front in first_fronts(values, study.spec.directions, count) for index in front]
    return [complete[index] for index in order[:count]]


def best_final(study: Study) -> ResultRow | None:
    """Return the finalist's run that is the study's winner; None if no finalist has completed.

    The winner is the best run of the candidate whose mean of the first objective over its seeds is best. Only the
    validation split is used for selection.
    """
    finals = results.list_results(study.store, kind="final", states=("complete",))
    of_trial: dict[int, list[ResultRow]] = {}
    for final in finals:
        if final.value is not None:
            of_trial.setdefault(final.trial, []).append(final)
    if not of_trial:
        return None
    sign = sign_of(study.spec.objectives[0].direction)
    mean = {trial: sign * sum(run.value or 0.0 for run in rows) / len(rows) for trial, rows in of_trial.items()}
    # Results are sorted, the best first.
    return of_trial[min(mean, key=lambda trial: mean[trial])][0]
