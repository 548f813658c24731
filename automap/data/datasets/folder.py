"""A folder of images for each class."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from automap.data.datasets.files import IMAGE_SUFFIXES, file_record, is_junk, walk_files
from automap.exceptions import DataError
from automap.spec.kinds import BadRecord, DataPath, Dataset, Record, SplitName

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

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every file below the folder, in the order of names.

        Raises:
            DataError: if the folder is missing or holds no folders.
        """
        for folder in self._class_folders():
            split = SPLIT_FOLDERS.get(folder.parent.name.lower()) if folder.parent != self.path else None
            label = unicodedata.normalize("NFC", folder.name)
            for path in walk_files(folder):
                yield _record(path, str(path.relative_to(self.path)), label, split)

    def _class_folders(self) -> list[Path]:
        if not self.path.exists():
            raise DataError(f"dataset.path: there is no folder {self.path}")
        if not self.path.is_dir():
            raise DataError(f"dataset.path: {self.path} is a file; a table is read with: type: csv")
        folders = _folders(self.path)
        if not folders:
            raise DataError(
                f"dataset.path: {self.path} holds no folders; expected one for each class, such as "
                f"{self.path.name}/daisy/1.jpg"
            )
        if all(folder.name.lower() in SPLIT_FOLDERS for folder in folders):
            return [below for folder in folders for below in _folders(folder)]
        return folders


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not is_junk(entry.name))


def _record(path: Path, name: str, label: str, split: SplitName | None) -> Record | BadRecord:
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        return BadRecord(name, "not an image")
    return file_record(path, name, label, split=split)
