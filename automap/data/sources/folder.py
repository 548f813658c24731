"""A folder of images for each class."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from automap.data.sources.files import as_text, is_image_name, is_junk, scan
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Sample, SplitName

SPLIT_FOLDERS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""Folders that are splits if all folders beside them are."""


class Folder(Dataset):
    """A folder of images for each class, its subfolders included.

    ``path/daisy/1.jpg`` and ``path/daisy/2021/may/2.jpg`` are both of the class ``daisy``. If the folders in
    ``path`` are named train, val and test, or some of these, they are splits, and the classes are below them.
    """

    path: DataPath = Field(description="the folder")

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every file below the folder, in the order of names.

        Raises:
            DataError: if the folder is missing or holds no folders.
        """
        folders = self._class_folders()
        parents = dict.fromkeys([self.path, *(folder.parent for folder in folders)])
        yield from (bad for parent in parents for bad in self._strays(parent))
        for folder in folders:
            split = SPLIT_FOLDERS[folder.parent.name.lower()] if folder.parent != self.path else None
            label = unicodedata.normalize("NFC", folder.name)
            prefix = folder.relative_to(self.path).as_posix()
            for found in scan(folder):
                name = f"{prefix}/{found.name}"
                if found.reason:
                    yield BadSample(name, found.reason)
                else:
                    yield Sample(name, {IMAGE: found.path}, label, found.version, split=split)

    def _class_folders(self) -> list[Path]:
        if not self.path.exists():
            raise DataError(f"dataset.path: there is no folder {self.path}")
        if not self.path.is_dir():
            raise DataError(f"dataset.path: {self.path} is a file; a table is read with: type: csv")
        folders = _folders(self.path)
        if not folders:
            raise self._no_classes(self.path)
        if all(folder.name.lower() in SPLIT_FOLDERS for folder in folders):
            classes = [below for folder in folders for below in _folders(folder)]
            if not classes:
                raise self._no_classes(folders[0])
            return classes
        return folders

    def _no_classes(self, folder: Path) -> DataError:
        images = sum(1 for _ in self._strays(folder))
        return DataError(
            f"dataset.path: {folder} holds no folders{f', but {images} images' if images else ''}; expected one for "
            f"each class, such as {folder.name}/daisy/1.jpg. Images whose classes stand in a table are read with type: "
            "csv; images without any serve enhancement, with type: degraded (automap init --task enhancement)"
        )

    def _strays(self, folder: Path) -> Iterator[BadSample]:
        """Yield images beside the folders of classes; other files there, such as a licence, are none of ours."""
        for path in sorted(folder.iterdir()):
            if is_image_name(path.name) and not is_junk(path.name) and not path.is_dir():
                yield BadSample(as_text(path.relative_to(self.path)), "in no class's folder")


def _folders(path: Path) -> list[Path]:
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not is_junk(entry.name))
    for folder in folders:
        if (shown := as_text(folder)) != str(folder):
            raise DataError(f"dataset.path: the name of the folder {shown} is not valid UTF-8; rename it")
    return folders
