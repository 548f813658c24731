"""The worker's loop: take a run, train it and store its result, until nothing is left to do.

Every worker runs the same loop on the database, whether the driver, a user on another machine or a cluster started
it. Runs whose worker died come first, then new or paused trials while the budget lasts, then the finalists.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from automap.data.prepare import PreparedData
from automap.exceptions import ConnectionLost, StorageError, UserError
from automap.interfaces.scheduler import Decision, Evaluation
from automap.search import finalists, retention
from automap.search.budget import budget_use
from automap.search.checkpoints import bound_checkpoints
from automap.search.continuing import continued_trial
from automap.search.decisions import decide
from automap.search.outcome import finalize, tell_result
from automap.search.study import Study
from automap.search.trials import GRACE_SECONDS, next_run, recover, sample_from_rungs
from automap.search.weights import require_weights
from automap.spec.candidate import Candidate
from automap.spec.draw import boundary_candidates
from automap.store import leases, results, runs
from automap.store.files import run_folder_name
from automap.store.result import Result
from automap.store.retry import with_retries
from automap.store.runs import Run
from automap.training.preflight import preflight
from automap.training.request import OutOfTime, Paused, SaveModel, TrialRequest
from automap.training.run_trial import run_trial
from automap.training.step_reuse.compiled_cache import CompiledModels
from automap.workers.evaluation import evaluation_plan
from automap.workers.identity import DeadWorkers
from automap.workers.lease import Lease
from automap.workers.run_folder import RunFolder
from automap.workers.showcase import Showcase
from automap.workers.startup import Startup

MAX_ATTEMPTS = 3
"""A run is marked as failed after this many of its workers have died."""

IDLE_SECONDS = 0.5


def check_boundary_candidates(study: Study, data: PreparedData) -> None:
    """Build the boundary candidates of the search space before the first trial of a study.

    Raises:
        UserError: if some of them cannot be built; lists the reasons.
    """
    if any(results.count_states(study.store).values()):
        return
    found = preflight(boundary_candidates(study.spec), data.info)
    if found.problems:
        listed = "\n  ".join(found.problems)
        raise UserError(f"the search space contains candidates that cannot be built:\n  {listed}")


def work(study: Study, data: PreparedData, worker: str, stop: threading.Event) -> None:
    """Work on a study until its budget is spent and its finalists are trained, or until `stop` is set.

    Args:
        study: the open study.
        data: its data set.
        worker: the worker's name.
        stop: asks the worker to stop at its next evaluation.

    Raises:
        StorageError: if the database or the run directory can no longer be used; finished results are kept.
    """
    require_weights(study)
    Worker(study, data, worker, stop).work()


@dataclass
class Worker:
    """One worker of a study."""

    study: Study
    data: PreparedData
    name: str
    stop: threading.Event
    compiled: CompiledModels = field(default_factory=CompiledModels)
    _showcase: Showcase = field(init=False)
    _startup: Startup = field(default_factory=Startup)
    _dead: DeadWorkers = field(default_factory=DeadWorkers)
    _only_finalists: bool = False
    """Whether the time for trials is over."""

    def work(self) -> None:
        """Take runs and train them until nothing is left to do."""
        sample_from_rungs(self.study)
        while not self.stop.is_set():
            with_retries(lambda: self._dead.release(self.study), self.stop)
            self._only_finalists |= with_retries(self._is_too_late, self.stop)
            run = with_retries(self._next_run, self.stop)
            if run is not None:
                try:
                    self.execute(run)
                except OutOfTime:
                    if run.kind == "final":
                        return
                    self._only_finalists = True
            elif with_retries(self._others_train, self.stop):
                # Another worker may die and leave its run, or there may be finalists to train later.
                self.stop.wait(IDLE_SECONDS)
            elif not with_retries(lambda: finalists.appoint(self.study), self.stop):
                return

    def __post_init__(self) -> None:
        self._showcase = Showcase(self.study)

    def _is_too_late(self) -> bool:
        """Return whether a trial that is started or resumed now would be over before it has trained."""
        use, startup = budget_use(self.study), self._startup
        if has_no_result(self.study):
            # It may take one evaluation longer, and the best paused trials are resumed quickly: they are compiled.
            return use.training_seconds < startup.shortest_seconds
        return use.training_seconds - use.reserved_seconds < startup.seconds + startup.evaluation_seconds

    def _next_run(self) -> Run | None:
        if self._only_finalists:
            return leases.claim_orphan(self.study.store, self.name, GRACE_SECONDS, kind="final")
        return next_run(self.study, self.name)

    def _others_train(self) -> bool:
        active = runs.list_active(self.study.store)
        if self._only_finalists:
            return any(run.state == "running" or run.kind == "final" for run in active)
        return bool(active) or recover(self.study)

    def execute(self, run: Run) -> None:
        """Train one run and store its result; give it back if it is interrupted, drop it if the lease is lost.

        Raises:
            OutOfTime: if the study's time budget leaves no time for it; the run stays open.
            StorageError: if the run directory can no longer be used.
        """
        study, name = self.study, run_folder_name(run.kind, run.trial, run.seed)
        with Lease(study, run, self.name) as lease:
            try:
                with RunFolder(study.spec, name) as folder:
                    result = finalize(study.spec, self._train(run, folder, lease))
                if not lease.lost:
                    folder.publish()
            except Paused as paused:
                self._give_back(run, lease)
                if isinstance(paused, OutOfTime):
                    raise
                return
            except ConnectionLost:
                raise
            except StorageError:
                # For instance damaged data: not the run's fault.
                with_retries(lambda: leases.release(study.engine, run.id, self.name))
                raise
            except OSError as error:
                if not with_retries(lambda: leases.release(study.engine, run.id, self.name)):
                    # While this worker was suspended, another one took over the run and its folder.
                    return
                # Not the run's fault: it resumes from its checkpoint once there is space.
                problem = f"{study.spec.run_directory / name}: {error.strerror}"
                raise StorageError(f"{problem}; free some space, then run the same command again") from error
            if lease.lost or not with_retries(lambda: results.finish(study.engine, run.id, self.name, result)):
                return
        if run.kind == "search":
            with_retries(lambda: tell_result(study, run.trial, result))
        with_retries(lambda: _clean(study, run, name, result))
        self._show(run, result)

    def _show(self, run: Run, result: Result) -> None:
        if run.kind == "search" and result.state == "complete":
            with_retries(lambda: self._showcase.show_complete(run.trial))

    def _give_back(self, run: Run, lease: Lease) -> None:
        """Pause a run that waits for promotion, or release one that was interrupted."""
        if not lease.paused:
            with_retries(lambda: leases.release(self.study.engine, run.id, self.name))
            return
        with_retries(lambda: leases.pause(self.study.engine, run.id, self.name))
        with_retries(lambda: bound_checkpoints(self.study))

    def _train(self, run: Run, folder: RunFolder, lease: Lease) -> Result:
        study = self.study
        if run.attempts > MAX_ATTEMPTS:
            reason = f"its workers died {run.attempts - 1} times; the last one: {run.last_death or 'no heartbeat'}"
            return Result(state="failed", reason=reason)

        seen: list[Evaluation] = []

        def report(epoch: Evaluation) -> Decision:
            seen.append(epoch)
            self._startup.note_evaluated()
            folder.checkpointed()
            with_retries(lambda: lease.report(epoch))
            if lease.lost:
                return Decision.PAUSE
            decision = Decision.CONTINUE
            if run.kind == "search":
                decision = with_retries(lambda: decide(study, run.trial, epoch))
            lease.paused = decision is Decision.PAUSE
            # A trial whose training is over only has to be saved.
            interrupted = self.stop.is_set() and not epoch.is_last
            return Decision.PAUSE if interrupted and decision is Decision.CONTINUE else decision

        def publish(save: SaveModel) -> None:
            if run.kind == "search" and not lease.lost:
                with_retries(lambda: self._showcase.show(seen[-1], save))

        lease.note_phase("compiling")
        candidate = Candidate.model_validate(run.candidate)
        continued = with_retries(lambda: continued_trial(study, run.trial)) if run.kind == "search" else None
        if continued is not None:
            folder.continue_from(run_folder_name("search", continued, run.seed))
        request = TrialRequest(
            candidate=candidate,
            seed=run.seed,
            directory=folder.local,
            objective=study.spec.objectives[0],
            constraints=study.spec.constraints if run.kind == "search" else (),
            evaluation=evaluation_plan(study, candidate, self.data.info.train_size),
            deadline=with_retries(lambda: deadline_of(study, run)),
            may_finish_early=run.kind == "search",
            completes_late=run.kind == "search" and with_retries(lambda: has_no_result(study)),
            continues=continued,
            evaluation_seconds=self._startup.evaluation_seconds,
            test=run.kind == "final",
            is_worth_keeping=lambda metrics, cost: (
                run.kind == "final" or with_retries(lambda: retention.would_be_kept(study, metrics, cost))
            ),
            on_improvement=publish,
            on_phase=self._startup.watching(lease.note_phase),
        )
        return run_trial(request, self.data, report, self.compiled)


def deadline_of(study: Study, run: Run) -> float | None:
    """Return the `time.monotonic` by which a run must be complete to keep the study's time budget.

    Trials leave enough time to train the finalists, at most a quarter of the budget.
    """
    use = budget_use(study)
    if use.time_budget is None:
        return None
    reserved = use.reserved_seconds if run.kind == "search" else 0.0
    return time.monotonic() + use.training_seconds - reserved


def has_no_result(study: Study) -> bool:
    """Return whether no trial has completed."""
    return not results.count_states(study.store).get("complete")


def _clean(study: Study, run: Run, name: str, result: Result) -> None:
    if result.state != "complete":
        retention.strip(study.spec, name)
    elif run.kind == "search":
        retention.delete_weights(study)
