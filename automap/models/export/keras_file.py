"""Keras: one ``.keras`` file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from automap.interfaces.array import Array
from automap.interfaces.exporter import Exporter
from automap.models.runtime import Runtime

if TYPE_CHECKING:
    import keras

METADATA_MEMBER = "automap.json"


class KerasExporter(Exporter):
    """Writes ``model.keras``, with the metadata as a further member of the archive."""

    packages: ClassVar[Sequence[str]] = ("keras",)

    def export(
        self,
        network: keras.Model,
        metadata: str,
        directory: Path,
        calibration: Sequence[Mapping[str, Array]] | None = None,
    ) -> Path:
        """Write the file; see `Exporter.export`."""
        path = directory / "model.keras"
        network.save(path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(METADATA_MEMBER, metadata)
        return path


def open_keras(path: Path) -> tuple[Runtime, str]:
    """Return the runtime and the metadata of an exported file."""
    import keras

    from automap.models.keras_runtime import KerasRuntime

    return KerasRuntime(keras.models.load_model(path, compile=False)), read_member(path)


def read_member(path: Path) -> str:
    """Return the metadata in an archive, or in one that follows a file's own content.

    Raises:
        KeyError: if the archive has none.
        BadZipFile: if there is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        return archive.read(METADATA_MEMBER).decode("utf-8")
