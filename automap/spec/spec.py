"""The spec: the data, the search space and the objectives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from automap.interfaces.dataset import Dataset
from automap.interfaces.encoder import EncoderKind
from automap.interfaces.fusion import Fusion
from automap.interfaces.task import Task
from automap.spec.compression import Compression
from automap.spec.defaults import default_augmentation, default_loss, default_objectives, infer_task, task_class
from automap.spec.ensemble import EnsembleSettings
from automap.spec.features import encoders_for, has_features
from automap.spec.objectives import Constraint, Objective, assume_direction, check_metric, expand_objective
from automap.spec.parse_space import parse_component, parse_model, recommended_choices
from automap.spec.places import runs_beside, storage_url, temporary_folder
from automap.spec.pretrained import has_pretrained, search_fine_tuning
from automap.spec.sections import Budget, Finalists, SearchSettings, Section, as_list, parse_fixed
from automap.spec.space import ComponentSpace, Space, component_data, dump_space
from automap.spec.suitability import refuse_augmentations, refuse_losses
from automap.spec.training import TrainingSettings
from automap.spec.validation import spec_error


def _hyperparameters(group: str) -> tuple[PlainValidator, PlainSerializer]:
    return PlainValidator(partial(parse_component, group)), PlainSerializer(dump_space)


ArchitectureSpace = Annotated[Space, *_hyperparameters("automap.architectures")]
EncoderSpace = Annotated[Space, *_hyperparameters("automap.encoders")]
FusionSpace = Annotated[Space, *_hyperparameters("automap.fusions")]
AugmentationSpace = Annotated[Space, *_hyperparameters("automap.augmentations")]
OptimizerSpace = Annotated[Space, *_hyperparameters("automap.optimizers")]
LossSpace = Annotated[Space, *_hyperparameters("automap.losses")]
TaskSpace = Annotated[Space, *_hyperparameters("automap.tasks")]
TrainingSpace = Annotated[
    ComponentSpace, PlainValidator(partial(parse_model, TrainingSettings)), PlainSerializer(dump_space)
]


class Spec(Section):
    """A validated spec with defaults for everything that was left out.

    It may come from a file or from Python. `to_data` returns the resolved spec, which is a valid spec itself.
    """

    name: str = Field(
        "study",
        pattern=r"^[\w][\w.-]*$",
        max_length=100,
        description="the study's name; if left out, the file name without its extension",
    )
    dataset: Annotated[Dataset, PlainValidator(partial(parse_fixed, Dataset)), PlainSerializer(component_data)]
    task: TaskSpace = Field(default_factory=infer_task, description="if left out, inferred from the data set")
    architecture: ArchitectureSpace = Field(default_factory=partial(recommended_choices, "automap.architectures"))
    encoders: Mapping[EncoderKind, EncoderSpace] = Field(
        {}, description="encoders of the data set's features: table for numbers and categories, text for texts"
    )
    fusion: FusionSpace | None = Field(
        None, description="combines the image with the data set's features", validate_default=True
    )
    augmentation: Annotated[tuple[AugmentationSpace, ...], BeforeValidator(as_list)] = Field(
        default_factory=lambda data: default_augmentation(data),
        description="a pipeline, applied in this order",
    )
    optimizer: OptimizerSpace = Field(default_factory=partial(recommended_choices, "automap.optimizers"))
    loss: LossSpace = Field(default_factory=default_loss)
    training: TrainingSpace = Field(default_factory=partial(parse_model, TrainingSettings, {}))
    objectives: Annotated[tuple[Objective, ...], BeforeValidator(as_list)] = Field(
        default_factory=default_objectives,
        min_length=1,
        description="what to optimize; several give a Pareto front",
    )
    constraints: tuple[Constraint, ...] = Field((), description="what a result must satisfy")
    budget: Budget = Field(Budget(trials=50), description="when the search ends")
    search: SearchSettings = SearchSettings()
    finalists: Finalists = Finalists()
    ensemble: EnsembleSettings = EnsembleSettings()
    compress: tuple[Compression, ...] = Field(
        (), description="smaller and faster models of the winner, made at the end"
    )
    storage: str = Field("sqlite:///automap.db", description="URL of the database")
    runs: str | None = Field(
        None, description="run directory, a path or a URL such as s3://bucket/folder; if left out, next to the database"
    )
    cache: str | None = Field(
        None, description="URL or path where machines share decoded data; if left out, each machine decodes for itself"
    )

    @field_validator("objectives", mode="before")
    @classmethod
    def _expand_objectives(cls, data: Any, info: ValidationInfo) -> Any:
        task = info.data.get("task")
        if not isinstance(task, ComponentSpace):
            # The error of the task is reported; without a task, names of metrics cannot be checked.
            return [assume_direction(item) for item in as_list(data)]
        return [expand_objective(item, task_class(task)) for item in as_list(data)]

    @field_validator("constraints")
    @classmethod
    def _known_constraints(cls, constraints: tuple[Constraint, ...], info: ValidationInfo) -> tuple[Constraint, ...]:
        if isinstance(task := info.data.get("task"), ComponentSpace):
            for constraint in constraints:
                check_metric(constraint.metric, task_class(task))
        return constraints

    @field_validator("objectives")
    @classmethod
    def _distinct_objectives(cls, objectives: tuple[Objective, ...]) -> tuple[Objective, ...]:
        names = [objective.metric for objective in objectives]
        if len(set(names)) < len(names):
            raise ValueError(f"duplicate objective: {', '.join(names)}")
        return objectives

    @field_validator("task", mode="after")
    @classmethod
    def _one_task(cls, task: Space, info: ValidationInfo) -> Space:
        if not isinstance(task, ComponentSpace):
            raise ValueError("a study has one task: choices are not possible here")
        dataset, model = info.data.get("dataset"), task_class(task)
        if dataset is not None and dataset.target not in model.targets:
            raise ValueError(f"task '{task.type}' cannot learn from targets of the kind '{dataset.target}'")
        return task

    @field_validator("encoders", mode="after")
    @classmethod
    def _encoder_of_each_kind(
        cls, encoders: Mapping[EncoderKind, Space], info: ValidationInfo
    ) -> Mapping[EncoderKind, Space]:
        dataset = info.data.get("dataset")
        return encoders if dataset is None else encoders_for(dataset, encoders)

    @field_validator("fusion", mode="before")
    @classmethod
    def _fuses_features(cls, fusion: Any, info: ValidationInfo) -> Any:
        if info.data.get("dataset") is None:
            return fusion
        if has_features(info.data):
            return recommended_choices(Fusion.group) if fusion is None else fusion
        if fusion is not None:
            raise ValueError("fusion: the data set has no features to combine with the image; set dataset.features")
        return None

    @field_validator("augmentation", mode="after")
    @classmethod
    def _augmentation_serves_task(cls, pipeline: tuple[Space, ...], info: ValidationInfo) -> tuple[Space, ...]:
        task = info.data.get("task")
        if isinstance(task, ComponentSpace):
            refuse_augmentations(pipeline, str(task.type), task_class(task), has_features(info.data))
        return pipeline

    @field_validator("loss", mode="after")
    @classmethod
    def _loss_serves_task(cls, loss: Space, info: ValidationInfo) -> Space:
        task = info.data.get("task")
        if isinstance(task, ComponentSpace):
            refuse_losses(loss, str(task.type), task_class(task), info.data.get("augmentation", ()))
        return loss

    @field_validator("storage")
    @classmethod
    def _storage_beside_spec(cls, url: str, info: ValidationInfo) -> str:
        return storage_url(url, (info.context or {}).get("folder"))

    @field_validator("runs")
    @classmethod
    def _runs_beside_spec(cls, runs: str | None, info: ValidationInfo) -> str | None:
        folder = (info.context or {}).get("folder")
        return runs if runs is None or folder is None or "://" in runs else str(Path(folder, runs).absolute())

    @field_validator("cache")
    @classmethod
    def _cache_as_url(cls, cache: str | None, info: ValidationInfo) -> str | None:
        folder = (info.context or {}).get("folder", ".")
        return cache if cache is None or "://" in cache else f"file://{Path(folder, cache).absolute()}"

    @model_validator(mode="after")
    def _splits_as_the_task_needs(self) -> Self:
        asked, needed = self.dataset.splits.unseen_classes, self.task_class.unseen_classes
        if asked and not needed:
            raise ValueError(
                "dataset.splits.unseen_classes: the task learns its classes and cannot be evaluated on others"
            )
        if self.dataset.splits.pairs is not None and not (needed and asked is not False):
            raise ValueError(
                "dataset.splits.pairs: pairs of identities that are never trained on judge tasks such as "
                "face_recognition, with unseen_classes left as it is"
            )
        if asked is None and needed:
            splits = self.dataset.splits.model_copy(update={"unseen_classes": True})
            # The spec is still being built, so changing it is safe.
            self.__dict__["dataset"] = self.dataset.model_copy(update={"splits": splits})
        return self

    @model_validator(mode="after")
    def _fine_tuning_is_searched(self) -> Self:
        if has_pretrained(self.architecture):
            # The spec is still being built, so changing it is safe.
            self.__dict__["task"] = search_fine_tuning(cast(ComponentSpace, self.task))
            self.__dict__["training"] = search_fine_tuning(self.training)
        return self

    @model_validator(mode="wrap")
    @classmethod  # Defined last, so that it encloses every other validator.
    def _raise_spec_error(cls, data: Any, validate: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        try:
            return validate(data)
        except ValidationError as error:
            raise spec_error(cls, error, (info.context or {}).get("document")) from None

    @property
    def directions(self) -> tuple[Literal["maximize", "minimize"], ...]:
        """The direction of each objective."""
        return tuple(objective.direction for objective in self.objectives)

    @property
    def task_class(self) -> type[Task]:
        """The task's class."""
        return task_class(self.task)

    @property
    def run_directory(self) -> Path:
        """The local folder of the study's artifacts: `runs`, or next to the database.

        If `runs` is a URL, this is a temporary folder for runs in training.
        """
        if self.remote_runs is not None:
            return temporary_folder(self.remote_runs)
        return (Path(self.runs) if self.runs is not None else runs_beside(self.storage)) / self.name

    @property
    def remote_runs(self) -> str | None:
        """The URL of the study's artifacts; None if they are on this machine."""
        return None if self.runs is None or "://" not in self.runs else f"{self.runs.rstrip('/')}/{self.name}"

    @property
    def run_location(self) -> str:
        """The final location of the study's artifacts: a URL or a path."""
        return self.remote_runs or str(self.run_directory)

    def to_data(self) -> dict[str, Any]:
        """Return the resolved spec as plain data for YAML and JSON."""
        data = self.model_dump(mode="json", exclude_none=False)
        return data if self.fusion is not None else {k: v for k, v in data.items() if k not in ("encoders", "fusion")}
