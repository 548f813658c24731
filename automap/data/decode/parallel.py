"""Decoding many images, in this process or in several, in order and in bounded memory."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing.synchronize import Lock
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from PIL import Image

from automap.data.decode.errors import BadImage
from automap.data.decode.files import Pixels
from automap.data.decode.image import decode_record, take_turns
from automap.data.processors import usable_processors
from automap.data.sources.features import MissingImage
from automap.data.targets.kind import TargetKind, digest
from automap.exceptions import WorkerError
from automap.interfaces.array import Array
from automap.interfaces.data_info import ImageInfo
from automap.interfaces.sample import Sample

Item = TypeVar("Item")

CHUNK = 32
"""Most images per task of a decoding process."""
CHUNK_BYTES = 8 * 2**20
"""Approximate size of the result of a task."""
AHEAD = 4
"""Tasks that are queued for each process."""
CHECK_SECONDS = 5.0
"""How often to check, while waiting for a result, that the decoding processes are alive."""
PARALLEL_FROM = 500
"""Fewer files are decoded in this process: starting others takes longer."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of decoding some samples, without their pixels, as plain data."""

    good: list[bool] = field(default_factory=list)
    """Whether each sample could be decoded."""
    bad: list[tuple[str, str]] = field(default_factory=list)
    """Reason and detail of each of the others."""
    hashes: list[int] = field(default_factory=list)
    """Of the pixels of each good one, 64 bit."""
    moments: list[list[int]] = field(default_factory=list)
    """Of each good one: sum of each channel, then sum of squares of each channel, exact."""
    extremes: list[tuple[int, int]] = field(default_factory=list)
    """Smallest and largest pixel value of each good one."""
    clipped: list[int] = field(default_factory=list)
    """Of each good one, the values outside of the data set's value range."""
    may_be_turned: list[bool] = field(default_factory=list)
    """Of each good one with a target in the image: what `TargetKind.may_be_turned` returned."""
    placed: list[Any] = field(default_factory=list)
    """Of each good one with a target in the image: what `TargetKind.describe` returned."""

    def extend(self, other: Outcome) -> None:
        """Append the outcome of the next samples."""
        for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True):
            mine.extend(theirs)


@dataclass(frozen=True)
class Decoded:
    """Some decoded samples."""

    pixels: Array
    """Of those that could be: ``(good, height, width, channels)``, uint8 or uint16."""
    target_pixels: Array | None
    """Of the good ones, targets that are pixels: ``(good, ...)``, uint8."""
    further: Array
    """Of the good ones, the images beside the first: ``(good, images, height, width, channels)``."""
    outcome: Outcome


class Decoding(NamedTuple):
    """How samples are decoded."""

    kind: TargetKind
    """Of their targets."""
    record: ImageInfo
    """What the decoded records look like."""
    further: tuple[str, ...] = ()
    """Names of the images beside the first."""


def decode_all(images: Sequence[Sequence[Pixels]], targets: Sequence[Any], decoding: Decoding) -> Decoded:
    """Decode the images of some samples, the first one with the target in it; runs in a decoding process."""
    kind, record = decoding.kind, decoding.record
    found: list[Array] = []
    others: list[list[Array]] = []
    lying: list[Any] = []
    outcome = Outcome()
    for (image, *rest), target in zip(images, targets, strict=True):
        try:
            decoded = decode_record(image, record)
            further = [decode_record(each, record) for each in rest]
            if kind.in_image:
                lying.append(kind.place(target, decoded.geometry, record))
                outcome.may_be_turned.append(kind.may_be_turned(target, decoded.geometry))
            found.append(decoded.pixels)
            others.append([each.pixels for each in further])
            outcome.clipped.append(decoded.clipped + sum(each.clipped for each in further))
            outcome.good.append(True)
        except BadImage as error:
            outcome.bad.append((error.reason, error.detail))
            outcome.good.append(False)
    pixels = np.stack(found) if found else np.empty((0, *record.shape), record.dtype)
    outcome.hashes.extend(digest(image) for image in pixels)
    outcome.moments.extend(_moments(image) for image in pixels)
    outcome.extremes.extend((int(image.min()), int(image.max())) for image in pixels)
    outcome.placed.extend(kind.describe(each) for each in lying)
    beside = np.array(others, record.dtype).reshape(len(pixels), len(decoding.further), *record.shape)
    return Decoded(pixels, np.stack(lying) if kind.pixels and lying else None, beside, outcome)


