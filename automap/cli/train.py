"""``automap train``: a candidate of a study again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automap.cli.selection import StorageOption
from automap.exceptions import UserError

if TYPE_CHECKING:
    from automap.api.adapting import Adapted
    from automap.api.retraining import Trained
    from automap.interfaces.scheduler import Evaluation


def train(
    model: Annotated[
        str, typer.Argument(help="STUDY:TRIAL, or STUDY for its winner.", metavar="STUDY:TRIAL", show_default=False)
    ],
    epochs: Annotated[int | None, typer.Option(help="Epochs.", min=1, show_default="those of the trial")] = None,
    seeds: Annotated[int, typer.Option(help="Trainings, each with a new seed.", min=1, max=1000)] = 1,
    all_data: Annotated[
        bool, typer.Option("--all-data", help="Train on the validation split too, for a model to be shipped.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Spec whose images are new, with classes that may be new too: the model goes on with all of them.",
            metavar="SPEC",
        ),
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Train a candidate again: longer, with other seeds, or on all data.

    Each training is a row of the leaderboard. After an interruption, the same command resumes it.

    Example: automap train flowers:12 --epochs 100 --seeds 3
    """
    from automap.api.retraining import Again, train_again
    from automap.cli.console import say
    from automap.cli.predict import without_tensorflow_messages

    def report(seed: int, evaluation: Evaluation) -> None:
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in evaluation.metrics.items())
        shown = "" if all_data else f": {numbers}"
        say(f"seed {seed}, epoch {evaluation.epoch:g} of {evaluation.epochs}{shown}")

    if data is not None and (all_data or seeds != 1):
        raise UserError("--data goes on with one model; leave out --all-data and --seeds")
    with without_tensorflow_messages():
        from automap.api.adapting import adapt
    if data is not None:
        _show_changes(adapt(model, data, epochs, report, storage))
        return
    for trained in train_again(model, Again(epochs, seeds, all_data), report, storage):
        _show(trained)


def _show(trained: Trained) -> None:
    from automap.cli.console import output_console
    from automap.spec.display import safe_text

    console, tests = output_console(), trained.result.test or {}
    console.print(safe_text(f"seed {trained.seed}: {trained.place}"), soft_wrap=True)
    for name in trained.result.validation or tests:
        found = [(split, metrics[name]) for split, metrics in _splits(trained) if name in metrics]
        line = ", ".join(f"{split} {value:.5g}" for split, value in found)
        console.print(safe_text(f"  {name}: {line}"), soft_wrap=True)


def _splits(trained: Trained) -> list[tuple[str, dict[str, float]]]:
    return [("validation", trained.result.validation), ("test", trained.result.test or {})]


def _show_changes(adapted: Adapted) -> None:
    from automap.cli.console import output_console
    from automap.spec.display import safe_text

    console = output_console()
    console.print(safe_text(f"seed {adapted.seed}: {adapted.place}"), soft_wrap=True)
    if adapted.added:
        console.print(safe_text(f"new classes: {', '.join(adapted.added)}"), soft_wrap=True)
    for part, before, after in adapted.changes:
        console.print(safe_text(f"{part} images, validation:"), soft_wrap=True)
        for name, value in after.items():
            earlier = f"{before[name]:.5g} → " if name in before else ""
            console.print(safe_text(f"  {name}: {earlier}{value:.5g}"), soft_wrap=True)
