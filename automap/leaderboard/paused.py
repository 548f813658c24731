"""The rows of paused trials: what they have trained and shown so far."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from automap.interfaces.metric import sign_of
from automap.leaderboard.board import MeanStd, Row
from automap.spec.objectives import COSTS
from automap.spec.space import largest_number
from automap.store.rankings import PausedTrial, paused_trials
from automap.store.studies import StudyRow


def paused_rows(engine: Engine, studies: Sequence[StudyRow]) -> list[Row]:
    """Return a row for each paused trial, the longest trained first, then by the first objective.

    Args:
        engine: the database.
        studies: with the same objectives.
    """
    by_id = {study.id: study for study in studies}
    first = studies[0].objectives[0]
    sign = sign_of(first.direction)

    def order(trial: PausedTrial) -> tuple[float, bool, float]:
        value = trial.objectives.get(first.metric)
        return -trial.images, value is None, sign * (value or 0.0)

    return [_row(trial, by_id[trial.study_id]) for trial in sorted(paused_trials(engine, list(by_id)), key=order)]


def _row(trial: PausedTrial, study: StudyRow) -> Row:
    epochs = _epochs(trial, study)
    known = {name: value for name, value in trial.objectives.items() if value is not None}
    return Row(
        rank=None,
        study=study.name,
        trial=trial.trial,
        state="paused",
        seeds=1,
        candidate=trial.candidate,
        validation={name: MeanStd(value, None) for name, value in known.items() if name not in COSTS},
        test=None,
        cost={
            "train_seconds": trial.seconds,
            **{COSTS[name].key: value for name, value in known.items() if name in COSTS},
        },
        artifacts=None,
        epochs=epochs,
        reason=f"paused after {epochs:.3g} of at most {trial.epochs} epochs",
    )


def _epochs(trial: PausedTrial, study: StudyRow) -> float:
    longest = largest_number(study.spec["training"]["epochs"])
    return trial.images * longest / study.rungs[-1] if study.rungs else 0.0
