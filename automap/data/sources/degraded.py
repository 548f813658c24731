"""Clean images with declared degradations, which enhancement learns to undo."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from automap.data.decode.header import Header, read_header
from automap.data.decode.image import decode, decode_record
from automap.data.sources.degradation import Degradation, degrade
from automap.data.sources.files import file_version, scan
from automap.data.sources.layout import split_of_path
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Sample

Resize = Literal["pad", "crop", "stretch"]


class CleanImage(NamedTuple):
    """An image or a patch of one."""

    path: Path
    version: str
    size: tuple[int, int, int]
    """Height, width and channels of the image or patch."""
    whole: tuple[int, int]
    """Height and width of the image in the file."""
    corner: tuple[int, int] | None
    """Top and left of the patch; None for the whole image."""
    source_range: tuple[float, float] | None = None
    """The values of the file that become 0 and 255; None for those of its type."""

    @property
    def file(self) -> Path:
        """The file."""
        return self.path

    def with_range(self, source_range: tuple[float, float]) -> CleanImage:
        """Return the same image in another value range."""
        return self._replace(source_range=source_range)

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels."""
        return self.size

    def decode(self, shape: tuple[int, int, int] | None, resize: Resize) -> Array:
        """Return the pixels, fitted into a shape."""
        shape = shape or self.size
        if self.corner is None:
            return _decoded(self.path, shape, resize, self.source_range)
        top, left = self.corner
        whole = _whole(self.path, self.version, (*self.whole, shape[2]), self.source_range)
        return decode(np.ascontiguousarray(whole[top : top + self.size[0], left : left + self.size[1]]), shape, resize)


@lru_cache(maxsize=2)
def _whole(
    path: Path,
    version: str,  # noqa: ARG001
    shape: tuple[int, int, int],
    source_range: tuple[float, float] | None,
) -> Array:
    """Return a whole image; it is kept while its patches are decoded one after the other."""
    return _decoded(path, shape, "stretch", source_range)


def _decoded(
    path: Path, shape: tuple[int, int, int], resize: Resize, source_range: tuple[float, float] | None
) -> Array:
    return decode_record(path, ImageInfo(shape=shape, resize=resize, source_range=source_range)).pixels


class DegradedImage(NamedTuple):
    """A clean image that is degraded when it is decoded."""

    clean: CleanImage
    version: str
    degradation: Degradation
    seed: int

    @property
    def file(self) -> Path:
        """The clean image's file."""
        return self.clean.path

    def with_range(self, source_range: tuple[float, float]) -> DegradedImage:
        """Return the same image in another value range."""
        return self._replace(clean=self.clean.with_range(source_range))

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels."""
        height, width, channels = self.clean.size
        return height // self.degradation.downscale, width // self.degradation.downscale, channels

    def decode(self, shape: tuple[int, int, int] | None, resize: Resize) -> Array:
        """Return the pixels, resized first and degraded afterwards, so that resizing does not undo the degradation."""
        scale = self.degradation.downscale
        height, width, channels = shape or self.header() or self.clean.size
        clean = self.clean.decode((height * scale, width * scale, channels), resize)
        return degrade(clean, self.degradation, np.random.default_rng(self.seed))


class Degraded(Dataset):
    """A folder of clean images that are degraded in a declared way, the same for every trial.

    Images with more than 8 bits are scaled to 8 bits with one value range for the whole folder. Degradations are
    applied in the order of the fields below. The patches of an image stay in one split. Folders named as splits
    (train, val, test, …) are splits.
    """

    target = "image"

    path: DataPath = Field(description="the folder, subfolders included")
    patch: int | None = Field(
        None, ge=16, description="side of the squares into which images are cut; if left out, whole images"
    )
    blur: float = Field(0.0, ge=0, le=20, description="standard deviation of a Gaussian blur, in pixels")
    downscale: Literal[1, 2, 4] = Field(1, description="factor by which height and width are reduced")
    low_light: float = Field(1.0, gt=0, le=1, description="factor by which all values are multiplied")
    noise: float = Field(0.0, ge=0, le=128, description="standard deviation of Gaussian noise, of 255")
    jpeg: int | None = Field(None, ge=1, le=95, description="quality of JPEG compression; if left out, none")
    seed: int = Field(0, ge=0, description="seed of the noise")

    @model_validator(mode="after")
    def _is_worse(self) -> Self:
        if self._degradation == Degradation():
            raise ValueError("no degradation: set at least one of blur, downscale, low_light, noise and jpeg")
        if self.patch is not None and self.patch % self.downscale:
            raise ValueError(f"patch: {self.patch} is not a multiple of downscale {self.downscale}")
        return self

    @property
    def scale(self) -> int:
        """Height and width of a target relative to its input."""
        return self.downscale

    @property
    def _degradation(self) -> Degradation:
        return Degradation(self.blur, self.downscale, self.low_light, self.noise, self.jpeg)

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every image or patch, by name.

        Raises:
            DataError: if the folder is missing.
        """
        if not self.path.is_dir():
            raise DataError(f"dataset.path: there is no folder {self.path}")
        for found in scan(self.path):
            header = None if found.reason else read_header(found.path)
            if header is None:
                yield BadSample(found.name, found.reason or "not an image")
                continue
            for name, clean in self._parts(found.path, found.name, header):
                yield self._record(name, found.name, clean)

    def _parts(self, path: Path, name: str, header: Header) -> Iterator[tuple[str, CleanImage]]:
        height, width, channels = header[:3]
        version = file_version(path)
        if header.dtype not in {"uint8", "bool"}:
            # Earlier versions decoded these with the range of their type: such a cache must not be used.
            version += f"-{header.dtype}"
        if self.patch is None:
            yield name, CleanImage(path, version, (height, width, channels), (height, width), None)
            return
        side = self.patch
        for top in range(0, height - side + 1, side):
            for left in range(0, width - side + 1, side):
                part = CleanImage(path, version, (side, side, channels), (height, width), (top, left))
                yield f"{name}#{top},{left}", part

    def _record(self, name: str, file: str, clean: CleanImage) -> Sample:
        seed = int.from_bytes(hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest(), "little")
        version = f"{clean.version}-{clean.corner}-{tuple(self._degradation)}-{seed}"
        worse = DegradedImage(clean, version, self._degradation, seed)
        return Sample(
            name, {IMAGE: worse}, clean, version, group=file if self.patch else None, split=split_of_path(file)
        )
