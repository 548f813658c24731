"""Exporters: formats that a model can be written in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from automap.interfaces.component import Component

if TYPE_CHECKING:
    import keras

    from automap.interfaces.array import Array


class Exporter(Component, ABC):
    """Writes a network in a format that runs without automap.

    Class attributes:
        packages: modules that must be installed to export and run the format.
        quantizers: further modules that must be installed to quantize.
        quantizes: whether `export` accepts calibration batches.
    """

    group: ClassVar[str] = "automap.exporters"
    packages: ClassVar[Sequence[str]] = ()
    quantizes: ClassVar[bool] = False
    quantizers: ClassVar[Sequence[str]] = ()

    @abstractmethod
    def export(
        self,
        network: keras.Model,
        metadata: str,
        directory: Path,
        calibration: Sequence[Mapping[str, Array]] | None = None,
    ) -> Path:
        """Write the network and return the file, or the folder, that is the artifact.

        Args:
            network: from inputs by name, ``image`` being uint8 or uint16 pixels, to raw outputs, float32.
            metadata: JSON text to store in the artifact, so that it suffices for prediction.
            directory: an empty folder.
            calibration: batches of training images to quantize to int8 with; None to keep float32.
        """
