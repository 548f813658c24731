"""Running a search from Python."""

from __future__ import annotations

import os
import socket
import zlib
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from automap.api import after_search
from automap.api.display import Display, make_display
from automap.api.earlier import read_earlier
from automap.api.executors import Workers, make_executor
from automap.api.interrupts import count_interrupts
from automap.api.limits import Limits, parse_limits, set_limits
from automap.api.search_view import SearchView
from automap.api.sources import Source, naming_preparation, read_source
from automap.api.study import Study
from automap.data.prepare import PreparedData, prepare
from automap.data.summary import remarks, summarise
from automap.search import study as studies
from automap.search.checkpoints import MAX_BYTES, MAX_SHARE, lost_checkpoints
from automap.search.continuing import continue_cut_short
from automap.search.environment import environment
from automap.search.evolve import evolve as create_successor
from automap.search.warm_start import is_taken
from automap.search.weights import weights_of
from automap.search.winner import publish_winner
from automap.spec.spec import Spec
from automap.store.retry import with_retries
from automap.store.studies import tick
from automap.workers.driver import drive, runs_can_be_kept, snapshot, work_is_left

if TYPE_CHECKING:
    from automap.interfaces.array import Array


class SearchInterrupted(KeyboardInterrupt):
    """The user stopped a search; running the same search again resumes it.

    Args:
        study: the study in its current state.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        super().__init__(f"the search of study '{study.name}' was stopped; start it again to resume it")


def search(
    source: str | Path | Spec | Array,
    labels: Any = None,
    *,
    trials: int | str | None = None,
    time: float | str | None = None,
    workers: int | Literal["auto"] | Workers = 1,
    progress: bool = True,
    evolve: bool = False,
    **fields: Any,
) -> Study:
    """Run or resume a search and return its study once the budget is spent.

    Workers are separate processes; a script needs no ``if __name__ == "__main__"``. The first Ctrl-C stops at the next
    evaluation, the second one immediately.

    Args:
        source: the path of a spec; a `Spec`; a folder or table of images, for which a spec is written first; or an
            array ``(images, height, width[, channels])``.
        labels: ``(images,)``; only if `source` is an array.
        trials: number of trials in total (30), or additional ones ("+10"), instead of the spec's.
        time: time in total ("2h", or seconds), or additional time ("+20m"), instead of the spec's.
        workers: number of processes that train at once; ``auto`` for as many as this machine can run.
        progress: whether to show progress, in a terminal or a notebook.
        evolve: whether a study whose spec has changed gets a successor with every trial that is still valid.
        **fields: further fields of the spec, for arrays: ``name="flowers"``, ``architecture="resnet"``.

    Raises:
        SpecError: if the spec is not valid; the text is the one that ``automap check`` prints.
        UserError: if the data, the database or an argument cannot be used.
        RunError: if workers fail repeatedly.
        SearchInterrupted: if the user stopped the search; it is a `KeyboardInterrupt`.

    Example:
        >>> study = automap.search("flowers.yaml", time="1h")  # doctest: +SKIP
    """
    began = monotonic()
    asked = workers if isinstance(workers, Workers) else Workers(workers)
    limits = parse_limits(trials, time)
    found = read_source(source, labels, fields)
    return search_source(found, limits, asked, make_display(progress), began, evolve=evolve)


def search_source(
    found: Source, limits: Limits, workers: Workers, display: Display, began: float, *, evolve: bool = False
) -> Study:
    """Run or resume the search of a spec that has been read; see `search`.

    Args:
        found: the spec.
        limits: the budget that takes the place of the spec's.
        workers: how many processes train, and where.
        display: shows progress.
        began: when the command was started, by `time.monotonic`: the time budget counts from there.
        evolve: see `search`.
    """
    with naming_preparation(found.spec, found.text):
        data = read_data(found.spec, display)
    for line in remarks(summarise(data)):
        display.say(line, "yellow")
    if evolve:
        _evolve(found, data, display)
    opened = _open(found, data, display)
    with_retries(lambda: set_limits(opened, limits))
    with_retries(lambda: tick(opened.store, unseen=monotonic() - began))
    finished = _drive(opened, data, workers, display)
    with_retries(lambda: publish_winner(opened))
    if finished:
        after_search.make_ensemble(opened, data, display)
        after_search.compress_winner(opened, display)
    study = with_retries(lambda: Study.of(opened))
    if not finished:
        raise SearchInterrupted(study)
    return study


def read_data(spec: Spec, display: Display, *, rebuild: bool = False) -> PreparedData:
    """Open a spec's data set from the cache, or decode it and show the progress; `rebuild` ignores the cache."""
    with display.reading() as progress:
        return prepare(spec.dataset, shared=spec.cache, progress=progress, rebuild=rebuild)


def _evolve(source: Source, data: PreparedData, display: Display) -> None:
    runs_can_be_kept(source.spec)
    done = create_successor(source.spec, source.text, data.fingerprint, environment())
    for line in done.describe() if done is not None else ():
        display.say(line)


def _open(source: Source, data: PreparedData, display: Display) -> studies.Study:
    runs_can_be_kept(source.spec)
    earlier = None if is_taken(source.spec) else read_earlier(source.spec, data.fingerprint, source.path)
    for found in earlier or ():
        for line in found.describe():
            display.say(line)
    made_with = {**environment(), **weights_of(source.spec)}
    study = studies.create_or_continue(source.spec, source.text, data.fingerprint, made_with, earlier)
    if study.spec.name != source.spec.name:
        runs_can_be_kept(study.spec)
    return study


def _drive(study: studies.Study, data: PreparedData, workers: Workers, display: Display) -> bool:
    now = with_retries(lambda: snapshot(study))
    if not with_retries(lambda: work_is_left(study)):
        display.say(f"The budget is spent: {now.use.spent}. To continue, add trials or time, for instance trials +10.")
        return True
    for trial, number in with_retries(lambda: continue_cut_short(study)).items():
        display.say(f"Trial {number} continues trial {trial}, which finished early for lack of time.")
    finished = drive_shown(study, data, workers, study.spec.search.seed + now.use.trials, display)
    if (lost := with_retries(lambda: lost_checkpoints(study))) > 0:
        display.say(
            f"{lost:,} paused trial{'s' * (lost != 1)} lost {'their' if lost != 1 else 'its'} checkpoint: all of them "
            f"together may take {MAX_SHARE:.0%} of the free disk space, at most {MAX_BYTES / 10**9:g} GB. "
            "If resumed, such a trial starts again.",
            "yellow",
        )
    return finished


def drive_shown(study: studies.Study, data: PreparedData, workers: Workers, seed: int, display: Display) -> bool:
    """Drive a search and show its progress; return whether it was completed."""
    executor, about = make_executor(study, data, workers, seed)
    if workers.number != 1 or workers.executor != "local":
        display.say(about)
    view = SearchView(study.spec, executor.alive)
    with count_interrupts() as interrupts, display.searching(view) as watcher:

        def interrupted() -> int:
            view.stopping = interrupts.count > 0
            return interrupts.count

        return drive(study, executor, watcher, interrupted)


def own_seed() -> int:
    """Return a seed for this process's sampler: with equal seeds, two machines would propose the same candidates."""
    return zlib.crc32(f"{socket.gethostname()}-{os.getpid()}".encode()) % 2**31
