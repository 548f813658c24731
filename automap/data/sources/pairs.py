"""A folder of images and a folder of what they should become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from automap.data.sources.paired_files import matching_files
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Sample


class Pairs(Dataset):
    """A folder of images and one of better images, paired by name.

    ``path/inputs/a.jpg`` is to become ``path/targets/a.png``. If images lie in folders named train, val and test,
    these are the splits.
    """

    target = "image"

    path: DataPath = Field(description="the folder in which both folders lie")
    inputs: str = Field("inputs", description="name of the folder of images to enhance")
    targets: str = Field("targets", description="name of the folder of what they should become")
    suffix: str = Field("", description="what a target's name has after its input's")
    factor: Literal[1, 2, 4] = Field(1, description="how many times as high and wide as its input a target is")

    @property
    def scale(self) -> int:
        """How many times as high and wide as its input a target is."""
        return self.factor

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every pair, in the order of names.

        Raises:
            DataError: if a folder is missing.
        """
        for found in matching_files(self.path / self.inputs, self.path / self.targets, self.suffix, "target"):
            if isinstance(found, BadSample):
                yield found
            else:
                yield Sample(found.name, {IMAGE: found.image}, found.other, found.image_version, split=found.split)
