"""Samples: what a data set yields, before anything is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

SplitName = Literal["train", "validation", "test"]

IMAGE = "image"
"""Name of the image among a sample's inputs and among the inputs of a network."""


InputKind = Literal["image", "number", "category", "text"]


class ExtraInput(NamedTuple):
    """An input of a data set beside the image."""

    name: str
    """Among a sample's inputs and among those of a network: letters, digits and ``_``."""
    kind: InputKind | None
    """None if it is not known until the data set can be read."""
    column: str
    """Of the table that it comes from, as the user calls it."""
    keep: float | None = None
    """Probability with which a training step sees it; None for that of the fusion."""


@runtime_checkable
class ImageSource(Protocol):
    """Creates an image or a mask at decoding time, in another process; small and picklable."""

    @property
    def version(self) -> str:
        """Changes whenever the image does."""

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels without creating the image; None if they are unknown."""

    def decode(self, shape: tuple[int, int, int] | None, resize: Literal["pad", "crop", "stretch"]) -> Any:
        """Return uint8 pixels.

        Args:
            shape: height, width and channels to fit the image into; None for the whole image, or for a mask
                ``(height, width)``.
            resize: how an image of another shape is resized.
        """


@runtime_checkable
class FileSource(ImageSource, Protocol):
    """An `ImageSource` that shows a file, whose values may have more than 8 bits."""

    @property
    def file(self) -> Path:
        """The file: its values count when the value range of the data set is found."""

    def with_range(self, source_range: tuple[float, float]) -> ImageSource:
        """Return the same image with its values scaled from the data set's range to 8 bits.

        Args:
            source_range: the values of the file that become 0 and 255.
        """


class Sample(NamedTuple):
    """One sample of a data set, not yet decoded."""

    name: str
    """Unique within the data set and stable between runs, for instance the path relative to its root."""
    inputs: Mapping[str, Path | bytes | np.ndarray[Any, Any] | ImageSource | float | str]
    """The network's inputs by name. ``image`` comes first: a file, an encoded image, values ``(height, width)`` or
    ``(height, width, channels)`` of any numeric type, or an `ImageSource`. Those of `Dataset.extra_inputs` follow, in
    their order: an image in the same forms, a number (NaN if it is missing), or a category or a text (empty if it is
    missing)."""
    target: Any
    """What the task predicts, by the data set's `Dataset.target`:

    - ``label``: the class name;
    - ``labels``: the names of all classes of the image, a tuple;
    - ``numbers``: a tuple of floats;
    - ``boxes``: a list of ``(class name, left, top, right, bottom)`` in pixels of the upright image, right and bottom
      exclusive, with True at the end for an object that is ignored in training and evaluation, or ``"crowd"`` for a
      region of many objects that is; or `Boxes`;
    - ``mask``: an image of the same size whose values are indices into `Dataset.class_names`, 255 for none;
    - ``image``: an image `Dataset.scale` times as high and wide.

    Masks and images are given in the same forms as ``inputs["image"]``.
    """
    version: str = ""
    """Changes whenever the image does; if empty, size and time of the file, or a hash of the content, are used."""
    group: str | None = None
    """Samples of one group never fall into different splits."""
    split: SplitName | None = None
    """The split that the data set itself assigns; None to let automap assign one."""

    @property
    def image(self) -> Path | bytes | np.ndarray[Any, Any] | ImageSource:
        """The first input."""
        return cast("Path | bytes | np.ndarray[Any, Any] | ImageSource", self.inputs[IMAGE])


class Boxes(list[tuple[Any, ...]]):
    """The boxes of an image (see `Sample.target`), and the size of the image over which they were drawn.

    Annotation files give that size. If it is the size of the stored image and EXIF rotates the image, the boxes are
    rotated with it; if it is another size, the sample is bad.

    Args:
        boxes: as `Sample.target` has them.
        size: height and width in pixels; None if it is not known.
    """

    def __init__(self, boxes: Iterable[tuple[Any, ...]] = (), size: tuple[int, int] | None = None) -> None:
        super().__init__(boxes)
        self.size = size

    def __repr__(self) -> str:
        return f"Boxes({super().__repr__()}, {self.size})"


class BadSample(NamedTuple):
    """Something found where a sample was expected, with the reason why it cannot be used."""

    name: str
    reason: str
    """Short, and the same for every sample with this fault, because faults are counted by reason."""
    detail: str = ""
    """Details of this sample, such as the size of an image that is too large."""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


class Notice(NamedTuple):
    """Something that a data set left out or changed, and that the user should know about.

    Unlike a `BadSample`, it is not a fault of a sample and does not count against `Dataset.max_bad`.
    """

    name: str
    """Of the file or entry."""
    reason: str
    """A plural such as ``masks without an image``, the same for all of one kind: notices are counted by reason."""
