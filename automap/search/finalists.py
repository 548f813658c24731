"""The finalists: the best candidates, trained again on several seeds and tested once."""

from __future__ import annotations

from automap.interfaces.metric import sign_of
from automap.search.pareto import first_fronts
from automap.search.study import Study
from automap.spec.objectives import objective_value
from automap.store import results, runs
from automap.store.results import ResultRow

FIRST_SEED = 1_000
"""The first seed of finalists, which differs from the seed of their trial."""


def appoint(study: Study) -> bool:
    """Register the missing runs of finalists.

    Returns:
        Whether there were any.
    """
    return runs.add_runs(study.store, missing(study)) > 0


def missing(study: Study) -> list[runs.NewRun]:
    """Return the runs of finalists that are not registered yet."""
    seeds = [study.spec.search.seed + FIRST_SEED + index for index in range(study.spec.finalists.seeds)]
    wanted = [
        runs.NewRun(result.trial, "final", seed, result.candidate, int(result.candidate["training"]["epochs"]))
        for result in best_results(study, study.spec.finalists.top)
        for seed in seeds
    ]
    return [final for final in wanted if runs.find_run(study.store, final.trial, "final", final.seed) is None]


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
    # Within a front, the first objective decides: results come in its order.
    order = [index for front in first_fronts(values, study.spec.directions, count) for index in front]
    return [complete[index] for index in order[:count]]


def best_final(study: Study) -> ResultRow | None:
    """Return the finalist's run whose model is the study's winner, None if no finalist has completed.

    It is the best run of the candidate with the best mean of the first objective over its seeds, all on the
    validation split: the test split is not used for selection.
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
    # Results come with the best value first.
    return of_trial[min(mean, key=lambda trial: mean[trial])][0]
