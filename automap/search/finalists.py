"""The finalists: the best candidates, retrained with several seeds and tested once."""

from __future__ import annotations

from collections.abc import Sequence

from automap.interfaces.metric import sign_of
from automap.search.affordable import FINALISTS_SHARE, affordable, training_seconds
from automap.search.budget import budget_use
from automap.search.pareto import first_fronts
from automap.search.study import Study
from automap.spec.objectives import objective_value
from automap.store import results, runs
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
    best = _distinct(best_results(study, 2 * study.spec.finalists.top))[: study.spec.finalists.top]
    count, seed_count = _affordable(study, best)
    seeds = [study.spec.search.seed + FIRST_SEED + index for index in range(seed_count)]
    wanted = [
        runs.NewRun(result.trial, "final", seed, result.candidate, int(result.candidate["training"]["epochs"]))
        # Every candidate's first seed comes first: if time runs out, they have been treated alike.
        for seed in seeds
        for result in best[:count]
    ]
    return [final for final in wanted if runs.find_run(study.store, final.trial, "final", final.seed) is None]


def _distinct(best: Sequence[ResultRow]) -> list[ResultRow]:
    """Return the first result of each candidate: a trial that was cut short and its continuation share one."""
    return [
        result
        for index, result in enumerate(best)
        if all(result.candidate != better.candidate for better in best[:index])
    ]


def _affordable(study: Study, best: Sequence[ResultRow]) -> tuple[int, int]:
    """Return how many finalists, and how many seeds of each, the study's time budget allows."""
    use, seeds = budget_use(study), study.spec.finalists.seeds
    if use.time_budget is None:
        return len(best), seeds
    workers = max(1, runs.count_running(study.store))
    trained = sum(final.cost.get("train_seconds", 0.0) for final in results.list_results(study.store, kind="final"))
    left = min(use.training_seconds * workers + trained, FINALISTS_SHARE * use.time_budget * workers)
    return affordable([training_seconds(study, result) for result in best], seeds, left)


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
