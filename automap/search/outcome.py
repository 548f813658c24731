"""Final states of trials, and reporting them to Optuna."""

from __future__ import annotations

from optuna.trial import TrialState

from automap.search.study import Study, live_trial, optuna_errors
from automap.spec.objectives import objective_value
from automap.spec.spec import Spec
from automap.store.result import Result

MEMORY = "memory"
"""Name of the constraint that a trial violates if it runs out of memory."""


def finalize(spec: Spec, result: Result) -> Result:
    """Return a training result with its final state.

    A trial that violates a constraint is infeasible, and one without a finite value for every objective has failed.
    """
    if result.state != "complete":
        return result
    known = {**result.validation, **result.cost}
    for constraint in spec.constraints:
        violation = constraint.violation(known)
        if violation is not None and violation > 0:
            return result.model_copy(update={"state": "infeasible", "reason": constraint.describe(known)})
    for objective in spec.objectives:
        if objective_value(objective, result.validation, result.cost) is None:
            reason = f"objective '{objective.metric}' has no finite value"
            return result.model_copy(update={"state": "failed", "reason": reason})
    return result


def tell_result(study: Study, number: int, result: Result) -> None:
    """Report the stored result of a trial to Optuna, unless it has been reported already."""
    with optuna_errors(study.engine):
        _tell(study, number, result)


def _tell(study: Study, number: int, result: Result) -> None:
    trial = live_trial(study, number)
    if trial.storage.get_trial(trial._trial_id).state.is_finished():
        return
    if result.reason:
        trial.set_user_attr("reason", result.reason)
    known = {**result.validation, **result.cost}
    for constraint in study.spec.constraints:
        if (violation := constraint.violation(known)) is not None:
            trial.set_constraint(constraint.metric, violation)
    values = [objective_value(objective, result.validation, result.cost) for objective in study.spec.objectives]
    finite = [value for value in values if value is not None]
    if result.state in ("complete", "infeasible") and len(finite) == len(values):
        study.optuna.tell(number, finite, skip_if_finished=True)
    else:
        if result.out_of_memory:
            trial.set_constraint(MEMORY, 1.0)
        study.optuna.tell(number, state=unfinished_state(result), skip_if_finished=True)


def unfinished_state(result: Result) -> TrialState:
    """Return the Optuna state of a result that lacks the value of an objective.

    Samplers ignore failed trials. A trial that ran out of memory is therefore reported as pruned, with a violated
    constraint, so that samplers avoid similar candidates.
    """
    failed = result.state == "failed" and not result.out_of_memory
    return TrialState.FAIL if failed else TrialState.PRUNED
