"""Sections of the spec that are the same for every trial: the budget, the search and the finalists."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from automap.interfaces.component import Component
from automap.interfaces.dataset import Dataset
from automap.interfaces.sampler import Sampler
from automap.interfaces.scheduler import Scheduler
from automap.spec.parse_space import parse_component
from automap.spec.places import studies_beside
from automap.spec.plugins import kind_name
from automap.spec.quantities import Duration
from automap.spec.space import ComponentSpace, component_data

MAX_TRIALS = 1_000_000
MAX_SEED = 2**31 - 1
"""The seeds of trials follow the study's seed; NumPy and Keras accept seeds below 2**32."""


class Section(BaseModel):
    """A part of a spec that is the same for every trial."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class Budget(Section):
    """When the search ends: whichever limit is reached first."""

    trials: int | None = Field(None, ge=1, le=MAX_TRIALS, description="number of trials")
    time: Duration | None = Field(None, description="time of the whole search, finalists included")
    target: float | None = Field(None, description="stop once the first objective reaches this value")

    @model_validator(mode="after")
    def _has_a_limit(self) -> Budget:
        if self.trials is None and self.time is None and self.target is None:
            raise ValueError("a budget needs at least one of trials, time and target")
        return self


C = TypeVar("C", bound=Component)


def parse_fixed(kind: type[C], data: Any, info: ValidationInfo) -> C:
    """Read a component that is the same for every trial and has no searched hyperparameters."""
    if isinstance(data, kind):
        return data
    name = "data set" if kind is Dataset else kind_name(kind.group)
    if isinstance(data, str):
        data = {"type": data}
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise ValueError(f"expected the name of a {name} or a mapping with 'type'; it is the same for every trial")
    # The parser of search spaces knows unknown fields and their nearest names; the context resolves relative paths.
    space = parse_component(kind.group, data)
    model = cast(type[C], cast(ComponentSpace, space).model)
    return model.model_validate({key: value for key, value in data.items() if key != "type"}, context=info.context)


def as_list(data: Any) -> Any:
    """Return a list or tuple as it is, and anything else as a list of one."""
    return data if isinstance(data, list | tuple) else [data]


class SearchSettings(Section):
    """Settings of the search."""

    sampler: Annotated[Sampler, PlainValidator(partial(parse_fixed, Sampler)), PlainSerializer(component_data)] = Field(
        "tpe", description="proposes the candidates", validate_default=True
    )
    scheduler: Annotated[
        Scheduler, PlainValidator(partial(parse_fixed, Scheduler)), PlainSerializer(component_data)
    ] = Field("promotion", description="decides which trials are trained further", validate_default=True)
    warm_start: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        (),
        description="earlier studies, by name or spec file: the sampler learns from trials on the same data, and the "
        "best candidates of studies on other data are tried first",
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of the sampler and of every trial")

    @field_validator("warm_start")
    @classmethod
    def _spec_files_beside_spec(cls, studies: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return studies_beside(studies, (info.context or {}).get("folder"))


class Finalists(Section):
    """The best candidates, retrained at full length with several seeds and tested once."""

    top: int = Field(3, ge=0, le=1000, description="number of candidates; 0 for none")
    seeds: int = Field(3, ge=1, le=1000, description="trainings of each candidate")
