"""What a report says first and last: the result in a few facts, and the environment with the spec."""

from __future__ import annotations

from collections import Counter
from typing import Any

from automap.leaderboard.board import objective_measure
from automap.leaderboard.formatting import format_measured, short_candidate
from automap.report.section import Section
from automap.report.study_data import StudyData
from automap.spec.quantities import format_duration
from automap.store.rankings import Measure


def headline(data: StudyData) -> dict[str, str]:
    """Return the facts at the top of the page."""
    counts = Counter(trial.state for trial in data.trials)
    facts = {"Trials": ", ".join(f"{number:,} {state}" for state, number in counts.most_common()) or "none yet"}
    best = next((row for row in data.board.rows if row.rank is not None), None)
    if best is not None:
        facts["Best trial"] = f"{best.trial}: {short_candidate(best.candidate)}"
        for measure in (objective_measure(objective) for objective in data.study.objectives):
            split = "" if measure.group == "cost" else " on validation"
            facts[f"{measure.name.replace('_', ' ')}{split}"] = format_measured(measure, best.measured(measure))
            test = Measure("test", measure.name, measure.direction)
            if measure.group != "cost" and best.measured(test) is not None:
                facts[f"{measure.name.replace('_', ' ')} on test"] = format_measured(test, best.measured(test))
    facts["Time used"] = format_duration(data.study.seconds_used)
    facts["Started"] = f"{data.study.created_at:%Y-%m-%d %H:%M} UTC"
    return facts


def environment(data: StudyData) -> Section:
    """Return what the results depend on: versions, machine, data."""
    facts: dict[str, Any] = {}
    for name, value in data.study.environment.items():
        if isinstance(value, dict):
            facts[name] = ", ".join(f"{key} {item}" for key, item in value.items())
        else:
            facts[name] = value
    facts["data fingerprint"] = data.study.data_fingerprint
    return Section("environment", "Environment and spec", facts=facts)
