"""Samplers that learn from rungs: they see the intermediate values of paused trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from automap.interfaces.sampler import Hyperparameter, NumericHyperparameter, Sampler
from automap.interfaces.scheduler import StudyHistory, TrialHistory
from automap.search.evidence import Evidence, within
from automap.search.samplers.mixed_sampler import MixedSampler

COHORT = "automap:cohort"
"""User attribute of a trial: how its hyperparameters were chosen, if the sampler has several ways."""


def learn_from_rungs(
    inner: BaseSampler,
    sampler: Sampler,
    history: Callable[[], StudyHistory],
    evidence: Sequence[Evidence] = (),
) -> BaseSampler:
    """Return a sampler that shows the measurements of unfinished trials, and trials of earlier studies, to `inner`.

    Args:
        inner: the Optuna sampler that the component built.
        sampler: the component; if it does not learn from rungs, `inner` is returned.
        history: returns the current state of the study's trials.
        evidence: trials of earlier studies.
    """
    return RungSampler(inner, history, evidence) if sampler.learns_from_rungs else inner


class RungSampler(BaseSampler):
    """Runs a sampler on an in-memory copy of the study.

    In Optuna's storage a paused trial is running. TPE treats running trials as bad ones and does not count them as
    start-up trials. In the copy, an open trial that has reached a rung is pruned at that rung, and trials of earlier
    studies come first.
    """

    def __init__(
        self, inner: BaseSampler, history: Callable[[], StudyHistory], evidence: Sequence[Evidence] = ()
    ) -> None:
        self._inner, self._history, self._evidence = inner, history, evidence
        self._study: optuna.Study | None = None
        self._trial: FrozenTrial | None = None

    def reseed_rng(self) -> None:
        """Reseed the sampler."""
        self._inner.reseed_rng()

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Copy the study and infer the space that is sampled jointly."""
        self._study, self._trial = self._copy(study, trial)
        space = self._inner.infer_relative_search_space(self._study, self._trial)
        if isinstance(self._inner, MixedSampler):
            study._storage.set_trial_user_attr(trial._trial_id, COHORT, self._inner.cohort)
        return space

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample hyperparameters jointly."""
        copied, this = self._copies(study, trial)
        return self._inner.sample_relative(copied, this, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Sample a hyperparameter on its own."""
        copied, this = self._copies(study, trial)
        return self._inner.sample_independent(copied, this, param_name, param_distribution)

    def _copies(self, study: optuna.Study, trial: FrozenTrial) -> tuple[optuna.Study, FrozenTrial]:
        if self._study is None or self._trial is None:
            self._study, self._trial = self._copy(study, trial)
        return self._study, self._trial

    def _copy(self, study: optuna.Study, trial: FrozenTrial) -> tuple[optuna.Study, FrozenTrial]:
        history = self._history()
        known = {hyperparameter.name: distribution(hyperparameter) for hyperparameter in history.space.hyperparameters}
        ended = {each.number: each for each in study.get_trials(deepcopy=False) if each.state.is_finished()}
        copied = optuna.create_study(directions=study.directions)
        earlier = [found for each in self._evidence if (found := each.as_trial(known)) is not None]
        copied.add_trials(earlier)
        for each in history.trials:
            if each.number != trial.number:
                found = ended.get(each.number)
                complete = found is not None and (found.state != TrialState.PRUNED or found.constraints)
                copied.add_trial(found if found is not None and complete else _as_pruned(each, known))
        copied.add_trial(create_trial(state=TrialState.RUNNING))
        return copied, copied.get_trials(deepcopy=False)[-1]


def distribution(hyperparameter: Hyperparameter) -> BaseDistribution:
    """Return the Optuna distribution of a hyperparameter."""
    if not isinstance(hyperparameter, NumericHyperparameter):
        return CategoricalDistribution(hyperparameter.labels)
    low, high, log, step = hyperparameter.low, hyperparameter.high, hyperparameter.log, hyperparameter.step
    if hyperparameter.integer:
        return IntDistribution(int(low), int(high), log=log, step=int(step or 1))
    return FloatDistribution(low, high, log=log, step=step)


def _as_pruned(trial: TrialHistory, known: Mapping[str, BaseDistribution]) -> FrozenTrial:
    """Return a trial as pruned at its last rung, or as running if it has not reached one."""
    parameters = within(trial.parameters, known)
    about: dict[str, Any] = {"params": parameters, "distributions": {name: known[name] for name in parameters}}
    if not trial.measurements:
        return create_trial(state=TrialState.RUNNING, **about)
    last = trial.measurements[-1]
    if len(last.values) > 1:
        # Optuna does not support pruned trials with several objectives.
        return create_trial(state=TrialState.COMPLETE, values=list(last.values), **about)
    return create_trial(state=TrialState.PRUNED, intermediate_values={last.images: last.values[0]}, **about)
