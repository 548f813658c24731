"""From the bytes of an image to an answer: decoding, batching, answering."""

from __future__ import annotations

import asyncio
import base64
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
from pydantic import BaseModel, Field, create_model

from automap.data.decode.errors import BadImage
from automap.data.decode.geometry import Geometry
from automap.data.decode.header import Header, read_header
from automap.data.decode.image import decode_record
from automap.exceptions import UserError
from automap.interfaces.answer import Answer, PixelAnswer
from automap.interfaces.array import Array
from automap.interfaces.sample import IMAGE
from automap.models.model import LoadedModel
from automap.models.serve.batcher import Batcher
from automap.models.serve.limits import TILED_PIXELS, Limits, Refused
from automap.models.serve.observed import Observed
from automap.models.tiles import by_tiles

QUICK_BYTES, QUICK_PIXELS = 2**14, 2**14
"""Images up to this size are decoded at once: handing them to a thread takes longer than decoding them."""
THREADS = max(2, min(4, os.cpu_count() or 1))

T = TypeVar("T")


class ImageSize(BaseModel):
    """Size of an image, upright."""

    height: int
    width: int


class PredictionBase(BaseModel):
    """What the model says about an image."""

    answer: Any
    """An answer of the model's task."""
    image: ImageSize
    """Size of the image, in whose pixels boxes are given."""
    picture: str | None = Field(None, description="an answer that is a mask or an image, as PNG in base64")


class _Record(NamedTuple):
    pixels: Array
    """``(height, width, channels)``: a record, or a whole image for models that run tile by tile."""
    geometry: Geometry
    size: ImageSize


class Service:
    """Answers images with a model.

    Args:
        model: a model in a runtime that can be called from any one thread.
        limits: of the server.
        observed: takes note of batches and times.

    Raises:
        UserError: if the model has other inputs than the image.
    """

    def __init__(self, model: LoadedModel, limits: Limits, observed: Observed) -> None:
        if others := ", ".join(name for name in model.info.inputs if name != IMAGE):
            raise UserError(f"the server answers images alone, but the model has further inputs: {others}")
        self.model, self.limits, self._observed = model, limits, observed
        self._batcher = Batcher(self._run, limits.batch)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="decode")
        self.max_pixels = min(limits.max_pixels, TILED_PIXELS) if model.task.tiled else limits.max_pixels
        answer = self._warm_up()
        self.prediction: type[PredictionBase] = create_model(
            "Prediction", __base__=PredictionBase, answer=(type(answer), ...)
        )
        """The schema of an answer."""
        self._quick_answers = not isinstance(answer, PixelAnswer) and not hasattr(answer, "boxes")

    async def predict(self, content: bytes) -> PredictionBase:
        """Return the answer for an encoded image.

        Raises:
            Refused: if the image cannot be read or is too large, or the answer takes too long.
        """
        try:
            async with asyncio.timeout(self.limits.timeout):
                header = self._checked_header(content)
                quick = len(content) <= QUICK_BYTES and header.height * header.width <= QUICK_PIXELS
                record = await self._in_pool(lambda: self._decode(content, header), quick=quick)
                outputs = await self._outputs(record)
                return await self._in_pool(lambda: self._answer(record, outputs), quick=self._quick_answers)
        except TimeoutError:
            raise Refused(503, f"no answer within {self.limits.timeout:g} seconds; try again later") from None

    def close(self) -> None:
        """End the threads."""
        self._batcher.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _warm_up(self) -> Answer:
        """Run the model once: it tells the type of answers, and a runtime's first run is slow."""
        info = self.model.info
        zeros = np.zeros((1, *info.image.shape), info.image.dtype)
        return self.model.task.decode(self.model.runtime.run({IMAGE: zeros}), info)[0]

    def _run(self, records: Array) -> Array:
        with self._observed.batch(len(records)):
            return self.model.runtime.run({IMAGE: records})

    async def _in_pool(self, work: Callable[[], T], *, quick: bool) -> T:
        return work() if quick else await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _checked_header(self, content: bytes) -> Header:
        if not content:
            raise Refused(422, "the image is empty")
        header = read_header(content)
        if header is None:
            # Damaged, or of no known format: decoding says why.
            return Header(1, 1, 1, "uint8")
        if header.height * header.width > self.max_pixels:
            raise Refused(
                413, f"the image has {header.width}×{header.height} pixels; at most {self.max_pixels:,} are accepted"
            )
        return header

    def _decode(self, content: bytes, header: Header) -> _Record:
        info = self.model.info.image
        if self.model.task.tiled:
            info = info.model_copy(update={"shape": (header.height, header.width, info.shape[2]), "resize": "stretch"})
        try:
            placed = decode_record(content, info)
        except BadImage as error:
            raise Refused(413 if error.reason == "too large" else 422, f"cannot read the image: {error}") from None
        except MemoryError:
            raise Refused(413, "the image takes too much memory") from None
        return _Record(placed.pixels, placed.geometry, ImageSize(height=header.height, width=header.width))

    async def _outputs(self, record: _Record) -> Array:
        if not self.model.task.tiled:
            return np.asarray((await self._batcher.run(record.pixels[None]))[0])
        loop = asyncio.get_running_loop()
        height, width, _ = self.model.info.image.shape

        def run(tiles: Array) -> Array:
            outputs = asyncio.run_coroutine_threadsafe(self._batcher.run(tiles), loop)
            return np.asarray(outputs.result(self.limits.timeout))

        return await self._in_pool(lambda: by_tiles(run, record.pixels, (height, width)), quick=False)

    def _answer(self, record: _Record, outputs: Array) -> PredictionBase:
        task, info = self.model.task, self.model.info
        [answer] = task.decode(outputs[None], info)
        if not task.tiled:
            answer = answer.in_image(record.geometry)
        picture = _as_png(answer) if isinstance(answer, PixelAnswer) else None
        return self.prediction(answer=answer, image=record.size, picture=picture)


def _as_png(answer: PixelAnswer) -> str:
    file = io.BytesIO()
    answer.picture().save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode("ascii")
