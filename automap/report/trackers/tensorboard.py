"""Event files for TensorBoard: curves under *Scalars*, hyperparameters under *HParams*."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from automap.interfaces.tracker import TrackedStudy, Tracker


class TensorBoard(Tracker):
    """Writes a folder for each trial; its steps are training images. Needs no TensorFlow."""

    packages: ClassVar[Sequence[str]] = ("tensorboard",)

    def write(self, study: TrackedStudy, folder: Path) -> None:
        """Write ``trial-00000/events.out.tfevents…`` and so on; see `Tracker.write`."""
        from tensorboard.plugins.hparams import summary_v2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        for trial in study.trials:
            writer = EventFileWriter(str(folder / f"trial-{trial.number:05d}"))
            start = trial.started_at.timestamp()
            values = {"state": trial.state, **trial.hyperparameters}
            writer.add_event(_event(summary_v2.hparams_pb(values, f"trial {trial.number}", start), 0, start))
            for point in trial.curve:
                writer.add_event(_event(_scalars(point.metrics), point.images, start))
            last = trial.curve[-1].images if trial.curve else 0
            end = trial.ended_at.timestamp() if trial.ended_at else start
            writer.add_event(_event(_scalars(trial.metrics), last, end))
            writer.close()


def _event(summary: Any, step: int, time: float) -> Any:
    from tensorboard.compat.proto import event_pb2

    return event_pb2.Event(summary=summary, step=step, wall_time=time)


def _scalars(values: Mapping[str, float]) -> Any:
    from tensorboard.compat.proto import summary_pb2

    return summary_pb2.Summary(
        value=[summary_pb2.Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
    )
