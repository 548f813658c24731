"""automap: declarative, plugin-based AutoML for images. This module is the public interface.

Its names are imported when they are first used, so that a command which needs only the errors starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automap.exceptions import (
        AutomapError,
        DataError,
        PluginError,
        RunError,
        StorageError,
        TrainingError,
        UserError,
        WorkerError,
    )
    from automap.spec.candidate import Candidate
    from automap.spec.component import Component, tunable
    from automap.spec.errors import SpecError
    from automap.spec.kinds import (
        Architecture,
        Augmentation,
        BadRecord,
        DataInfo,
        DataPath,
        Dataset,
        Evaluator,
        Features,
        Fraction,
        ImageSource,
        LossComponent,
        Metric,
        OptimizerComponent,
        Record,
        Splits,
        Task,
    )
    from automap.spec.spec import Spec, load_spec

__all__ = [
    "Architecture",
    "Augmentation",
    "AutomapError",
    "BadRecord",
    "Candidate",
    "Component",
    "DataError",
    "DataInfo",
    "DataPath",
    "Dataset",
    "Evaluator",
    "Features",
    "Fraction",
    "ImageSource",
    "LossComponent",
    "Metric",
    "OptimizerComponent",
    "PluginError",
    "Record",
    "RunError",
    "Spec",
    "SpecError",
    "Splits",
    "StorageError",
    "Task",
    "TrainingError",
    "UserError",
    "WorkerError",
    "load_spec",
    "tunable",
]

_HOMES = {
    "automap.exceptions": (
        "AutomapError",
        "DataError",
        "PluginError",
        "RunError",
        "StorageError",
        "TrainingError",
        "UserError",
        "WorkerError",
    ),
    "automap.spec.candidate": ("Candidate",),
    "automap.spec.component": ("Component", "tunable"),
    "automap.spec.errors": ("SpecError",),
    "automap.spec.kinds": (
        "Architecture",
        "Augmentation",
        "BadRecord",
        "DataInfo",
        "DataPath",
        "Dataset",
        "Evaluator",
        "Features",
        "Fraction",
        "ImageSource",
        "LossComponent",
        "Metric",
        "OptimizerComponent",
        "Record",
        "Splits",
        "Task",
    ),
    "automap.spec.spec": ("Spec", "load_spec"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'automap' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