def _moments(pixels: Array) -> list[int]:
    """Return exact sums; of 8-bit pixels over a histogram, which Pillow counts ten times as fast as NumPy squares."""
    if pixels.dtype == np.uint8 and pixels.shape[-1] in {1, 3}:
        picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        counts = np.array(picture.histogram(), np.int64).reshape(-1, 256)
        values = np.arange(256, dtype=np.int64)
        return [*(counts @ values).tolist(), *(counts @ values**2).tolist()]
    wide = pixels.reshape(-1, pixels.shape[-1]).astype(np.int64)
    return [*wide.sum(axis=0).tolist(), *np.square(wide).sum(axis=0).tolist()]


@contextmanager
def decoders(encoded: int) -> Iterator[Executor | None]:
    """Start decoding processes; yield None if there is too little to decode.

    Args:
        encoded: number of encoded images.

    Raises:
        WorkerError: if one of the processes dies.
    """
    if encoded < PARALLEL_FROM:
        yield None
        return
    # Forked copies of a process with threads can hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        len(usable_processors()), mp_context=context, initializer=_start_process, initargs=(context.Lock(),)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start_process(turn: Lock) -> None:
    take_turns(turn)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the parent.
    # The C libraries write warnings about damaged files to standard error, over the progress bar.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Exit when the parent was killed: the executor's processes would wait for work forever."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
    os._exit(1)


def decode_in_order(
    pool: Executor | None, records: Iterable[Sample], decoding: Decoding
) -> Iterator[tuple[list[Sample], Decoded]]:
    """Yield samples with their decoded records, a chunk at a time and in order, with few chunks in memory.

    Args:
        pool: decoding processes; None to decode in this process.
        records: the samples to decode; they are yielded without their images and a target in them.
        decoding: how they are decoded.

    Raises:
        WorkerError: if a process that decodes died.
    """
    waiting: deque[tuple[list[Sample], Future[Decoded]]] = deque()
    ahead = AHEAD * len(usable_processors())
    kind, record = decoding.kind, decoding.record
    record_bytes = (1 + len(decoding.further)) * record.nbytes + math.prod(kind.shape(record.shape))
    for chunk in _chunks(records, max(1, min(CHUNK, CHUNK_BYTES // record_bytes))):
        images = [[sample.image, *(_pixels(sample, name) for name in decoding.further)] for sample in chunk]
        targets = [sample.target if kind.in_image else None for sample in chunk]
        work = partial(decode_all, images, targets, decoding)
        chunk = [without_pixels(sample, kind) for sample in chunk]
        if pool is None:
            yield chunk, work()
            continue
        waiting.append((chunk, _submitted(pool, chunk, work)))
        if len(waiting) > ahead:
            yield _next(pool, waiting)
    while waiting:
        yield _next(pool, waiting)


def without_pixels(record: Sample, kind: TargetKind) -> Sample:
    """Return a sample without its images and a target in them, which take memory; the cells of tables stay."""
    kept = {name: value for name, value in record.inputs.items() if isinstance(value, float | str | MissingImage)}
    return record._replace(inputs=kept, target=None if kind.in_image else record.target)


def _pixels(sample: Sample, name: str) -> Pixels:
    return cast(Pixels, sample.inputs[name])


def _submitted(pool: Executor, chunk: list[Sample], work: Callable[[], Decoded]) -> Future[Decoded]:
    try:
        return pool.submit(work)
    except BrokenProcessPool:
        raise _died(chunk) from None


def _next(pool: Any, waiting: deque[tuple[list[Sample], Future[Decoded]]]) -> tuple[list[Sample], Decoded]:
    chunk, future = waiting.popleft()
    while True:
        try:
            return chunk, future.result(timeout=CHECK_SECONDS)
        except TimeoutError:
            _end_if_broken(pool)
        except BrokenProcessPool:
            raise _died(chunk) from None


def _end_if_broken(pool: Any) -> None:
    """Shut down an executor whose process died while sending a result: it would wait for the rest forever."""
    processes = list((pool._processes or {}).values())
    if all(process.exitcode is None for process in processes):
        return
    for process in processes:
        process.kill()
    with suppress(OSError):
        # The executor's own handle is the last through which the rest could come.
        pool._result_queue._writer.close()


def _died(chunk: list[Sample]) -> WorkerError:
    return WorkerError(
        f"a process that decodes images died, at {chunk[0].name} or soon after: the machine ran out of memory, or a "
        "file crashed the image library. Run the same command again to resume. (In a script, call automap under: "
        'if __name__ == "__main__")'
    )


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
