"""automap: declarative, plugin-based AutoML for images. This module is the public interface.

Names are imported when they are first used, so that a command that needs only the errors starts at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automap.api.check import BuiltNetworks, SpecCheck, check
    from automap.api.models import load_model
    from automap.api.open import open_study
    from automap.api.plugins import Plugin, list_plugins, new_plugin
    from automap.api.search import SearchInterrupted, search
    from automap.api.study import Study
    from automap.data.recognise.proposal import Proposal, propose_spec
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
    from automap.interfaces.answer import Answer, Drawing, PixelAnswer, Placement
    from automap.interfaces.architecture import Architecture, Features, Preprocessing
    from automap.interfaces.array import Array
    from automap.interfaces.augmentation import Augmentation
    from automap.interfaces.component import Component, tunable
    from automap.interfaces.data_info import (
        BoxesInfo,
        CategoryInput,
        ClassesInfo,
        ColumnInput,
        DataInfo,
        ImageInfo,
        LabelInfo,
        LabelsInfo,
        MaskInfo,
        NumberInput,
        NumbersInfo,
        TargetImageInfo,
        TextInput,
    )
    from automap.interfaces.dataset import DataPath, Dataset, Fraction, Splits
    from automap.interfaces.encoder import Encoder
    from automap.interfaces.explainer import Explained, Explainer
    from automap.interfaces.exporter import Exporter
    from automap.interfaces.fusion import Fusion
    from automap.interfaces.loss import LossComponent
    from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
    from automap.interfaces.optimizer import OptimizerComponent
    from automap.interfaces.sample import BadSample, Boxes, ExtraInput, FileSource, ImageSource, Notice, Sample
    from automap.interfaces.sampler import (
        CategoricalHyperparameter,
        NumericHyperparameter,
        Sampler,
        SearchSpace,
    )
    from automap.interfaces.scheduler import (
        Decision,
        Evaluation,
        Measurement,
        Scheduler,
        StudyHistory,
        TrialHistory,
        geometric_rungs,
    )
    from automap.interfaces.task import Task
    from automap.interfaces.tracker import TrackedPoint, TrackedStudy, TrackedTrial, Tracker
    from automap.leaderboard.board import Leaderboard
    from automap.spec.candidate import Candidate
    from automap.spec.errors import SpecError
    from automap.spec.load import load_spec
    from automap.spec.schema import json_schema
    from automap.spec.spec import Spec
    from automap.workers.installation import Condition, inspect_machine

__all__ = [
    "Answer",
    "Architecture",
    "Array",
    "Augmentation",
    "AutomapError",
    "BadSample",
    "Boxes",
    "BoxesInfo",
    "BuiltNetworks",
    "Candidate",
    "CategoricalHyperparameter",
    "CategoryInput",
    "ClassesInfo",
    "ColumnInput",
    "Component",
    "Condition",
    "DataError",
    "DataInfo",
    "DataPath",
    "Dataset",
    "Decision",
    "Drawing",
    "Encoder",
    "Evaluation",
    "Evaluator",
    "Explained",
    "Explainer",
    "Exporter",
    "ExtraInput",
    "Features",
    "FileSource",
    "Fraction",
    "Fusion",
    "ImageInfo",
    "ImageSource",
    "LabelInfo",
    "LabelsInfo",
    "Leaderboard",
    "LossComponent",
    "MaskInfo",
    "Measurement",
    "Metric",
    "Notice",
    "NumberInput",
    "NumbersInfo",
    "NumericHyperparameter",
    "OptimizerComponent",
    "PixelAnswer",
    "Placement",
    "Plugin",
    "PluginError",
    "Preprocessing",
    "Proposal",
    "RunError",
    "Sample",
    "Sampler",
    "Scheduler",
    "SearchInterrupted",
    "SearchSpace",
    "Spec",
    "SpecCheck",
    "SpecError",
    "Splits",
    "StorageError",
    "Study",
    "StudyHistory",
    "TargetImageInfo",
    "Task",
    "TextInput",
    "TrackedPoint",
    "TrackedStudy",
    "TrackedTrial",
    "Tracker",
    "TrainingError",
    "TrialHistory",
    "UserError",
    "VerificationPairs",
    "WorkerError",
    "check",
    "geometric_rungs",
    "inspect_machine",
    "json_schema",
    "list_plugins",
    "load_model",
    "load_spec",
    "new_plugin",
    "open_study",
    "propose_spec",
    "search",
    "tunable",
]

_MODULES = {
    "automap.api.check": ("BuiltNetworks", "SpecCheck", "check"),
    "automap.api.models": ("load_model",),
    "automap.api.open": ("open_study",),
    "automap.api.plugins": ("Plugin", "list_plugins", "new_plugin"),
    "automap.api.search": ("SearchInterrupted", "search"),
    "automap.api.study": ("Study",),
    "automap.data.recognise.proposal": ("Proposal", "propose_spec"),
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
    "automap.interfaces.answer": ("Answer", "Drawing", "PixelAnswer", "Placement"),
    "automap.interfaces.architecture": ("Architecture", "Features", "Preprocessing"),
    "automap.interfaces.array": ("Array",),
    "automap.interfaces.augmentation": ("Augmentation",),
    "automap.interfaces.component": ("Component", "tunable"),
    "automap.interfaces.data_info": (
        "BoxesInfo",
        "CategoryInput",
        "ClassesInfo",
        "ColumnInput",
        "DataInfo",
        "ImageInfo",
        "LabelInfo",
        "LabelsInfo",
        "MaskInfo",
        "NumberInput",
        "NumbersInfo",
        "TargetImageInfo",
        "TextInput",
    ),
    "automap.interfaces.dataset": ("DataPath", "Dataset", "Fraction", "Splits"),
    "automap.interfaces.encoder": ("Encoder",),
    "automap.interfaces.explainer": ("Explained", "Explainer"),
    "automap.interfaces.exporter": ("Exporter",),
    "automap.interfaces.fusion": ("Fusion",),
    "automap.interfaces.loss": ("LossComponent",),
    "automap.interfaces.metric": ("Evaluator", "Metric", "VerificationPairs"),
    "automap.interfaces.optimizer": ("OptimizerComponent",),
    "automap.interfaces.sample": ("BadSample", "Boxes", "ExtraInput", "FileSource", "ImageSource", "Notice", "Sample"),
    "automap.interfaces.sampler": ("CategoricalHyperparameter", "NumericHyperparameter", "Sampler", "SearchSpace"),
    "automap.interfaces.scheduler": (
        "Decision",
        "Evaluation",
        "Measurement",
        "Scheduler",
        "StudyHistory",
        "TrialHistory",
        "geometric_rungs",
    ),
    "automap.interfaces.task": ("Task",),
    "automap.interfaces.tracker": ("TrackedPoint", "TrackedStudy", "TrackedTrial", "Tracker"),
    "automap.leaderboard.board": ("Leaderboard",),
    "automap.spec.candidate": ("Candidate",),
    "automap.spec.errors": ("SpecError",),
    "automap.spec.load": ("load_spec",),
    "automap.spec.schema": ("json_schema",),
    "automap.spec.spec": ("Spec",),
    "automap.workers.installation": ("Condition", "inspect_machine"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'automap' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value


class _Package(ModuleType):
    """`automap.search` is a function; the import system would put the package of that name in its place."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "search" or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
