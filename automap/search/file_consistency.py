"""Whether the files in a study's run directory agree with its results."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from zipfile import is_zipfile

from automap.search.finalists import best_results
from automap.search.outcome import finalize
from automap.search.retention import read_result
from automap.search.study import Study
from automap.search.winner import WINNER
from automap.spec.spec import Spec
from automap.store import remote
from automap.store.files import CARD_FILE, NETWORK_FILE, RESULT_FILE, run_folder_name
from automap.store.remote import child
from automap.store.result import Result
from automap.store.results import ResultRow


def differing_files(spec: Spec, rows: Sequence[ResultRow]) -> Iterator[str]:
    """Compare the results in the database with those in the run directory."""
    for row in rows:
        name, folder = run_name(row.trial, row.kind, row.seed), run_folder_name(row.kind, row.trial, row.seed)
        place = child(spec.run_location, folder, RESULT_FILE)
        try:
            stored = read_result(spec, folder)
        except (KeyError, ValueError, TypeError, OSError, RecursionError) as error:
            yield f"{name}: {place} cannot be read: {_first_line(error)}"
            continue
        # A run whose workers all died has no result file.
        if stored is None and row.state != "failed":
            yield f"{name}: {place} does not exist"
        elif stored is not None and not _agree(_final(spec, stored), row.result):
            yield f"{name}: {place} differs from the result in the database"


def _final(spec: Spec, stored: Result) -> Result:
    # A model that was trained on the validation split too has no metrics on it, and is complete all the same.
    return finalize(spec, stored) if stored.validation else stored


def _agree(stored: Result, row: Result) -> bool:
    # Notes and the location of artifacts do not affect the leaderboard.
    compared: tuple[Callable[[Result], object], ...] = (
        lambda result: result.state,
        lambda result: _finite(result.validation),
        lambda result: _finite(result.test or {}),
        lambda result: _finite(result.cost),
        lambda result: [_finite(point) for point in result.curve],
    )
    return all(part(stored) == part(row) for part in compared)


def _finite(numbers: dict[str, float]) -> dict[str, float]:
    # The database cannot store NaN and infinity.
    return {name: value for name, value in numbers.items() if value is not None and math.isfinite(value)}


def kept_models(study: Study, rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Return the runs whose models are always kept: the best trial and the finalists."""
    finals = [row for row in rows if row.kind == "final" and row.state == "complete"]
    return [*best_results(study, 1), *finals]


def lost_models(study: Study, rows: Sequence[ResultRow]) -> Iterator[str]:
    """Check that the models of some runs, and the published winner, exist and are neither empty nor truncated."""
    sound = False
    for row in rows:
        place = child(study.spec.run_location, run_folder_name(row.kind, row.trial, row.seed))
        problems = list(_model_faults(place))
        yield from (f"{run_name(row.trial, row.kind, row.seed)}: {problem}" for problem in problems)
        sound = sound or not problems
    winner = child(study.spec.run_location, WINNER)
    # A search that was killed may not have published one yet.
    if sound and (remote.file_sizes(winner) if remote.is_remote(winner) else Path(winner).exists()):
        for problem in _model_faults(winner):
            yield f"winner: {problem}; run the same automap search command again to publish it"


def _model_faults(place: str) -> Iterator[str]:
    if remote.is_remote(place):
        sizes = remote.file_sizes(place)
    else:
        sizes = {name: Path(place, name).stat().st_size for name in _MODEL if Path(place, name).is_file()}
    for name in _MODEL:
        if name not in sizes:
            yield f"{child(place, name)} does not exist"
        elif not sizes[name]:
            yield f"{child(place, name)} is empty"
        elif name == NETWORK_FILE and not remote.is_remote(place) and not is_zipfile(Path(place, name)):
            yield f"{child(place, name)} is damaged: not a Keras file"


_MODEL = (NETWORK_FILE, CARD_FILE)


def run_name(trial: int, kind: str, seed: int) -> str:
    """Return a run's name for messages."""
    if kind == "ensemble":
        return f"ensemble {seed}"
    if kind in ("trained", "compressed"):
        return f"trial {trial}, {kind}, seed {seed}"
    return f"trial {trial}" if kind == "search" else f"finalist {trial}, seed {seed}"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
