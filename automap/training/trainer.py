"""The trainer of one candidate: its model, its data and its progress."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import keras

from automap.data.batches.batches import TrainingBatches
from automap.data.prepare import PreparedData
from automap.interfaces.sample import SplitName
from automap.interfaces.scheduler import Evaluation, Pace
from automap.store.files import CHECKPOINT_FILE
from automap.training.build import BatchPlan
from automap.training.checkpoint import keep_decay_checkpoint, restore_checkpoint, save_checkpoint
from automap.training.evaluate import Evaluated
from automap.training.evaluations import Evaluations
from automap.training.fit import fit_batches
from automap.training.heads.start import fitted_start
from automap.training.pace import Interval, Speed
from automap.training.progress import Progress
from automap.training.request import TrialRequest
from automap.training.schedules import DECAY_SHARE, decay_start_of, schedule_of
from automap.training.step_reuse.compiled_cache import CompiledModels

PACE_STEPS, PACE_SECONDS = 64, 10.0
"""Most batches, and seconds, for measuring the speed of training."""


class Trainer:
    """Trains, evaluates and checkpoints one candidate.

    Args:
        request: what to train.
        data: the data set.
        identity: identity that the trial's checkpoints must have.
        progress: progress of the trial, kept up to date; also holds the number of parts of a batch.
        compiled: compiled models of earlier trials.
    """

    def __init__(
        self,
        request: TrialRequest,
        data: PreparedData,
        identity: str,
        progress: Progress,
        compiled: CompiledModels,
    ) -> None:
        candidate = request.candidate
        self.request, self.data, self.progress = request, data, progress
        self._identity = identity
        keras.utils.set_random_seed(request.seed)
        self.batches = TrainingBatches(
            data, candidate.training.batch_size, request.seed, candidate.loss.images_per_class, progress.parts
        )
        plan = BatchPlan(self.batches.batch_size, self.batches.steps, progress.parts)
        extras = request.extras
        # A fitted head would depend on examples whose gradients were not combined.
        fits_head = extras.combine_gradients is None
        if fits_head and (head := fitted_start(request, data, progress, compiled.frozen)) is not None:
            extras = replace(extras, head=head)
        self.model, self.network_to_save = compiled.build(candidate, data, plan, extras)
        self._evaluations = Evaluations(request, data, self.model, progress, self.batches.batch_size)
        self._interval = Interval()
        self._speed = Speed(request.evaluation_seconds)
        self._is_compiled = False

    @property
    def epoch_images(self) -> int:
        """Training images in an epoch."""
        return self.data.info.train_size

    @property
    def total_images(self) -> int:
        """Training images in a full training."""
        return self.request.candidate.training.epochs * self.epoch_images

    @property
    def images(self) -> int:
        """Training images seen; those that the last batch of an epoch leaves out count as seen."""
        return self.progress.steps * self.epoch_images // self.batches.steps

    @property
    def last_step(self) -> int:
        """The step at which training ends."""
        full = self.request.candidate.training.epochs * self.batches.steps
        return full if self.progress.ends_at is None else min(full, self.progress.ends_at)

    @property
    def finishes_early(self) -> bool:
        """Whether the learning rate decays before the full training is over."""
        return self.progress.ends_at is not None

    def stops_early(self) -> bool:
        """Return whether early stopping ends the training now; a decay that is left to do is begun instead."""
        settings, progress = self.request.candidate.training, self.progress
        if settings.patience is None or progress.epoch - progress.best_epoch < settings.patience:
            return False
        decays = settings.schedule == "wsd"
        if self.finishes_early or (decays and progress.steps > decay_start_of(settings.epochs * self.batches.steps)):
            return False
        if decays:
            # The decay will still improve the metric.
            self.finish_early()
            return False
        progress.notes.append(f"stopped early after {progress.epoch:.3g} of {settings.epochs} epochs")
        return True

    def step_at(self, images: int) -> int:
        """Return the first step after which the given number of images is seen, at most the last step."""
        step = -(-images * self.batches.steps // self.epoch_images)
        parts = self.progress.parts
        return min(-(-step // parts) * parts, self.last_step)

    def resume(self) -> None:
        """Resume from the trial's checkpoint, if there is one."""
        found = restore_checkpoint(self.request.directory / CHECKPOINT_FILE, self._identity, self.model)
        if found is not None:
            found.parts = self.progress.parts
            found.notes = list(dict.fromkeys([*self.progress.notes, *found.notes]))
            self.progress.take(found)

    def fit(self, step: int) -> None:
        """Train up to a step.

        Raises:
            TrainingError: if the loss or a weight is no longer finite.
        """
        self.request.on_phase("training" if self._is_compiled else "compiling")
        while self.progress.steps < step:
            epoch, start = divmod(self.progress.steps, self.batches.steps)
            stop = min(self.batches.steps, start + step - self.progress.steps)
            started = time.perf_counter()
            loss = fit_batches(self.model, self.batches, epoch, (start, stop), self._first_batch_callbacks())
            seconds = time.perf_counter() - started
            self._interval.add(loss, stop - start, seconds)
            self._speed.note(stop - start, seconds)
            self.progress.steps += stop - start

    def _first_batch_callbacks(self) -> list[keras.callbacks.Callback]:
        if self._is_compiled:
            return []

        def compiled(*_: object, **__: object) -> None:
            if not self._is_compiled:
                self._is_compiled = True
                self.request.on_phase("training")

        return [keras.callbacks.LambdaCallback(on_train_batch_end=compiled)]

    def measure_pace(self, startup_seconds: float) -> Pace:
        """Train a few batches and return the measured pace.

        Args:
            startup_seconds: seconds since the trial was started.
        """
        first, parts = self.progress.steps, self.progress.parts
        goal = min(first + parts * min(PACE_STEPS, self.batches.steps // parts), self.last_step)
        started = time.perf_counter()
        while self.progress.steps < goal:
            # Large networks on a busy machine may need seconds for a batch.
            left = min(PACE_SECONDS - (time.perf_counter() - started), self.seconds_left / 4)
            if self._speed.steps_per_second is not None and left <= 0:
                break
            self.fit(min(goal, self.step_within(left)))
        if self.seconds_left > 0:
            self._speed.evaluation = self._evaluations.measure(self.images)
        trained, steps = time.perf_counter() - started, self.progress.steps - first
        rate = self._speed.steps_per_second or steps / trained
        startup = startup_seconds + max(0.0, trained - steps / rate)
        return Pace(startup, rate * self.epoch_images / self.batches.steps, self._speed.evaluation)

    @property
    def seconds_left(self) -> float:
        """Seconds until the deadline; infinite without one."""
        deadline = self.request.deadline
        return math.inf if deadline is None else deadline - time.monotonic()

    def evaluate(self, images: int | None = None) -> Evaluation:
        """Evaluate on the validation split, or early in training on a fixed sample, and extend the learning curve.

        If weights are averaged, the average is evaluated. The weights are kept if they are the best so far.

        Args:
            images: the training images after which this evaluation was due, a rung for instance; training stops with
                the first batch that completes them. None for the images seen.
        """
        images = self.images if images is None else images
        started = time.perf_counter()
        self.request.on_phase("evaluating")
        found = self._evaluations.validate(images, whole=self.progress.steps >= self.last_step)
        self._speed.evaluation = time.perf_counter() - started
        return self._add_point(found, images, self._interval.seconds + self._speed.evaluation)

    def _add_point(self, found: Evaluated, images: int, seconds: float) -> Evaluation:
        point = {
            "epoch": images / self.epoch_images,
            "images": images,
            "seconds": seconds,
            "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            "train_loss": self._interval.mean_loss,
        }
        if self._evaluations.is_sampled(found):
            point["validation_images"] = found.count
        self.progress.curve.append({**point, **found.metrics})
        self._interval = Interval()
        return Evaluation(
            images=images,
            total_images=self.total_images,
            epoch=point["epoch"],
            epochs=self.request.candidate.training.epochs,
            metrics=found.metrics,
            seconds=seconds,
            total_seconds=self.progress.seconds,
            cost=dict(self.progress.cost),
            is_last=self.progress.steps >= self.last_step,
        )

    def save(self) -> None:
        """Write a checkpoint."""
        save_checkpoint(self.request.directory / CHECKPOINT_FILE, self._identity, self.model, self.progress)

    def finish_early(self, seconds: float = math.inf) -> None:
        """Start the final decay of the learning rate, at the end of which training ends.

        A checkpoint of now is kept, so that the training can be continued later.

        Args:
            seconds: time for the decay if a deadline is the reason; it may be shorter then.
        """
        now, parts = self.progress.steps, self.progress.parts
        length = max(1, round(now * DECAY_SHARE / (1 - DECAY_SHARE)))
        if math.isfinite(seconds):
            length = min(length, self._speed.steps_within(seconds))
        length = -(-length // parts) * parts
        end = min(now + length, self.last_step)
        self.save()
        keep_decay_checkpoint(self.request.directory)
        self.progress.decay_start, self.progress.ends_at = now, end
        self.progress.cut_short = math.isfinite(seconds)
        schedule_of(self.model.optimizer).decay_from(now, end)
        self.save()

    def seconds_to(self, step: int) -> float:
        """Estimate the time to train up to a step and evaluate there; 0 before anything is measured."""
        speed = self._speed
        if not speed.steps_per_second:
            return speed.evaluation
        return (step - self.progress.steps) / speed.steps_per_second + speed.evaluation

    def seconds_to_finish(self) -> float:
        """Estimate the time to finish now: the full decay and one evaluation."""
        wanted = round(self.progress.steps * DECAY_SHARE / (1 - DECAY_SHARE))
        return self.seconds_to(min(self.progress.steps + wanted, self.last_step)) + self._speed.evaluation

    def step_within(self, seconds: float) -> int:
        """Return the step that training reaches in the given time; a few batches ahead if nothing is measured."""
        parts = self.progress.parts
        return self.progress.steps + -(-self._speed.steps_within(seconds) // parts) * parts

    def hasten(self, seconds: float) -> None:
        """Bring the end of the final decay forward if the machine has become too slow to reach it.

        Args:
            seconds: time that is left for training.
        """
        rate, progress = self._speed.steps_per_second, self.progress
        if not rate or progress.decay_start is None:
            return
        steps = -(-max(1, int(seconds * rate)) // progress.parts) * progress.parts
        if progress.steps + steps < self.last_step:
            progress.ends_at = progress.steps + steps
            schedule_of(self.model.optimizer).decay_from(progress.decay_start, progress.ends_at)

    def load_best(self) -> Evaluated:
        """Load the best weights into the network and evaluate them on the whole validation split."""
        self.model.network.set_weights(self.progress.weights)
        self.network_to_save.set_weights(self.progress.weights)
        return self._evaluations.best()

    def evaluate_split(self, split: SplitName) -> Evaluated:
        """Evaluate the network on a whole split."""
        return self._evaluations.of_split(split)
