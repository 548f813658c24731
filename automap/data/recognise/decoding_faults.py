"""Finding damaged images and masks before there is a spec."""

from __future__ import annotations

from collections.abc import Sequence

from automap.data.decode.image import BadImage, decode_placed
from automap.data.targets import target_kind
from automap.interfaces.dataset import Dataset
from automap.interfaces.sample import Sample

_SHAPE = (32, 32, 3)


def decoding_faults(dataset: Dataset, samples: Sequence[Sample]) -> list[tuple[str, str]]:
    """Return name and reason of each sample whose image, mask or boxes cannot be decoded.

    Args:
        dataset: of the samples.
        samples: some of them.
    """
    kind = target_kind(dataset)
    faults = []
    for sample in samples:
        try:
            _, geometry = decode_placed(sample.image, _SHAPE, "pad")
            # Target images are fitted to the size of their record, which is not known yet.
            if kind.in_image and dataset.target != "image":
                kind.place(sample.target, geometry, _SHAPE, "pad")
        except BadImage as error:
            faults.append((sample.name, str(error)))
    return faults
