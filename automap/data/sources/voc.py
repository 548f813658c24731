"""Pascal VOC's boxes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from automap.data.sources.box_edges import checked_edges
from automap.data.sources.files import file_record
from automap.data.sources.folder import SPLIT_FOLDERS
from automap.exceptions import DataError
from automap.interfaces.dataset import DataPath, Dataset
from automap.interfaces.sample import BadSample, Sample, SplitName


class Voc(Dataset):
    """A folder with ``Annotations`` (an XML file an image) and ``JPEGImages``, as Pascal VOC has them.

    Objects that are marked as difficult are left out unless they are asked for. Where ``ImageSets/Main`` lists the
    images of train, val or test, these are the splits.
    """

    target = "boxes"

    path: DataPath = Field(description="the folder with Annotations and JPEGImages")
    difficult: bool = Field(False, description="whether objects count that are marked as difficult")

    def samples(self) -> Iterator[Sample | BadSample]:
        """Describe the image of every XML file, by name.

        Raises:
            DataError: if there is no such folder.
        """
        folder = self.path / "Annotations"
        if not folder.is_dir():
            raise DataError(f"dataset.path: {self.path} has no folder Annotations, as Pascal VOC has")
        splits = dict(self._splits())
        for path in sorted(folder.glob("*.xml")):
            try:
                yield self._record(path, splits.get(path.stem))
            except (ElementTree.ParseError, ValueError) as error:
                yield BadSample(path.name, f"its annotations are damaged: {error}")

    def _splits(self) -> Iterator[tuple[str, SplitName]]:
        for file in sorted((self.path / "ImageSets" / "Main").glob("*.txt")):
            if file.stem in SPLIT_FOLDERS:
                lines = file.read_text(encoding="utf-8").splitlines()
                yield from ((line.split()[0], SPLIT_FOLDERS[file.stem]) for line in lines if line.strip())

    def _record(self, path: Path, split: SplitName | None) -> Sample | BadSample:
        root = ElementTree.parse(path).getroot()
        name = root.findtext("filename") or f"{path.stem}.jpg"
        boxes = [
            _box(found)
            for found in root.iter("object")
            if self.difficult or (found.findtext("difficult") or "0") == "0"
        ]
        return file_record(self.path / "JPEGImages" / name, name, boxes, split=split)


def _box(found: ElementTree.Element) -> tuple[str, float, float, float, float]:
    label, box = found.findtext("name"), found.find("bndbox")
    if not label or box is None:
        raise ValueError("an object has no name or no bndbox")
    edges = [box.findtext(edge) for edge in ("xmin", "ymin", "xmax", "ymax")]
    if None in edges:
        raise ValueError(f"the box of a {label} has not all of xmin, ymin, xmax and ymax")
    try:
        left, top, right, bottom = (float(edge or "") for edge in edges)
    except ValueError:
        raise ValueError(f"an edge of the box of a {label} is no number") from None
    # VOC counts pixels from 1 and includes the last one.
    return label, *checked_edges(left - 1, top - 1, right, bottom)
