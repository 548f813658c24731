"""Images to enhance, with their targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from automap.data.sources.paired_files import Match, folder_pairs, matching_files
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Notice, Sample


class Pairs(Dataset):
    """A folder of images and a folder of better versions of them, paired by name.

    ``path/inputs/a.jpg`` should become ``path/targets/a.png``. Folders named as splits (train, val, test, …) above or
    below these two are splits.
    """

    target = "image"

    path: DataPath = Field(description="the folder that contains both folders")
    inputs: str = Field("inputs", description="name of the folder of images to enhance")
    targets: str = Field("targets", description="name of the folder of target images")
    suffix: str = Field("", description="ending of a target's name after its input's name")
    factor: Literal[1, 2, 4] = Field(1, description="height and width of a target relative to its input")

    @property
    def scale(self) -> int:
        """Height and width of a target relative to its input."""
        return self.factor

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every pair, by name.

        Raises:
            DataError: if a folder is missing.
        """
        for pair in folder_pairs(self.path, self.inputs, self.targets):
            for found in matching_files(pair, self.suffix, "target"):
                if isinstance(found, Match):
                    yield Sample(found.name, {IMAGE: found.image}, found.other, found.image_version, split=found.split)
                else:
                    yield found
