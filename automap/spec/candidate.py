"""A candidate: the spec with every hyperparameter set, enough to train the same model again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, ValidationInfo

from automap.interfaces.architecture import Architecture
from automap.interfaces.augmentation import Augmentation
from automap.interfaces.component import Component
from automap.interfaces.dataset import Dataset
from automap.interfaces.encoder import Encoder, EncoderKind
from automap.interfaces.fusion import Fusion
from automap.interfaces.loss import LossComponent
from automap.interfaces.optimizer import OptimizerComponent
from automap.interfaces.task import Task
from automap.spec.plugins import load_plugin
from automap.spec.space import component_data
from automap.spec.training import TrainingSettings

C = TypeVar("C", bound=Component)


def load_component(kind: type[C], data: Any, info: ValidationInfo | None = None) -> C:
    """Read a component without hyperparameters in the spec's notation.

    Raises:
        PluginError: if its type is unknown or broken.
        ValidationError: if a field is unknown or its value is invalid.
    """
    if isinstance(data, kind):
        return data
    fields = {"type": data} if isinstance(data, str) else dict(data)
    model = load_plugin(kind.group, fields.pop("type"))
    return cast(C, model.model_validate(fields, context=info.context if info else None))


def _loader(kind: type[C]) -> PlainValidator:
    return PlainValidator(lambda data, info: load_component(kind, data, info))


_as_data = PlainSerializer(component_data)


class Candidate(BaseModel):
    """The spec of one trial, with a value for every hyperparameter; as plain data it is a valid spec itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Annotated[Task, _loader(Task), _as_data]
    dataset: Annotated[Dataset, _loader(Dataset), _as_data]
    architecture: Annotated[Architecture, _loader(Architecture), _as_data]
    encoders: Mapping[EncoderKind, Annotated[Encoder, _loader(Encoder), _as_data]] = {}
    """Of the inputs beside the image, by the kind of their columns."""
    fusion: Annotated[Fusion, _loader(Fusion), _as_data] | None = None
    """None if the image is the only input."""
    augmentation: tuple[Annotated[Augmentation, _loader(Augmentation), _as_data], ...] = ()
    optimizer: Annotated[OptimizerComponent, _loader(OptimizerComponent), _as_data]
    loss: Annotated[LossComponent, _loader(LossComponent), _as_data]
    training: TrainingSettings = TrainingSettings()

    def to_data(self) -> dict[str, Any]:
        """Return the candidate in the spec's notation, as plain data that YAML and JSON can hold."""
        data = self.model_dump(mode="json")
        return data if self.fusion is not None else {k: v for k, v in data.items() if k not in ("encoders", "fusion")}
