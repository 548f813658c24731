"""TFRecord files of tf.train.Example."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from automap.data.sources.tfrecord_reader import DamagedFile, Value, read_examples
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import IMAGE, BadSample, Sample


class TFRecord(Dataset):
    """TFRecord files of encoded images (JPEG, PNG, …) with labels, compressed or not; TensorFlow is not needed."""

    path: DataPath = Field(description="a file, a pattern such as data/train-*.tfrecord, or a folder of them")
    image_feature: str = Field("image/encoded", description="feature that holds the encoded image")
    label_feature: str = Field("image/class/label", description="feature that holds the class, a number or a text")

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe every example of the files.

        Raises:
            DataError: if there are no files, or they are damaged.
        """
        for file in self._files():
            try:
                for number, example in enumerate(read_examples(file)):
                    yield self._record(f"{file.name}:{number}", example)
            except (DamagedFile, OSError) as error:
                raise DataError(f"dataset.path: {file} cannot be read as TFRecord: {error}") from None

    def _files(self) -> list[Path]:
        pattern = str(self.path / "*.tfrecord*") if self.path.is_dir() else str(self.path)
        files = sorted(Path(found) for found in glob.glob(pattern) if not found.endswith(".index"))
        if not files:
            raise DataError(f"dataset.path: there are no TFRecord files at {self.path}")
        return files

    def _record(self, name: str, example: Mapping[str, list[Value]]) -> Sample | BadSample:
        for feature in (self.image_feature, self.label_feature):
            if not example.get(feature):
                return BadSample(name, f"no feature '{feature}' (there are {', '.join(sorted(example)) or 'none'})")
        image, label = example[self.image_feature][0], example[self.label_feature][0]
        if not isinstance(image, bytes):
            return BadSample(name, f"feature '{self.image_feature}' is no encoded image but numbers")
        text = label.decode("utf-8", "replace") if isinstance(label, bytes) else f"{label}".removesuffix(".0")
        version = hashlib.blake2b(image, digest_size=16).hexdigest()
        return Sample(name, {IMAGE: image}, text, version)
