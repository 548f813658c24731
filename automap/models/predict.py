"""Prediction: images are decoded in parallel, run in batches, and answered in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PIL import Image

from automap.data.decode.errors import BadImage
from automap.data.decode.header import image_header
from automap.data.decode.image import decode_record
from automap.data.decode.values import as_display
from automap.exceptions import UserError
from automap.interfaces.answer import Answer, PixelAnswer
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.sample import IMAGE
from automap.models.rows import DecodedRow, Row, decode_row, stacked
from automap.models.tiles import by_tiles
from automap.store.atomic import first_line
from automap.store.files import CARD_FILE

if TYPE_CHECKING:
    from automap.models.model import LoadedModel

BATCH = 64
CHUNK = 16
"""Images that a thread decodes at a time: handing over small ones takes as long as decoding them."""
AHEAD = 3
"""Batches that are decoded while one is run."""
THREADS = max(2, min(8, os.cpu_count() or 1))

ImageValue = Path | bytes | Array
Source = ImageValue | Row
T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True)
class Prediction:
    """The answer for one image, or the reason why it could not be read."""

    source: Source
    answer: Answer | None
    reason: str | None = None

    @property
    def name(self) -> str:
        """The path of the image, or what it is."""
        if isinstance(self.source, Row):
            return self.source.name
        if isinstance(self.source, Path):
            return str(self.source)
        return f"{len(self.source):,} bytes" if isinstance(self.source, bytes) else f"array {self.source.shape}"

    def without_pixels(self) -> Prediction:
        """Return the prediction without the pixels of its answer, which take memory."""
        if not isinstance(self.answer, PixelAnswer):
            return self
        empty = self.answer.pixels[:0]
        return replace(self, answer=self.answer.model_copy(update={"pixels": empty.copy()}))


def predict(model: LoadedModel, sources: Sequence[Source]) -> Iterator[Prediction]:
    """Yield an answer for each image, in order; unreadable images get a reason instead.

    Args:
        model: the model.
        sources: paths, encoded images, pixels or rows of a table; they are decoded like the training data. Inputs
            that a source does not have are missing.
    """
    if model.task.tiled:
        read = _decoder(lambda source: _whole(_image_of(source), model.info.image))
        for source, whole in zip(sources, _in_threads(read, sources, THREADS), strict=True):
            if isinstance(whole, str):
                yield Prediction(source, None, whole)
            else:
                yield _tiled_prediction(model, source, whole)
        return
    place = _decoder(lambda source: _decoded(source, model))
    chunks = [sources[start : start + CHUNK] for start in range(0, len(sources), CHUNK)]
    decoded = chain.from_iterable(
        _in_threads(lambda part: [place(each) for each in part], chunks, AHEAD * BATCH // CHUNK)
    )
    for start in range(0, len(sources), BATCH):
        batch = sources[start : start + BATCH]
        yield from _predict_batch(model, batch, list(islice(decoded, len(batch))))


def _predict_batch(
    model: LoadedModel, sources: Sequence[Source], decoded: Sequence[DecodedRow | str]
) -> Iterator[Prediction]:
    rows = [found for found in decoded if not isinstance(found, str)]
    answers = iter(_answers(model, stacked(rows)) if rows else ())
    for source, found in zip(sources, decoded, strict=True):
        if isinstance(found, str):
            yield Prediction(source, None, found)
        else:
            yield Prediction(source, next(answers).in_image(found.placed.geometry))


def _decoded(source: Source, model: LoadedModel) -> DecodedRow:
    row = source if isinstance(source, Row) else Row("", source)
    if row.fault:
        raise BadImage(row.fault)
    return decode_row(row, model.info)


def _image_of(source: Source) -> ImageValue:
    """Return the image of a source.

    Raises:
        BadImage: if it has none.
    """
    if not isinstance(source, Row):
        return source
    if source.fault or source.image is None:
        raise BadImage(source.fault or "no image")
    return source.image


def _answers(model: LoadedModel, inputs: Mapping[str, Array]) -> Sequence[Answer]:
    try:
        return model.task.decode(model.runtime.run(inputs), model.info)
    except (ValueError, LookupError, TypeError) as error:
        raise UserError(f"the model's network does not fit its {CARD_FILE}: {first_line(error)}") from error


def _decoder(read: Callable[[Source], T]) -> Callable[[Source], T | str]:
    """Return a function that returns the reason where `read` raises BadImage."""

    def decode_or_reason(source: Source) -> T | str:
        path = source.image if isinstance(source, Row) else source
        if isinstance(path, Path) and not path.is_file() and path.exists():
            return "not a regular file"
        try:
            return read(source)
        except BadImage as error:
            return str(error)

    return decode_or_reason


def _in_threads(work: Callable[[S], T], items: Iterable[S], ahead: int) -> Iterator[T]:
    """Map in threads, in order, at most `ahead` items ahead of the consumer."""
    pending: deque[Future[T]] = deque()
    remaining = iter(items)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="decode") as pool:
        try:
            pending.extend(pool.submit(work, item) for item in islice(remaining, ahead))
            while pending:
                done = pending.popleft()
                pending.extend(pool.submit(work, item) for item in islice(remaining, 1))
                yield done.result()
        finally:
            for future in pending:
                future.cancel()


def _tiled_prediction(model: LoadedModel, source: Source, image: Array) -> Prediction:
    height, width, _ = model.info.image.shape
    output = by_tiles(lambda tiles: _run_in_batches(model, tiles), image, (height, width))
    [answer] = model.task.decode(output[None], model.info)
    return Prediction(source, answer)


def _run_in_batches(model: LoadedModel, images: Array) -> Array:
    return np.concatenate(
        [model.runtime.run({IMAGE: images[start : start + BATCH]}) for start in range(0, len(images), BATCH)]
    )


def draw(model: LoadedModel, prediction: Prediction) -> Image.Image:
    """Return the original image with the answer drawn on it.

    Args:
        model: the model that gave the answer.
        prediction: with an answer.

    Raises:
        BadImage: if the image can no longer be read.
    """
    assert prediction.answer is not None, "only an answer can be drawn"
    image = Image.fromarray(shown(_image_of(prediction.source), model.info.image))
    return model.task.drawing(model.info).draw(image, prediction.answer)


def _whole(source: ImageValue, info: ImageInfo, channels: int | None = None) -> Array:
    """Return an image in its own size, upright, in the pixel values of the records."""
    header = image_header(source)
    # A damaged file has no size; decoding it gives the reason.
    size = header[:2] if header is not None else (1, 1)
    shape = (*size, channels or info.shape[2])
    return decode_record(source, info.model_copy(update={"shape": shape, "resize": "stretch"})).pixels


def shown(source: ImageValue, info: ImageInfo) -> Array:
    """Return an image in its own size, upright, as 8-bit colours, also of a colour image for a grey model."""
    return as_display(_whole(source, info, 3 if info.shape[2] == 1 else None), info)
