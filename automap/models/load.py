"""Loading a finished model."""

from __future__ import annotations

import importlib
import json
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from pydantic import TypeAdapter

from automap.exceptions import PluginError, UserError
from automap.spec.candidate import load_component
from automap.spec.kinds import DataInfo, Task
from automap.spec.plugins import find_plugins

ABOUT_FILE, MODEL_FILE = "model.json", "model.keras"


@dataclass(frozen=True)
class FinishedModel:
    """A network with what is needed to use it."""

    network: keras.Model
    """From raw images, 0 to 255, to raw outputs."""
    task: Task
    info: DataInfo


def load_model(path: Path) -> FinishedModel:
    """Load a model that a search or an export has written.

    Args:
        path: its folder, such as ``automap.runs/digits/winner``, or the ``model.keras`` in it.

    Raises:
        UserError: if there is no model, or it was not written by automap.
        PluginError: if a plugin that it needs is missing.
    """
    folder = path.parent if path.name == MODEL_FILE else path
    about = _about(folder)
    candidate = about["candidate"]
    task: Task = load_component(Task, candidate["task"])  # type: ignore[type-abstract]
    _import_layers(candidate["architecture"]["type"])
    try:
        network = keras.models.load_model(folder / MODEL_FILE, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{folder / MODEL_FILE} cannot be loaded: {str(error).splitlines()[0]}") from error
    return FinishedModel(network, task, TypeAdapter(DataInfo).validate_python(about["info"]))


def _about(folder: Path) -> dict[str, Any]:
    if not (folder / ABOUT_FILE).is_file():
        raise UserError(
            f"{folder} holds no model; expected a folder with {MODEL_FILE} and {ABOUT_FILE}, such as the folder "
            "'winner' that automap search names at its end"
        )
    try:
        found: dict[str, Any] = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{folder / ABOUT_FILE} is damaged: {error}") from None
    return found


def _import_layers(architecture: str) -> None:
    """Import the package of an architecture: layers of its own must be known to Keras before it reads them."""
    found = find_plugins("automap.architectures").get(architecture)
    if not found:
        raise PluginError(f"the model is a '{architecture}', whose plugin is not installed here")
    package = importlib.import_module(found[0].value.partition(":")[0].partition(".")[0])
    for module in pkgutil.iter_modules(getattr(package, "__path__", []), f"{package.__name__}."):
        importlib.import_module(module.name)
