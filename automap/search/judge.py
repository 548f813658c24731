"""After each epoch: does a trial go on?"""

from __future__ import annotations

import optuna

from automap.interfaces.scheduler import Decision, Evaluation
from automap.search.pruners import is_rung, is_weak, rung_key
from automap.search.study import Study, optuna_errors
from automap.spec.objectives import objective_value


def judge_epoch(study: Study, trial: optuna.Trial, epoch: Evaluation) -> Decision:
    """Report an epoch to Optuna and say whether the trial should be stopped."""
    if epoch.images >= epoch.total_images or epoch.epoch != round(epoch.epoch):
        return Decision.CONTINUE
    with optuna_errors(study.engine):
        if len(study.spec.objectives) > 1:
            return _judge_by_rank(study, trial, epoch)
        return _judge_by_value(study, trial, epoch)


def _judge_by_value(study: Study, trial: optuna.Trial, epoch: Evaluation) -> Decision:
    value = objective_value(study.spec.objectives[0], epoch.metrics, epoch.cost)
    if value is None:
        return Decision.CONTINUE
    trial.report(value, round(epoch.epoch))
    return Decision.STOP if trial.should_prune() else Decision.CONTINUE


def _judge_by_rank(study: Study, trial: optuna.Trial, epoch: Evaluation) -> Decision:
    if study.spec.search.pruner == "none" or not is_rung(round(epoch.epoch)):
        return Decision.CONTINUE
    found = {
        objective: value
        for objective in study.spec.objectives
        # A cost that is known only at the end (training time, say) cannot speak at a rung.
        if (value := objective_value(objective, epoch.metrics, epoch.cost)) is not None
    }
    key, values = rung_key(round(epoch.epoch)), list(found.values())
    trial.set_user_attr(key, values)
    others = [
        other.user_attrs[key]
        for other in study.optuna.get_trials(deepcopy=False)
        if other.number != trial.number and len(other.user_attrs.get(key, ())) == len(values)
    ]
    directions = [objective.direction for objective in found]
    return Decision.STOP if values and is_weak(values, others, directions) else Decision.CONTINUE
