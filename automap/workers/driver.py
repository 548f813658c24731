"""The driver: what ``automap search`` does, without its display. It never imports Keras."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from automap.exceptions import ConnectionLost, DatabaseLost, StorageError, UserError, WorkerError
from automap.search import finalists
from automap.search.budget import Use, budget_use
from automap.search.study import Study
from automap.search.trials import recover
from automap.spec.spec import Spec
from automap.store import leases, results, runs, studies
from automap.store.remote import check_remote
from automap.store.retry import Outage, with_retries
from automap.store.runs import Run
from automap.workers.executor import Death, Executor
from automap.workers.phases import read_phases
from automap.workers.run_folder import private_folder

POLL_SECONDS = 0.5
UNKNOWN_SECONDS = 60.0
"""Time after the end of a time budget in which workers on other machines may still be evaluating."""
MAX_DEATHS = 5
"""The search gives up after this many deaths for each worker without a finished run in between."""


@dataclass(frozen=True)
class Snapshot:
    """The state of a study at one moment."""

    use: Use
    active: tuple[Run, ...]
    counts: dict[str, int]
    """Finished runs by state; runs of finalists under ``final``."""


def snapshot(study: Study) -> Snapshot:
    """Read the state of a study."""
    return Snapshot(
        budget_use(study),
        tuple(runs.list_active(study.store)),
        results.count_states(study.store),
    )


class View(Protocol):
    """Shows the progress of a search."""

    def update(self, now: Snapshot) -> None:
        """Show the state of the study; called twice a second."""

    def database_away(self, reason: str) -> None:
        """Show that the database does not answer; called instead of `update`."""


def drive(study: Study, executor: Executor, view: View, interrupted: Callable[[], int]) -> bool:
    """Run workers until the study's budget is spent and its finalists are trained.

    Args:
        study: the open study.
        executor: runs the workers.
        view: shows the progress; updated twice a second.
        interrupted: how often the user has interrupted: once to stop at the next evaluation, twice to stop at once.

    Returns:
        Whether the search was completed.

    Raises:
        DatabaseLost: if the database file is deleted or replaced.
        StorageError: if the database stays unreachable for minutes.
        UserError: if every worker would fail: the disk is full, for instance, or a candidate cannot be built.
        WorkerError: if workers die repeatedly.
    """
    executor.start()
    losses, outage, over = _Losses(), Outage(), False
    while losses.note(executor.deaths()) or executor.alive():
        if interrupted():
            executor.stop(now=interrupted() > 1)
        try:
            now = snapshot(study)
            view.update(now)
            died = losses.release_dead(study, now, executor.alive(), counted=not (interrupted() or over))
            studies.tick(study.store)
            if over and _is_overdue(study, now):
                # A trial that is slower than it was measured to be: what it trained since its checkpoint is lost.
                executor.stop(now=True)
            if now.use.time_is_over and not over:
                # Workers watch the time themselves; this stops those that evaluate or are starting. Only once: a
                # second signal would kill a process that is exiting.
                over = True
                executor.stop()
            outage.end()
        except DatabaseLost:
            # No result can be stored any more.
            executor.stop(now=True)
            raise
        except ConnectionLost as error:
            # The workers wait for the database too, and train meanwhile.
            outage.extend(error)
            view.database_away(str(error))
            died = False
        if losses.last is not None and losses.hopeless and not over:
            _give_up(executor, losses.last)
        if died and not interrupted() and not over:
            executor.start()
        time.sleep(POLL_SECONDS)
    view.update(with_retries(lambda: snapshot(study)))
    return not interrupted()


def _is_overdue(study: Study, now: Snapshot) -> bool:
    """Return whether the time budget is used up and no worker is evaluating."""
    late = now.use.seconds - (now.use.time_budget or math.inf)
    running = {run.id: run.worker for run in now.active if run.state == "running" and run.worker is not None}
    phases = read_phases(study.spec, running.values())
    # Workers on other machines watch the time too, but what they are doing is not known here.
    unknown = late < UNKNOWN_SECONDS and not running.keys() <= phases.keys()
    return late > 0 and not unknown and "evaluating" not in phases.values()


@dataclass
class _Losses:
    """Counts worker deaths and decides whether to restart workers."""

    dead: list[Death] = field(default_factory=list)
    """Dead workers whose runs have not been released yet."""
    last: Death | None = None
    hopeless: bool = False
    _in_a_row: int = 0
    _finished: int = -1

    def note(self, deaths: Sequence[Death]) -> bool:
        """Record deaths; return whether runs of dead workers must still be released."""
        self.dead += deaths
        return bool(self.dead)

    def release_dead(self, study: Study, now: Snapshot, alive: int, *, counted: bool) -> bool:
        """Release the runs of dead workers; return whether there were any."""
        if sum(now.counts.values()) != self._finished:
            self._in_a_row, self._finished = 0, sum(now.counts.values())
        died = bool(self.dead)
        while self.dead:
            death = self.last = self.dead[0]
            leases.release_worker(study.engine, death.worker, death.reason, counted=counted)
            self.dead.pop(0)
            self._in_a_row += 1
            self.hopeless |= death.fatal or self._in_a_row >= MAX_DEATHS * (1 + alive)
        return died


def _give_up(executor: Executor, death: Death) -> None:
    executor.stop()
    while executor.alive():
        time.sleep(POLL_SECONDS)
    if death.fatal:
        raise UserError(death.reason)
    raise WorkerError(f"workers keep dying without finishing a run; the last one: {death.reason}")


def runs_can_be_kept(spec: Spec) -> None:
    """Check that a study's run directory can be created and written.

    Raises:
        StorageError: if it cannot be written.
    """
    directory = spec.run_directory
    if spec.remote_runs is not None:
        private_folder(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # A new name: existing files are neither overwritten nor deleted.
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".probe-") as probe:
            probe.write(b"\0" * 65536)
    except OSError as error:
        raise StorageError(
            f"run directory {directory}: {error.strerror}; free some space or set another one in the spec (runs: ...)"
        ) from None
    if spec.remote_runs is not None:
        check_remote(spec.remote_runs)


def work_is_left(study: Study) -> bool:
    """Return whether there is work for a worker."""
    now = snapshot(study)
    return now.use.spent is None or bool(now.active) or recover(study) or bool(finalists.missing(study))
