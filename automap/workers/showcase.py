"""Publishing the best model so far while a search runs."""

from __future__ import annotations

import time

from automap.interfaces.metric import sign_of
from automap.interfaces.scheduler import Evaluation
from automap.search.finalists import best_results
from automap.search.study import Study
from automap.search.winner import is_best_so_far, publish_model, publish_winner
from automap.spec.objectives import objective_value
from automap.training.request import SaveModel

MOST_SHARE = 0.05
"""Publishing models of trials in training takes at most this share of a worker's time."""


class Showcase:
    """Replaces the published model whenever a trial of this worker is the study's best so far.

    Args:
        study: the study.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._best: float | None = None
        self._due = 0.0

    def show(self, evaluation: Evaluation, save: SaveModel) -> None:
        """Publish the model of a trial in training if no other trial is better.

        Args:
            evaluation: the trial's best one so far.
            save: writes its model into a folder.
        """
        objective = self._study.spec.objectives[0]
        value = objective_value(objective, evaluation.metrics, evaluation.cost)
        if value is None or time.monotonic() < self._due or not self._is_best(value):
            return
        started = time.monotonic()
        publish_model(self._study, save)
        self._best = value
        self._due = time.monotonic() + (time.monotonic() - started) / MOST_SHARE

    def show_complete(self, trial: int) -> None:
        """Publish the model of a trial that has completed if no other trial is better."""
        best = next(iter(best_results(self._study, 1)), None)
        if best is not None and best.trial == trial and best.value is not None and self._is_best(best.value):
            publish_winner(self._study)
            self._best = best.value

    def _is_best(self, value: float) -> bool:
        sign = sign_of(self._study.spec.objectives[0].direction)
        if self._best is not None and sign * value > sign * self._best:
            return False
        return is_best_so_far(self._study, value)
