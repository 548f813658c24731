"""Which trials a chart shows when there are more than a reader, or a browser, can take in."""

from __future__ import annotations

import random
from collections.abc import Sequence

from automap.report.study_data import StudyData, TrialData


def shown_trials(data: StudyData, trials: Sequence[TrialData], most: int) -> tuple[list[TrialData], str]:
    """Return all trials, or the best half of `most` and a random half, by number.

    Args:
        data: the study.
        trials: candidates for the chart.
        most: largest number of trials.

    Returns:
        The trials, and a sentence that says what is shown; empty if all are.
    """
    if len(trials) <= most:
        return list(trials), ""
    sign = -1.0 if data.maximized else 1.0
    known = [trial for trial in trials if trial.value is not None]
    best = sorted(known, key=lambda trial: sign * (trial.value or 0.0))[: most // 2]
    chosen = {trial.run.trial for trial in best}
    others = [trial for trial in trials if trial.run.trial not in chosen]
    drawn = random.Random(0).sample(others, most - len(best))
    shown = sorted([*best, *drawn], key=lambda trial: trial.run.trial)
    return shown, f"Shown: the best {len(best)} of {len(trials):,} trials and {len(drawn)} others drawn at random."
