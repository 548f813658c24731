"""Offline runs for Weights & Biases: one for each trial, to upload with ``wandb sync``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from automap.interfaces.tracker import TrackedStudy, Tracker


class WeightsAndBiases(Tracker):
    """Writes a folder for each trial; nothing is sent anywhere."""

    packages: ClassVar[Sequence[str]] = ("wandb",)

    def write(self, study: TrackedStudy, folder: Path) -> None:
        """Write ``wandb/offline-run-…`` for each trial, in a group named after the study; see `Tracker.write`."""
        import wandb

        settings = wandb.Settings(
            mode="offline",
            silent=True,
            console="off",
            disable_git=True,
            save_code=False,
            x_disable_stats=True,
            x_disable_meta=True,
        )
        for trial in study.trials:
            run = wandb.init(
                project="automap",
                group=study.name,
                name=f"trial {trial.number}",
                config={"state": trial.state, **trial.hyperparameters},
                dir=str(folder),
                settings=settings,
            )
            for point in trial.curve:
                run.log({"images": point.images, **point.metrics})
            run.summary.update(dict(trial.metrics))
            run.finish(exit_code=int(trial.state == "failed"))
