"""TFRecord files of tf.train.Example."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from automap.exceptions import DataError
from automap.spec.kinds import BadRecord, DataPath, Dataset, Record


class TFRecord(Dataset):
    """TFRecord files of encoded images with labels (``pip install 'automap[tfrecord]'``)."""

    path: DataPath = Field(description="a file, a pattern such as data/train-*.tfrecord, or a folder of them")
    image_feature: str = Field("image/encoded", description="feature that holds the encoded image")
    label_feature: str = Field("image/class/label", description="feature that holds the class, a number or a text")

    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every example of the files.

        Raises:
            DataError: if there are no files, they are damaged, or a feature is missing.
        """
        try:
            from tfrecord.reader import tfrecord_loader
        except ImportError:
            raise DataError("dataset.type: tfrecord needs a reader: pip install 'automap[tfrecord]'") from None
        for file in self._files():
            try:
                for number, example in enumerate(tfrecord_loader(str(file), None)):
                    yield self._record(f"{file.name}:{number}", example)
            except (RuntimeError, OSError, ValueError, OverflowError, MemoryError) as error:
                raise DataError(f"dataset.path: {file} cannot be read as TFRecord: {error}") from None

    def _files(self) -> list[Path]:
        pattern = str(self.path / "*.tfrecord*") if self.path.is_dir() else str(self.path)
        files = sorted(Path(found) for found in glob.glob(pattern) if not found.endswith(".index"))
        if not files:
            raise DataError(f"dataset.path: there are no TFRecord files at {self.path}")
        return files

    def _record(self, name: str, example: dict[str, Any]) -> Record | BadRecord:
        for field, feature in (("image_feature", self.image_feature), ("label_feature", self.label_feature)):
            if feature not in example:
                raise DataError(f"dataset.{field}: no feature '{feature}'; there are {', '.join(example)}")
        image = bytes(example[self.image_feature])
        version = hashlib.blake2b(image, digest_size=16).hexdigest()
        return Record(name, image, _label(example[self.label_feature]), version)


def _label(value: Any) -> str:
    if getattr(getattr(value, "dtype", None), "kind", "") == "u" and value.ndim == 1 and value.dtype.itemsize == 1:
        return bytes(value).decode("utf-8", errors="replace")
    return str(value[0] if getattr(value, "ndim", 0) else value)
