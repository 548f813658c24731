"""Exported artifacts: their metadata, and opening one without TensorFlow."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from automap.exceptions import AutomapError, UserError
from automap.interfaces.task import Task
from automap.models.export.keras_file import METADATA_MEMBER, open_keras
from automap.models.export.litert import open_litert
from automap.models.export.onnx_file import open_onnx
from automap.models.export.openvino import open_openvino
from automap.models.export.saved_model import METADATA_FILE, open_saved_model
from automap.models.runtime import Runtime
from automap.spec.candidate import load_component
from automap.training.model_card import ModelCard, read_card

if TYPE_CHECKING:
    from automap.models.model import LoadedModel

Opener = Callable[[Path], tuple[Runtime, str]]

OPENERS: dict[str, tuple[Opener, Sequence[str]]] = {
    ".onnx": (open_onnx, ("onnxruntime",)),
    ".tflite": (open_litert, ("ai_edge_litert",)),
    ".xml": (open_openvino, ("openvino",)),
    ".keras": (open_keras, ("keras",)),
    "": (open_saved_model, ("tensorflow",)),
}
"""What opens an artifact, by the ending of its name, with the packages that it needs."""


class ArtifactMetadata(BaseModel):
    """What an artifact says about itself; ``card`` alone suffices for automap."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task: str
    classes: tuple[str, ...]
    input: str
    """Type and shape of the images, and how they are resized before."""
    decoding: str
    """What the raw outputs mean."""
    precision: str
    card: dict[str, Any]


def metadata_of(model: LoadedModel, precision: str) -> str:
    """Return the metadata of a model as JSON."""
    image = model.info.image
    shape = "×".join(map(str, image.shape))
    resize = {"pad": "fitted with black padding", "crop": "cropped at the centre", "stretch": "stretched"}[image.resize]
    return ArtifactMetadata(
        task=str(model.card.candidate["task"]["type"]),
        classes=getattr(model.info.target, "classes", ()),
        input=f"{image.dtype}, (batch, {shape.replace('×', ', ')}); images of another size are {resize}",
        decoding=model.task.decoding,
        precision=precision,
        card=model.card.model_dump(mode="json"),
    ).model_dump_json()


def find_artifact(place: Path) -> Path | None:
    """Return the exported artifact that a path stands for: itself, or the only one in a folder; None if none."""
    if place.is_file():
        return place if place.suffix in OPENERS and (place.suffix != ".keras" or _has_metadata(place)) else None
    if (place / METADATA_FILE).is_file():
        return place
    if not place.is_dir():
        return None
    found = [path for path in sorted(place.iterdir()) if path.is_dir() and (path / METADATA_FILE).is_file()]
    found += [path for path in sorted(place.glob("model.*")) if find_artifact(path) is not None]
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UserError(f"{place} holds several exported models ({names}); name one of them")
    return found[0] if found else None


def _has_metadata(path: Path) -> bool:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return METADATA_MEMBER in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


class OpenedArtifact(NamedTuple):
    """The parts of a `LoadedModel`."""

    runtime: Runtime
    task: Task
    card: ModelCard


def open_artifact(path: Path) -> OpenedArtifact:
    """Load an exported artifact; of formats other than Keras's and TensorFlow's, neither is imported.

    Raises:
        UserError: if a package is missing, or the artifact is damaged or not automap's.
    """
    opener, packages = OPENERS[path.suffix if path.is_file() else ""]
    require_packages(packages, f"to run {path.name}")
    try:
        runtime, text = opener(path)
        card = read_card(_card_text(text))
        task: Task = load_component(Task, card.candidate["task"])  # type: ignore[type-abstract]
    except AutomapError:
        raise
    except Exception as error:
        # Runtimes raise whatever they like on damaged files.
        detail = (str(error).splitlines() or [""])[0]
        raise UserError(
            f"{path} is damaged, or was not exported by automap: {type(error).__name__}: {detail}"
        ) from error
    return OpenedArtifact(runtime, task, card)


def _card_text(text: str) -> str:
    import json

    return json.dumps(ArtifactMetadata.model_validate_json(text).card)


def require_packages(packages: Sequence[str], purpose: str, extra: str = "export") -> None:
    """Raise an error that names the first package that is not installed.

    Args:
        packages: names of modules.
        purpose: why they are needed: "to run model.onnx".
        extra: the extra of automap that installs them.

    Raises:
        UserError: if one is missing.
    """
    if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
        raise UserError(
            f"the package {missing[0].replace('_', '-')} is needed {purpose}; install it with: "
            f"pip install 'automap[{extra}]'"
        )
