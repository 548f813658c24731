"""When no new trial may start, the best open trials are finished."""

from automap.interfaces.sampler import SearchSpace
from automap.interfaces.scheduler import Measurement, StudyHistory, TrialHistory
from automap.search.finishing import finishers, next_finisher
from automap.search.schedulers.promotion import Promotion

RUNGS = (1, 4, 16, 64)


def trial(number: int, state: str, *values: float) -> TrialHistory:
    found = tuple(Measurement(rung, (value,), 1.0) for rung, value in zip(RUNGS, values, strict=False))
    return TrialHistory(number, state, 64, found, {})


def study(*trials: TrialHistory) -> StudyHistory:
    return StudyHistory("study", ("minimize",), RUNGS, trials, SearchSpace(("minimize",), ()))


def test_the_longest_trained_come_first_and_then_the_best():
    history = study(trial(0, "paused", 0.1), trial(1, "paused", 0.9, 0.8), trial(2, "paused", 0.9, 0.7))
    assert finishers(history, 2) == [2, 1]
    assert finishers(history, 3) == [2, 1, 0]


def test_complete_trials_count_and_running_ones_are_not_resumed():
    history = study(trial(0, "complete", 0.1), trial(1, "running", 0.2, 0.2), trial(2, "paused", 0.3))
    assert finishers(history, 2) == [1]
    assert next_finisher(Promotion(), history, 2) is None
    assert next_finisher(Promotion(), history, 3) == 2
    assert next_finisher(Promotion(), history, 1) is None


def test_promoted_trials_come_before_the_longest_trained():
    history = study(*(trial(number, "paused", float(number)) for number in range(3)), trial(3, "paused", 9.0, 9.0))
    assert next_finisher(Promotion(), history, 1) == 0
