"""A folder of images for each class."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from automap.data.sources.class_folders import ClassFolder, find_class_folders
from automap.data.sources.files import images_in, scan
from automap.data.sources.layout import as_text, is_image_name, split_of_path
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Notice, Sample


class Folder(Dataset):
    """A folder of images for each class, subfolders included.

    ``path/daisy/1.jpg`` and ``path/daisy/2021/may/2.jpg`` are both of the class ``daisy``. Folders named as splits
    (train, val, test, ``train2017``, ``dev``, …) above or directly below those of the classes are splits.
    """

    path: DataPath = Field(description="the folder")

    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Describe every file below the folder, by name.

        Raises:
            DataError: if the folder is missing, holds no folders, or mixes folders of splits and of classes.
        """
        if not self.path.exists():
            raise DataError(f"dataset.path: there is no folder {self.path}")
        if not self.path.is_dir():
            raise DataError(f"dataset.path: {self.path} is a file; a table is read with: type: csv")
        found = find_class_folders(self.path)
        yield from found.notices
        for parent in found.parents:
            for image in images_in(parent):
                yield BadSample(as_text(image.relative_to(self.path)), "not in the folder of a class")
        for folder in found.aside:
            for file in scan(folder):
                if is_image_name(file.path.name):
                    yield BadSample(as_text(file.path.relative_to(self.path)), "not in the folder of a split")
        for each in found.classes:
            yield from self._class(each)

    def _class(self, folder: ClassFolder) -> Iterator[Sample | BadSample]:
        prefix = folder.path.relative_to(self.path).as_posix()
        for found in scan(folder.path):
            name = f"{prefix}/{found.name}"
            if found.reason:
                yield BadSample(name, found.reason)
                continue
            split = split_of_path(found.name) if folder.holds_splits else folder.split
            yield Sample(name, {IMAGE: found.path}, folder.label, found.version, split=split)
