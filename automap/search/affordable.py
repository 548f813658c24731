"""How many trainings of finalists a time budget allows."""

from __future__ import annotations

from collections.abc import Sequence

from automap.search.study import Study
from automap.store import runs
from automap.store.results import ResultRow

FINALISTS_SHARE = 0.25
"""Training the finalists takes at most this share of the time budget."""

OVERHEAD_SHARE, OVERHEAD_SECONDS = 0.15, 3.0
"""Building, compiling, testing and saving take so much longer than training alone."""


SLACK = 1.2
"""Time reserved for the finalists, relative to the estimate: the last trial ends late, and none would be affordable."""


def affordable(seconds: Sequence[float], seeds: int, left: float) -> tuple[int, int]:
    """Return how many candidates, and how many seeds of each, can be trained in the time that is left.

    There are fewer seeds before there are fewer candidates; the candidates that remain are the first ones.

    Args:
        seconds: duration of one training of each candidate, the best first.
        seeds: the most seeds of each.
        left: seconds for all trainings together.
    """
    for count in range(len(seconds), 0, -1):
        affordable_seeds = int(min(seeds, left / max(sum(seconds[:count]), 1e-9)))
        if affordable_seeds > 0:
            return count, affordable_seeds
    return 0, 0


def finalists_seconds(study: Study, best: Sequence[ResultRow], left: float) -> float:
    """Estimate how long the finalists train that can be trained in `left` seconds; 0 if that is none.

    Args:
        study: the study.
        best: the candidates, the best first.
        left: seconds for all finalists.
    """
    seconds = [training_seconds(study, result) for result in best[: study.spec.finalists.top]]
    workers = max(1, runs.count_running(study.store))
    count, seeds = affordable(seconds, study.spec.finalists.seeds, left * workers / SLACK)
    return SLACK * seeds * sum(seconds[:count]) / max(1, min(workers, count * seeds))


def training_seconds(study: Study, result: ResultRow) -> float:
    """Estimate how long training a candidate again takes: the trial itself may have finished early."""
    run = runs.find_run(study.store, result.trial)
    trained = result.cost.get("train_seconds", 0.0)
    full = trained if run is None else trained * run.epochs / min(max(run.epoch, 1), run.epochs)
    return full * (1 + OVERHEAD_SHARE) + OVERHEAD_SECONDS
