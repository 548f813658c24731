"""Studies with runs and results, written through the store's own functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine

from automap.store import results, runs, studies
from automap.store.result import Result
from automap.store.runs import NewRun, RunKind
from automap.store.studies import NewStudy, StudyRow
from automap.store.study_store import StudyStore

ACCURACY = ({"metric": "accuracy", "direction": "maximize"},)
ACCURACY_AND_LATENCY = (*ACCURACY, {"metric": "latency", "direction": "minimize"})


def make_study(
    engine: Engine,
    name: str = "digits",
    *,
    objectives: Sequence[Mapping[str, Any]] = ACCURACY,
    trial_budget: int | None = None,
    task: str = "classification",
    spec: Mapping[str, Any] | None = None,
) -> StudyRow:
    """Create a study."""
    new = NewStudy(
        name=name,
        spec_text="dataset: {type: sklearn, name: digits}\n",
        spec={"name": name, "task": {"type": task}, **(spec or {})},
        objectives=[dict(objective) for objective in objectives],
        data_fingerprint="f00d",
        environment={"python": "3.11"},
        run_directory=f"/data/{name}",
        trial_budget=trial_budget,
    )
    return studies.create_study(engine, new)[0]


def candidate(architecture: str = "resnet", **fields: Any) -> dict[str, Any]:
    """Return a candidate in the spec's notation."""
    learning_rate = fields.pop("learning_rate", 0.001)
    return {
        "task": {"type": "classification"},
        "dataset": {"type": "sklearn", "name": "digits"},
        "architecture": {"type": architecture, **fields},
        "augmentation": [{"type": "none"}],
        "optimizer": {"type": "adamw", "learning_rate": learning_rate},
        "loss": {"type": "cross_entropy"},
        "training": {"epochs": 3, "batch_size": 32},
    }


def complete(accuracy: float, **more: Any) -> Result:
    """Return the result of a training that went well."""
    cost = {"parameters": 12_345.0, "latency_ms": more.pop("latency", 1.5), "train_seconds": 20.0}
    return Result(
        state="complete",
        validation={"accuracy": accuracy, "log_loss": round(1 - accuracy, 6)},
        cost=cost,
        artifacts=more.pop("artifacts", None),
        **more,
    )


def add_trial(
    engine: Engine,
    study: StudyRow,
    trial: int,
    result: Result,
    *,
    seed: int | None = None,
    of: Mapping[str, Any] | None = None,
) -> None:
    """Write a finished trial, or with a seed a finished training of a finalist."""
    kind: RunKind = "search" if seed is None else "final"
    new = NewRun(trial, kind, trial if seed is None else seed, candidate() if of is None else of, 3)
    run = runs.start_run(StudyStore(engine, study.id), new, "writer")
    assert results.finish(engine, run.id, "writer", result)


def add_finalist(engine: Engine, study: StudyRow, trial: int, values: Sequence[float], **more: Any) -> None:
    """Write the trainings of a finalist, one for each validation accuracy; tests are one hundredth lower."""
    for index, value in enumerate(values):
        result = complete(value, test={"accuracy": value - 0.01}, artifacts=f"final-{trial}-{index}")
        add_trial(engine, study, trial, result, seed=1000 + index, **more)
