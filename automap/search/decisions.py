"""What happens to a trial after an evaluation."""

from __future__ import annotations

from automap.interfaces.scheduler import Decision, Evaluation
from automap.search.history import compared_objectives, longest_epochs, study_history
from automap.search.study import Study
from automap.spec.objectives import objective_value
from automap.store import measurements, studies


def decide(study: Study, trial: int, evaluation: Evaluation) -> Decision:
    """Record an evaluation that reaches a rung and ask the scheduler what happens next.

    Args:
        study: the study.
        trial: the trial's number.
        evaluation: the evaluation.
    """
    objectives = compared_objectives(study.spec)
    rung = _reached(study_rungs(study, evaluation), evaluation)
    if rung is None or not objectives:
        return Decision.CONTINUE
    found = {each.metric: objective_value(each, evaluation.metrics, evaluation.cost) for each in objectives}
    measurements.add_measurement(study.store, trial, rung, found, evaluation.total_seconds)
    history = study_history(study, study_rungs(study, evaluation))
    this = next(each for each in history.trials if each.number == trial)
    if this.seen != rung:
        return Decision.CONTINUE
    decision = study.spec.search.scheduler.decide(this, history)
    measurements.record_decision(study.store, trial, rung, decision.value)
    return decision


def study_rungs(study: Study, evaluation: Evaluation) -> tuple[int, ...]:
    """Return the rungs of a study; the first evaluation fixes them, with an epoch as the shortest."""
    rungs = studies.get_study(study.store).rungs
    if rungs is not None:
        return rungs
    epoch_images = evaluation.total_images // evaluation.epochs
    longest = longest_epochs(study.spec) * epoch_images
    return studies.fix_rungs(study.store, study.spec.search.scheduler.rungs(epoch_images, longest))


def _reached(rungs: tuple[int, ...], evaluation: Evaluation) -> int | None:
    """Return the rung that an evaluation stands on; None at the end of training and between rungs."""
    if evaluation.images >= evaluation.total_images:
        return None
    return evaluation.images if evaluation.images in rungs else None
