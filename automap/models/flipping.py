"""Test-time augmentation: the answer for an image and for its mirror image, combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from automap.data.columns.encode import with_missing
from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import BoxesInfo, DataInfo, ImageInfo, MaskInfo, TargetImageInfo
from automap.interfaces.sample import IMAGE
from automap.models.model import LoadedModel
from automap.models.runtime import Runtime

SHARES = (0.5, 0.5)


def with_flips(model: LoadedModel) -> LoadedModel:
    """Return a model that runs each image and its mirror image, and combines the outputs.

    Raises:
        UserError: if outputs of the model's task cannot be combined, or it is an ensemble of detectors.
    """
    if getattr(model.task, "members", ()):
        raise UserError("boxes of an ensemble are fused already; predict without test-time augmentation")
    runtime = _Flipped(model)
    image = np.zeros((1, *model.info.image.shape), model.info.image.dtype)
    one = with_missing({IMAGE: image}, model.info)
    points = model.runtime.run(one).shape[1]
    try:
        runtime.run(one)
    except NotImplementedError:
        raise UserError("outputs of this task cannot be combined; predict without test-time augmentation") from None
    return replace(model, runtime=runtime, task=model.task.of_ensemble((points, points), SHARES))


class _Flipped(Runtime):
    """Runs images and their mirror images."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model

    def run(self, inputs: Mapping[str, Array]) -> Array:
        """Return combined raw outputs; see `Runtime.run`."""
        plain = self._model.runtime.run(inputs)
        images = [name for name, each in self._model.info.inputs.items() if isinstance(each, ImageInfo)]
        flipped = {name: np.ascontiguousarray(inputs[name][:, :, ::-1]) for name in images}
        mirrored = self._model.runtime.run({**inputs, **flipped})
        back = _mirrored_back(mirrored, self._model.info)
        return np.asarray(self._model.task.combine([plain, back], SHARES), np.float32)


def _mirrored_back(outputs: Array, info: DataInfo) -> Array:
    """Return outputs for mirror images as outputs for the images themselves."""
    if isinstance(info.target, MaskInfo | TargetImageInfo):
        return outputs[:, :, ::-1]
    if isinstance(info.target, BoxesInfo):
        mirrored = outputs.copy()
        mirrored[..., 0] = info.image.shape[1] - outputs[..., 0]
        mirrored[..., [3, 5]] = outputs[..., [5, 3]]
        return mirrored
    return outputs
