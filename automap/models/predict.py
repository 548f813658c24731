"""Answers for image files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from automap.data.decode.errors import BadImage
from automap.data.decode.geometry import Geometry
from automap.data.decode.header import image_header
from automap.data.decode.image import decode_record
from automap.data.decode.values import as_display
from automap.data.sources.files import walk_files
from automap.data.sources.layout import is_image_name
from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo
from automap.interfaces.sample import IMAGE
from automap.models.load import FinishedModel
from automap.models.tiles import by_tiles

BATCH = 64


@dataclass(frozen=True)
class Prediction:
    """The answer for one file, or the reason why there is none."""

    path: Path
    answer: dict[str, Any] | None
    reason: str | None = None
    picture: Image.Image | None = None
    """The answer as an image of the file's size, for tasks whose answer is one."""


def image_files(paths: Sequence[Path]) -> list[Path]:
    """Return the image files that are named, and those below the folders that are named.

    Raises:
        UserError: if a path does not exist, or a folder has no images.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"there is no file {path}")
        found = _images_below(path) if path.is_dir() else [path]
        if not found:
            raise UserError(f"the folder {path} has no images")
        files += found
    return files


def _images_below(folder: Path) -> list[Path]:
    return [file for file in walk_files(folder) if is_image_name(file.name)]


def predict(model: FinishedModel, files: Sequence[Path]) -> Iterator[Prediction]:
    """Yield an answer for each file, in order; files that are no images get their reason.

    Args:
        model: the model.
        files: image files; they are decoded as the training data was.
    """
    if model.task.tiled:
        yield from (_tiled_prediction(model, file) for file in files)
        return
    for start in range(0, len(files), BATCH):
        decoded = [_decode(file, model) for file in files[start : start + BATCH]]
        images = [found[0] for _, found in decoded if not isinstance(found, str)]
        outputs = _outputs(model, np.stack(images)) if images else np.empty(0)
        answers = iter(zip(outputs, model.task.decode(outputs, model.info) if images else [], strict=True))
        for file, found in decoded:
            if isinstance(found, str):
                yield Prediction(file, None, found)
            else:
                yield _prediction(model, file, found, *next(answers))


def _decode(file: Path, model: FinishedModel) -> tuple[Path, tuple[Array, Geometry] | str]:
    try:
        decoded = decode_record(file, model.info.image)
        return file, (decoded.pixels, decoded.geometry)
    except BadImage as error:
        return file, str(error)


def _outputs(model: FinishedModel, images: Array) -> Array:
    return np.asarray(model.network.predict({IMAGE: images}, batch_size=BATCH, verbose=0))


def _prediction(
    model: FinishedModel, file: Path, decoded: tuple[Array, Geometry], output: Array, answer: dict[str, Any]
) -> Prediction:
    _, geometry = decoded
    pixels = model.task.picture(output, model.info)
    picture = None if pixels is None else _in_image(pixels, geometry)
    return Prediction(file, model.task.in_image(answer, geometry.box_in_image), None, picture)


def _tiled_prediction(model: FinishedModel, file: Path) -> Prediction:
    height, width, _ = model.info.image.shape
    try:
        image = _whole(file, model.info)
    except BadImage as error:
        return Prediction(file, None, str(error))
    whole = by_tiles(lambda tiles: _outputs(model, tiles), image, (height, width))
    [answer] = model.task.decode(whole[None], model.info)
    pixels = model.task.picture(whole, model.info)
    return Prediction(file, answer, None, None if pixels is None else _as_picture(pixels))


def draw(model: FinishedModel, prediction: Prediction) -> Image.Image | None:
    """Return the image of a prediction with its answer drawn on it; None where there is nothing to show.

    Args:
        model: that answered.
        prediction: with an answer.

    Raises:
        BadImage: if the file is no image any more.
    """
    assert prediction.answer is not None, "only an answer can be drawn"
    image = Image.fromarray(_shown(prediction.path, model.info))
    drawn: Image.Image | None = model.task.draw(image, prediction.answer, prediction.picture, model.info)
    return drawn


def _whole(file: Path, info: DataInfo, channels: int | None = None) -> Array:
    """Return an image in its own size, upright, in the pixel values of the records."""
    header = image_header(file)
    # What is damaged has no size; decoding says why.
    size = header[:2] if header is not None else (1, 1)
    shape = (*size, channels or info.image.shape[2])
    return decode_record(file, info.image.model_copy(update={"shape": shape, "resize": "stretch"})).pixels


def _shown(file: Path, info: DataInfo) -> Array:
    """Return an image in its own size, upright, as 8-bit colours: grey models answer about colour images too."""
    channels = info.image.shape[2]
    return as_display(_whole(file, info, 3 if channels == 1 else channels), info.image)


def _in_image(pixels: Array, geometry: Geometry) -> Image.Image:
    """Return an answer that is an image in the size of the file; a mask keeps its values."""
    if pixels.ndim == 2:
        return geometry.in_image(Image.fromarray(pixels), Image.Resampling.NEAREST)
    return geometry.in_image(_as_picture(pixels), Image.Resampling.BICUBIC)


def _as_picture(pixels: Array) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels)
