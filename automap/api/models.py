"""Loading finished models, for commands and scripts that take a MODEL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from automap.api.open import open_study
from automap.exceptions import StorageError, UserError
from automap.models.export.artifact import find_artifact
from automap.store.files import CARD_FILE, NETWORK_FILE
from automap.store.remote import is_remote

if TYPE_CHECKING:
    from automap.models.model import LoadedModel


ENSEMBLE = ":ensemble"
"""What follows a study's name to name its ensemble."""


def load_model(model: str | Path, storage: str | None = None) -> LoadedModel:
    """Load a finished model; imports Keras, except for exported files of other formats.

    Args:
        model: folder or URL of a model, a study's name or spec file (its winner), ``STUDY:TRIAL``, or
            ``STUDY:ensemble``.
        storage: URL of the database that holds the study; None as in `automap.open_study`.

    Raises:
        UserError: if there is no such model.
        StorageError: if the database or the URL cannot be read.
    """
    location = model_location(model, storage)
    from automap.models import load

    return load.load_model(location)


def model_location(model: str | Path, storage: str | None = None) -> str:
    """Return the folder or URL of a model; see `load_model`.

    Raises:
        UserError: if `model` is neither a model folder nor a study.
        RunError: if no trial of the study has completed.
    """
    text = str(model)
    if is_place(text):
        return text
    name, trial = study_and_trial(text)
    if text.endswith(ENSEMBLE):
        return open_study(text.removesuffix(ENSEMBLE), storage).ensemble_location()
    if Path(text).exists() and Path(name).suffix not in (".yaml", ".yml"):
        raise UserError(
            f"{text} contains no model; expected a folder with {NETWORK_FILE} and {CARD_FILE}, such as the folder "
            "'winner' that automap search names at its end, or a study: STUDY or STUDY:TRIAL"
        )
    if ("/" in name or "\\" in name) and Path(name).suffix not in (".yaml", ".yml"):
        raise UserError(f"no such folder: {text}; expected a folder or URL of a model, STUDY or STUDY:TRIAL")
    try:
        study = open_study(name, storage)
    except StorageError as error:
        raise StorageError(f"'{text}' is no folder of a model, and no study was found: {error}") from error
    return study.require_winner() if trial is None else study.model_location(trial)


def is_place(text: str) -> bool:
    """Return whether a model is named by its folder, file or URL, not by its study."""
    return is_remote(text) or _is_folder_of_model(Path(text)) or find_artifact(Path(text)) is not None


def _is_folder_of_model(path: Path) -> bool:
    folder = path.parent if path.name == NETWORK_FILE else path
    return (folder / CARD_FILE).exists() or (folder / NETWORK_FILE).exists()


def study_and_trial(text: str) -> tuple[str, int | None]:
    """Split ``STUDY:TRIAL``; the trial is None if the text names only a study."""
    if found := re.fullmatch(r"(.+):([0-9]{1,9})", text):
        return found[1], int(found[2])
    return text, None
