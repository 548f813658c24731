"""Deciding what happens to a trial after an evaluation."""

from __future__ import annotations

from automap.interfaces.scheduler import Decision, Evaluation
from automap.search.budget import completions_wanted, is_closing
from automap.search.finishing import finishers
from automap.search.history import compared_objectives, study_history
from automap.search.study import Study
from automap.spec.objectives import objective_value
from automap.store import measurements, studies


def decide(study: Study, trial: int, evaluation: Evaluation) -> Decision:
    """Record an evaluation at a rung and decide what happens to the trial.

    Args:
        study: the study.
        trial: the trial's number.
        evaluation: the evaluation.
    """
    objectives = compared_objectives(study.spec)
    rungs = studies.get_study(study.store).rungs or ()
    if evaluation.images >= evaluation.total_images or evaluation.images not in rungs or not objectives:
        return Decision.CONTINUE
    found = {each.metric: objective_value(each, evaluation.metrics, evaluation.cost) for each in objectives}
    measurements.add_measurement(study.store, trial, evaluation.images, found, evaluation.total_seconds)
    history = study_history(study)
    this = next(each for each in history.trials if each.number == trial)
    if this.seen != evaluation.images:
        # The trial has lost its checkpoint and repeats rungs that it had passed before.
        return Decision.CONTINUE
    decision = study.spec.search.scheduler.decide(this, history)
    if decision is Decision.PAUSE and is_closing(study):
        finishing = finishers(history, completions_wanted(study, history))
        decision = Decision.CONTINUE if trial in finishing else Decision.PAUSE
    measurements.record_decision(study.store, trial, evaluation.images, decision.value)
    return decision
