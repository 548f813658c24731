"""How a trial goes and ends: stopped early, infeasible, failed or complete, and what Optuna is told of it."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from automap.search.pruners import is_rung, is_weak, rung_key
from automap.search.study import Study, live_trial
from automap.spec.objectives import objective_value
from automap.spec.spec import Spec
from automap.store.result import Result
from automap.training.trial import EpochReport, Verdict


def judge_epoch(study: Study, trial: optuna.Trial, epoch: EpochReport) -> Verdict:
    """Report an epoch to Optuna and say whether the trial should be stopped."""
    if epoch.epoch >= epoch.epochs:
        return Verdict.CONTINUE
    if len(study.spec.objectives) > 1:
        return _judge_by_rank(study, trial, epoch)
    value = objective_value(study.spec.objectives[0], epoch.metrics, epoch.cost)
    if value is None:
        return Verdict.CONTINUE
    trial.report(value, epoch.epoch)
    return Verdict.PRUNE if trial.should_prune() else Verdict.CONTINUE


def _judge_by_rank(study: Study, trial: optuna.Trial, epoch: EpochReport) -> Verdict:
    if study.spec.search.pruner == "none" or not is_rung(epoch.epoch):
        return Verdict.CONTINUE
    found = {
        objective: value
        for objective in study.spec.objectives
        # A cost that is known only at the end (training time, say) cannot speak at a rung.
        if (value := objective_value(objective, epoch.metrics, epoch.cost)) is not None
    }
    key, values = rung_key(epoch.epoch), list(found.values())
    trial.set_user_attr(key, values)
    others = [
        other.user_attrs[key]
        for other in study.optuna.get_trials(deepcopy=False)
        if other.number != trial.number and len(other.user_attrs.get(key, ())) == len(values)
    ]
    directions = [objective.direction for objective in found]
    return Verdict.PRUNE if values and is_weak(values, others, directions) else Verdict.CONTINUE


def settle(spec: Spec, result: Result) -> Result:
    """Return the final form of what training gave.

    A trial that violates a constraint is infeasible, and one without a finite value for every objective has
    failed, however well its training went.
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
    """Tell Optuna the end of a trial whose result is stored; a trial told already is left as it is."""
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
        state = TrialState.FAIL if result.state == "failed" else TrialState.PRUNED
        study.optuna.tell(number, state=state, skip_if_finished=True)
