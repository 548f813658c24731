"""Loading a finished model."""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import keras

from automap.exceptions import PluginError, UserError
from automap.interfaces.data_info import DataInfo
from automap.interfaces.task import Task
from automap.spec.candidate import load_component
from automap.spec.plugins import find_plugins
from automap.store.files import CARD_FILE, NETWORK_FILE
from automap.store.remote import is_remote, pull
from automap.training.model_io import ModelCard, read_card


@dataclass(frozen=True)
class FinishedModel:
    """A network with what is needed to use it."""

    network: keras.Model
    """From raw images, 0 to 255, to raw outputs."""
    task: Task
    info: DataInfo
    metrics: dict[str, float] = field(default_factory=dict)
    """On the validation split."""


def load_model(place: str | Path) -> FinishedModel:
    """Load a model that a search or an export has written.

    Args:
        place: its folder, such as ``automap.runs/digits/winner``, or the ``model.keras`` in it; or the folder's URL.

    Raises:
        UserError: if there is no model, or it was not written by automap.
        StorageError: if the URL cannot be read.
        PluginError: if a plugin that it needs is missing.
    """
    if not is_remote(place):
        return _load(Path(place))
    with tempfile.TemporaryDirectory() as folder:
        pull(str(place), Path(folder))
        if not any(Path(folder).iterdir()):
            raise UserError(f"{place} holds no model")
        return _load(Path(folder))


def _load(path: Path) -> FinishedModel:
    folder = path.parent if path.name == NETWORK_FILE else path
    card = _card(folder)
    task: Task = load_component(Task, card.candidate["task"])  # type: ignore[type-abstract]
    _import_layers(card.candidate["architecture"]["type"])
    try:
        network = keras.models.load_model(folder / NETWORK_FILE, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{folder / NETWORK_FILE} cannot be loaded: {str(error).splitlines()[0]}") from error
    return FinishedModel(network, task, card.info, card.metrics)


def _card(folder: Path) -> ModelCard:
    if not (folder / CARD_FILE).is_file():
        raise UserError(
            f"{folder} holds no model; expected a folder with {NETWORK_FILE} and {CARD_FILE}, such as the folder "
            "'winner' that automap search names at its end"
        )
    try:
        return read_card((folder / CARD_FILE).read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder / CARD_FILE} is damaged: {str(error).splitlines()[0]}") from None


def _import_layers(architecture: str) -> None:
    """Import the package of an architecture: layers of its own must be known to Keras before it reads them."""
    found = find_plugins("automap.architectures").get(architecture)
    if not found:
        raise PluginError(f"the model is a '{architecture}', whose plugin is not installed here")
    package = importlib.import_module(found[0].value.partition(":")[0].partition(".")[0])
    for module in pkgutil.iter_modules(getattr(package, "__path__", []), f"{package.__name__}."):
        importlib.import_module(module.name)
