"""Descriptions of the data that a model is built for; stored with every exported model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from automap.interfaces.sample import IMAGE

Resize = Literal["pad", "crop", "stretch"]


class _Info(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageInfo(_Info):
    """Decoded images: their shape, how they are fitted into it, and the statistics of the training split."""

    shape: tuple[int, int, int]
    """Height, width and channels."""
    resize: Resize = "pad"
    """How images of another shape are resized."""
    bit_depth: Literal[8, 16] = 8
    """Bits of each channel: pixels are uint8 or uint16."""
    source_range: tuple[float, float] | None = None
    """The source values that are stored as 0 and as the largest pixel value, one range for the whole data set; None if
    pixels are stored as they are. Pixels of 8 bits always span 0 to 255."""
    display_range: tuple[float, float] | None = None
    """The pixel values that previews show as black and white and that augmentations see as 0 and 255; None for all
    values that the bit depth allows."""
    mean: tuple[float, ...] = ()
    """Mean of each channel over the training split, in pixel values."""
    std: tuple[float, ...] = ()
    """Standard deviation of each channel over the training split, in pixel values."""
    column: str | None = None
    """The column of a further image; None for the first one."""

    @property
    def dtype(self) -> Literal["uint8", "uint16"]:
        """NumPy's name of the type of a pixel."""
        return "uint8" if self.bit_depth == 8 else "uint16"

    @property
    def max_value(self) -> int:
        """The largest pixel value: 255 or 65535."""
        return 255 if self.bit_depth == 8 else 65535

    @property
    def nbytes(self) -> int:
        """Size of a record in bytes."""
        return math.prod(self.shape) * self.bit_depth // 8


class ColumnInput(_Info):
    """Base of inputs that come from a column of a table beside the image."""

    column: str
    """Name of the column."""
    missing: float = 0.0
    """Fraction of the training samples without a value."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input of one sample."""
        return (1,)

    @property
    def dtype(self) -> Literal["float32", "int32"]:
        """NumPy's name of the type of its values."""
        return "int32"

    @property
    def nbytes(self) -> int:
        """Size of the input of one sample in bytes."""
        return 4 * math.prod(self.shape)


class NumberInput(ColumnInput):
    """A number for each sample: its value, which the network standardises, and 1; both are 0 if it is missing."""

    kind: Literal["number"] = "number"
    mean: float
    """Mean over the training split."""
    std: float
    """Standard deviation over the training split."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input of one sample."""
        return (2,)

    @property
    def dtype(self) -> Literal["float32", "int32"]:
        """NumPy's name of the type of its values."""
        return "float32"


MISSING, UNKNOWN = 0, 1
"""Indices of a missing category and of one that the training split does not have; padding and unknown words in texts.
Categories and words of the training split follow from 2."""


class CategoryInput(ColumnInput):
    """One of several categories for each sample, as its index, int32."""

    kind: Literal["category"] = "category"
    categories: tuple[str, ...]
    """Categories of the training split; the first has index 2."""


class TextInput(ColumnInput):
    """A text for each sample, as the indices of its words, int32; shorter texts are padded, longer ones are cut."""

    kind: Literal["text"] = "text"
    vocabulary: tuple[str, ...]
    """Words of the training split, the most frequent first; the first has index 2."""
    length: int
    """Number of words."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input of one sample."""
        return (self.length,)


InputInfo = ImageInfo | NumberInput | CategoryInput | TextInput


class ClassesInfo(_Info):
    """Base of targets that have classes."""

    classes: tuple[str, ...] = ()
    """Class names in the order of the logits."""
    class_counts: tuple[int, ...] = ()
    """Training samples of each class."""

    @model_validator(mode="after")
    def _count_each_class(self) -> Self:
        if self.class_counts and len(self.class_counts) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes, but {len(self.class_counts)} counts")
        return self

    @property
    def trained_classes(self) -> tuple[str, ...]:
        """The classes that have training samples; all of them unless the splits hold some back."""
        return tuple(name for name, count in zip(self.classes, self.class_counts, strict=True) if count)


class LabelInfo(ClassesInfo):
    """One class for each image."""

    kind: Literal["label"] = "label"


class LabelsInfo(ClassesInfo):
    """Any number of classes for each image."""

    kind: Literal["labels"] = "labels"


class MaskInfo(ClassesInfo):
    """A class for each pixel; `class_counts` counts the images that show a class."""

    kind: Literal["mask"] = "mask"


class BoxesInfo(ClassesInfo):
    """Boxes with a class each; `class_counts` counts the images that have a class."""

    kind: Literal["boxes"] = "boxes"
    max_boxes: int = 0
    """Most boxes of an image."""


class NumbersInfo(_Info):
    """One or more numbers for each image."""

    kind: Literal["numbers"] = "numbers"
    names: tuple[str, ...]
    mean: tuple[float, ...]
    """Mean of each number over the training split."""
    std: tuple[float, ...]
    """Standard deviation of each number over the training split."""


class TargetImageInfo(_Info):
    """An image for each image."""

    kind: Literal["image"] = "image"
    scale: int = 1
    """How many times as high and wide as the input the target is."""


TargetInfo = Annotated[
    LabelInfo | LabelsInfo | MaskInfo | BoxesInfo | NumbersInfo | TargetImageInfo, Field(discriminator="kind")
]

T = TypeVar("T", bound=_Info)


class DataInfo(_Info):
    """Describes the inputs and the target of a model."""

    inputs: Mapping[str, InputInfo]
    """Descriptions of the inputs by name; ``image`` comes first."""
    target: TargetInfo
    train_size: int
    """Number of training samples."""

    @field_validator("inputs")
    @classmethod
    def _has_image(cls, inputs: Mapping[str, InputInfo]) -> Mapping[str, InputInfo]:
        if not isinstance(inputs.get(IMAGE), ImageInfo):
            raise ValueError(f"there is no input named '{IMAGE}'")
        return inputs

    @property
    def image(self) -> ImageInfo:
        """The first input."""
        found = self.inputs[IMAGE]
        assert isinstance(found, ImageInfo)
        return found

    @property
    def extra_inputs(self) -> dict[str, InputInfo]:
        """The inputs beside the image, by name."""
        return {name: each for name, each in self.inputs.items() if name != IMAGE}

    def target_as(self, kind: type[T]) -> T:
        """Return the description of the target, which must be of the given kind.

        Raises:
            TypeError: if the data has another kind of target.
        """
        if not isinstance(self.target, kind):
            raise TypeError(f"expected a target of kind {kind.__name__}; received {type(self.target).__name__}")
        return self.target
