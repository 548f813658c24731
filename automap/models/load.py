"""Loading a finished model."""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
from dataclasses import replace
from pathlib import Path

from automap.exceptions import AutomapError, PluginError, UserError
from automap.interfaces.architecture import Architecture
from automap.interfaces.encoder import Encoder
from automap.interfaces.fusion import Fusion
from automap.interfaces.task import Task
from automap.models.export.artifact import find_artifact, open_artifact
from automap.models.model import LoadedModel
from automap.models.runtime import Runtime
from automap.spec.candidate import load_component
from automap.spec.plugins import find_plugins, kind_name
from automap.store.files import CARD_FILE, NETWORK_FILE, SAMPLES_FILE
from automap.store.remote import is_remote, pull
from automap.training.model_card import ModelCard, read_card


def load_model(place: str | Path) -> LoadedModel:
    """Load a model that a search or an export has written.

    Args:
        place: a folder such as ``automap.runs/digits/winner``, the ``model.keras`` in it, the folder's URL, or what
            `automap export` has written, which is run without TensorFlow where its format allows.

    Raises:
        UserError: if there is no model, or it is damaged.
        StorageError: if the URL cannot be read.
        PluginError: if a plugin that it needs is missing.
    """
    if not is_remote(place):
        artifact = find_artifact(Path(place))
        return _load(Path(place)) if artifact is None else LoadedModel(*open_artifact(artifact))
    with tempfile.TemporaryDirectory() as folder:
        pull(str(place), Path(folder))
        if not any(Path(folder).iterdir()):
            raise UserError(f"{place} contains no model")
        loaded = _load(Path(folder))
        samples = loaded.samples_file
        # The folder is gone when they are needed.
        return replace(loaded, samples_file=samples.read_bytes() if isinstance(samples, Path) else samples)


def _load(path: Path) -> LoadedModel:
    folder = path.parent if path.name == NETWORK_FILE else path
    if not (folder / CARD_FILE).is_file():
        raise UserError(
            f"{folder} contains no model; expected a folder with {NETWORK_FILE} and {CARD_FILE}, such as the folder "
            "'winner' that automap search names at its end"
        )
    card, task = _read(folder / CARD_FILE)
    samples = folder / SAMPLES_FILE
    runtime = _keras_runtime(folder / NETWORK_FILE, card)
    return LoadedModel(runtime, task, card, samples if samples.is_file() else None)


def _read(path: Path) -> tuple[ModelCard, Task]:
    try:
        card = read_card(path.read_text(encoding="utf-8"))
        task: Task = load_component(Task, card.candidate["task"])  # type: ignore[type-abstract]
    except AutomapError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise UserError(f"{path} is damaged: {_first_line(error)}") from None
    return card, task


def _keras_runtime(path: Path, card: ModelCard) -> Runtime:
    _import_layers(card, path)
    if not path.is_file():
        raise UserError(f"{path} is missing; the model cannot be loaded")
    import keras

    from automap.models.keras_runtime import KerasRuntime

    try:
        return KerasRuntime(keras.models.load_model(path, compile=False))
    except Exception as error:
        # Keras raises whatever zipfile, json and h5py do on a damaged file.
        raise UserError(f"{path} is damaged: {_first_line(error)}") from error


def _import_layers(card: ModelCard, path: Path) -> None:
    """Import the packages of the components with layers: Keras must know those before it reads them."""
    try:
        components = [(Architecture.group, card.candidate["architecture"]["type"])]
        components += [(Encoder.group, each["type"]) for each in card.candidate.get("encoders", {}).values()]
        if fusion := card.candidate.get("fusion"):
            components.append((Fusion.group, fusion["type"]))
    except (KeyError, TypeError, AttributeError):
        raise UserError(f"{path.with_name(CARD_FILE)} is damaged: it names no architecture") from None
    for group, name in components:
        found = find_plugins(group).get(str(name))
        if not found:
            raise PluginError(f"the model needs the {kind_name(group)} '{name}', whose plugin is not installed")
        package = importlib.import_module(found[0].value.partition(":")[0].partition(".")[0])
        for module in pkgutil.iter_modules(getattr(package, "__path__", []), f"{package.__name__}."):
            importlib.import_module(module.name)


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
