"""automap: declarative, plugin-based AutoML for images. This module is the public plugin interface."""

from automap.exceptions import AutomapError, DataError, PluginError, RunError, StorageError, UserError
from automap.spec.component import Component, tunable
from automap.spec.kinds import (
    Architecture,
    Augmentation,
    BadRecord,
    DataInfo,
    Dataset,
    Evaluator,
    Features,
    Fraction,
    LossComponent,
    Metric,
    OptimizerComponent,
    Record,
    Splits,
    Task,
)

__all__ = [
    "Architecture",
    "Augmentation",
    "AutomapError",
    "BadRecord",
    "Component",
    "DataError",
    "DataInfo",
    "Dataset",
    "Evaluator",
    "Features",
    "Fraction",
    "LossComponent",
    "Metric",
    "OptimizerComponent",
    "PluginError",
    "Record",
    "RunError",
    "Splits",
    "StorageError",
    "Task",
    "UserError",
    "tunable",
]
