"""What the leaderboard of a study shows of a model, for its model card."""

from __future__ import annotations

from pathlib import Path

from automap.api.models import ENSEMBLE, is_place, study_and_trial
from automap.api.open import open_study
from automap.api.retraining import winning_trial
from automap.leaderboard.board import MeanStd
from automap.models.export.model_card import Scores
from automap.search.study import reopen


def study_scores(model: str | Path, storage: str | None = None) -> Scores | None:
    """Return the metrics of a model's candidate with their spread; None if the model is not named by its study.

    Args:
        model: as in `load_model`.
        storage: URL of the database that holds the study.
    """
    text = str(model)
    if is_place(text):
        return None
    ensemble = text.endswith(ENSEMBLE)
    name, trial = study_and_trial(text.removesuffix(ENSEMBLE))
    study = open_study(name, storage)
    if trial is None and not ensemble:
        trial = winning_trial(reopen(study.engine, study.row))
    states = ("ensemble",) if ensemble else ("finalist", "complete")
    for row in study.leaderboard(limit=None).rows:
        if row.state in states and (ensemble or row.trial == trial):
            test = {name: _text(value) for name, value in (row.test or {}).items()}
            return Scores(study.name, row.seeds, {name: _text(value) for name, value in row.validation.items()}, test)
    return None


def _text(value: MeanStd) -> str:
    return f"{value.mean:.5g}" if value.std is None else f"{value.mean:.5g} ± {value.std:.2g}"
