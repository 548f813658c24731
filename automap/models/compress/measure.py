"""Measuring an exported file in its own runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from automap.data.prepare import PreparedData
from automap.interfaces.sample import SplitName
from automap.models.export.export import Exported
from automap.models.load import load_model
from automap.models.model import LoadedModel
from automap.store.result import Result

BATCH = 64


def measured(exported: Exported, data: PreparedData, folder: Path) -> Result:
    """Return the metrics on whole splits, size and latency of an exported file.

    Args:
        exported: the file.
        data: the data set.
        folder: the run's folder.
    """
    model = load_model(exported.path)
    latency = exported.verification.exported
    return Result(
        state="complete",
        validation=split_metrics(model, data, "validation"),
        test=split_metrics(model, data, "test") if len(data.splits["test"]) else None,
        cost={
            "size_bytes": float(exported.size),
            "latency_ms": latency.median,
            "latency_p95_ms": latency.p95,
        },
        artifacts=folder.name,
    )


def split_metrics(model: LoadedModel, data: PreparedData, split: SplitName) -> dict[str, float]:
    """Return a model's metrics on a whole split."""
    records = np.asarray(data.splits[split])
    evaluator = model.task.evaluator(data.info, data.verification_pairs(split))
    for start in range(0, len(records), BATCH):
        part = records[start : start + BATCH]
        inputs = data.inputs(part)
        evaluator.update(np.asarray(data.targets[part]), model.runtime.run(inputs), inputs)
    return evaluator.compute()
