"""Data sets: sources of samples."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from automap.interfaces.component import Component
from automap.interfaces.data_info import Resize
from automap.interfaces.sample import BadSample, ExtraInput, Notice, Sample


def _parse_percent(value: Any) -> Any:
    if isinstance(value, str) and value.strip().endswith("%"):
        return float(value.strip()[:-1]) / 100
    return value


_Percent = Annotated[str, Field(pattern=r"^\s*[0-9.]+%\s*$")]

Fraction = Annotated[
    float,
    Field(ge=0, le=1),
    BeforeValidator(_parse_percent, json_schema_input_type=Annotated[float, Field(ge=0, le=1)] | _Percent),
]
"""A fraction between 0 and 1, written ``0.01`` or ``1%``."""


def _from_spec_folder(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    path = path.expanduser()
    return path if folder is None else Path(folder) / path


DataPath = Annotated[Path, AfterValidator(_from_spec_folder)]
"""A path in a spec; relative paths are resolved against the folder of the spec file."""

MAX_CHANNELS = 256
"""Most channels of an image."""


class Splits(BaseModel):
    """How samples are assigned to train, validation and test, unless the data set itself assigns them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: Fraction = Field(0.15, gt=0, lt=1, description="fraction of the samples used to select models")
    test: Fraction = Field(0.15, ge=0, lt=1, description="fraction of the samples used once, for finalists")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="seed of the assignment")
    unseen_classes: bool | None = Field(
        None,
        description="keep the samples of a class together, so that the classes of validation and test are never "
        "trained on; if left out, as the task needs it",
    )
    pairs: DataPath | None = Field(
        None,
        description="file of image pairs in the format of LFW's pairs.txt, on which the test metrics are computed; the "
        "test split is all images of the identities in it",
    )

    @model_validator(mode="after")
    def _leaves_samples_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError(
                f"validation ({self.validation:.0%}) and test ({self.test:.0%}) leave no samples to train on"
            )
        return self


class Dataset(Component, ABC):
    """A source of samples."""

    group: ClassVar[str] = "automap.datasets"
    target: ClassVar[str] = "label"
    """The kind of target (see `Sample.target`), from which the task is inferred."""

    splits: Splits = Splits()
    image_size: Annotated[int, Field(ge=8, le=4096)] | tuple[int, int] | None = Field(
        None,
        description="height and width after decoding, or one number for a square; if left out, chosen from the data",
    )
    channels: Annotated[int, Field(ge=1, le=MAX_CHANNELS)] | None = Field(
        None, description="1 for grey, 3 for colour, or any number of bands; if left out, found from the data"
    )
    bit_depth: Literal[8, 16] | None = Field(
        None, description="bits of each channel that are kept, 8 or 16; if left out, found from the data"
    )
    value_range: tuple[float, float] | None = Field(
        None,
        description="values to store as black and as white, of images with floats or more than 8 bits, such as [0, 1]; "
        "values outside are clipped and counted; if left out, found from the data where needed",
    )
    resize: Resize = Field("pad", description="how an image of another shape is fitted")
    max_bad: Fraction = Field(0.01, description="fraction of bad samples up to which they are skipped")

    @field_validator("value_range")
    @classmethod
    def _is_a_range(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not (math.isfinite(value[0]) and math.isfinite(value[1]) and value[0] < value[1]):
            raise ValueError(f"expected [low, high] with low below high; received [{value[0]:g}, {value[1]:g}]")
        return value

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in their order, for masks, whose values are indices; empty where samples name their class.

        Raises:
            DataError: if they cannot be read.
        """
        return ()

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the numbers, for targets that are numbers."""
        return ()

    @property
    def extra_inputs(self) -> tuple[ExtraInput, ...]:
        """The inputs of each sample beside its image."""
        return ()

    @property
    def scale(self) -> int:
        """How many times as high and wide as its input a target is, for targets that are images."""
        return 1

    @abstractmethod
    def samples(self) -> Iterator[Sample | BadSample | Notice]:
        """Yield every sample in a stable order without decoding it, and a `Notice` for what is left out or changed.

        Called once to look for a decoded copy in the cache, and again to decode the samples if there is none. Yield
        samples one by one: a data set may have millions.

        Raises:
            DataError: if the source is missing or is not what the spec says.
        """
