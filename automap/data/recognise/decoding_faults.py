"""Finding damaged images, masks and boxes before there is a spec."""

from __future__ import annotations

from collections.abc import Sequence

from automap.data.decode.errors import BadImage
from automap.data.decode.image import decode_record
from automap.data.scan.record_format import find_format
from automap.data.targets import target_kind
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import Sample

_SIDE = 32


def decoding_faults(dataset: Dataset, samples: Sequence[Sample]) -> list[tuple[str, str]]:
    """Return name and reason of each sample whose image, mask or boxes cannot be decoded.

    Args:
        dataset: of the samples.
        samples: some of them.

    Raises:
        DataError: if the fields of the data set contradict the images.
    """
    kind, found = target_kind(dataset), find_format(dataset, samples)
    small = found.model_copy(update={"shape": (_SIDE, _SIDE, found.shape[2])})
    faults = []
    for sample in samples:
        try:
            placed = decode_record(sample.image, small)
            if dataset.target == "image":
                # Targets are larger than their images by a factor; here only their damage matters.
                decode_record(sample.target, small)
            elif kind.in_image:
                kind.place(sample.target, placed.geometry, small)
        except BadImage as error:
            faults.append((sample.name, error.reason))
    return faults
