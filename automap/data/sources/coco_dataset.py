"""What both of COCO's data sets have in common."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from automap.data.sources.coco_file import CocoFile, open_coco
from automap.interfaces.dataset import DataPath, Dataset


class CocoDataset(Dataset):
    """A data set in COCO's annotation files."""

    path: DataPath = Field(description="the annotation file (JSON), or a folder with one for each split")
    images: DataPath | None = Field(
        None, description="the folder of the images; if left out, looked for next to the annotation file"
    )

    @cached_property
    def _files(self) -> list[CocoFile]:
        return open_coco(self.path, self.images)
