"""TFRecord files of tf.train.Example."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from automap.data.sources.files import regular_file
from automap.data.sources.layout import listed, split_in_name
from automap.data.sources.table_targets import cell_text
from automap.data.sources.tfrecord_reader import DamagedFile, Value, first_value, read_examples
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Sample, SplitName


class TFRecord(Dataset):
    """TFRecord files of encoded images (JPEG, PNG, …) with labels, compressed or not; TensorFlow is not needed.

    Files named after different splits, such as ``train-00000-of-00008.tfrecord`` and ``test.tfrecord``, are these
    splits.
    """

    path: DataPath = Field(description="a file, a pattern such as data/train-*.tfrecord, or a folder of them")
    image_feature: str = Field("image/encoded", description="feature that holds the encoded image")
    label_feature: str = Field("image/class/label", description="feature that holds the class, a number or a text")

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every example of the files.

        Raises:
            DataError: if there are no files, or they are damaged.
        """
        files = self._files()
        splits = [split_in_name(Path(file.name)) for file in files]
        for file, named in zip(files, splits, strict=True):
            regular_file(file)
            split = named if len(set(splits)) > 1 else None
            try:
                for number, example in enumerate(read_examples(file)):
                    yield self._record(f"{file.name}:{number}", example, split)
            except (DamagedFile, OSError) as error:
                raise DataError(f"dataset.path: {file} cannot be read as TFRecord: {error}") from None

    def _files(self) -> list[Path]:
        pattern = str(self.path / "*.tfrecord*") if self.path.is_dir() else str(self.path)
        files = sorted(Path(found) for found in glob.glob(pattern) if not found.endswith(".index"))
        if not files:
            raise DataError(f"dataset.path: there are no TFRecord files at {self.path}")
        return files

    def _record(self, name: str, example: Mapping[str, bytes], split: SplitName | None) -> Sample | BadSample:
        found: list[Value] = []
        for feature in (self.image_feature, self.label_feature):
            value = first_value(example[feature]) if feature in example else None
            if value is None:
                there = listed(sorted(example), 20) or "none"
                return BadSample(name, f"no feature '{feature}'", f"there are {there}")
            found.append(value)
        image, label = found
        if not isinstance(image, bytes):
            return BadSample(name, f"feature '{self.image_feature}' holds numbers, not an encoded image")
        text = cell_text(label)
        if not text or text in {"inf", "-inf"}:
            return BadSample(name, "no label")
        version = hashlib.blake2b(image, digest_size=16).hexdigest()
        return Sample(name, {IMAGE: image}, text, version, split=split)
