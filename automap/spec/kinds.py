"""The kinds of component that a plugin can add, each a base class with the method that does its work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from automap.spec.component import Component

if TYPE_CHECKING:
    import keras
    import numpy as np

    Features = dict[int, keras.KerasTensor]
else:
    # At run time the alias must exist without Keras, which is imported only where a model is built.
    Features = dict[int, Any]

Direction = Literal["maximize", "minimize"]
SplitName = Literal["train", "validation", "test"]


class Architecture(Component, ABC):
    """A backbone."""

    group: ClassVar[str] = "automap.architectures"

    @abstractmethod
    def build(self, inputs: keras.KerasTensor) -> Features:
        """Build the backbone on `inputs` and return its feature maps keyed by stride.

        Args:
            inputs: ``(batch, height, width, channels)``, normalised to about zero mean and unit variance.
                Any height and width from 8 upwards.

        Returns:
            Feature maps ``(batch, ceil(height / stride), ceil(width / stride), filters)`` keyed by their
            stride relative to the input, from fine to coarse. All that the backbone has, so that every task finds
            what its head needs; the coarsest one is the last.
        """


PLACED = frozenset({"segmentation_masks", "bounding_boxes", "target_images"})
"""Entries of a training batch that lie at places in the image."""


class Augmentation(Component, ABC):
    """A random change of training images together with their targets."""

    group: ClassVar[str] = "automap.augmentations"
    serves: ClassVar[frozenset[str]] = frozenset()
    """Entries of a batch that lie in the image and fit it afterwards: `PLACED` or some of them.

    A change of colours alone serves ``segmentation_masks`` and ``bounding_boxes`` by leaving them as they are, and
    cannot serve ``target_images``. A task with other such entries refuses the augmentation.
    """
    mixes: ClassVar[bool] = False
    """Whether it blends images and, in the same shares, their ``labels``; for tasks that are `Task.mixable` only."""

    @abstractmethod
    def build(self) -> Sequence[keras.Layer]:
        """Return the Keras layers to apply in order to each training batch.

        Each layer maps a dict to a dict of the same keys and shapes: ``images`` ``(batch, height, width,
        channels)``, float32, 0 to 255, and the targets that the task has: ``labels`` ``(batch, classes)``
        one-hot or soft; ``segmentation_masks`` ``(batch, height, width, 1)`` class indices, 255 for none;
        ``bounding_boxes``; ``target_images`` ``(batch, scale · height, scale · width, channels)``. It
        is called with ``training=True``.
        """


class OptimizerComponent(Component, ABC):
    """An optimizer."""

    group: ClassVar[str] = "automap.optimizers"
    adjustable: ClassVar[frozenset[str]] = frozenset({"learning_rate"})
    """The learning rate that `build` is given is read from variables. Others are attributes of the Keras optimizer with
    the same names, in whose place training puts variables before it is built."""

    learning_rate: float = Field(1e-3, gt=0)

    @abstractmethod
    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer.

        Args:
            learning_rate: a float or a ``keras.optimizers.schedules.LearningRateSchedule`` whose peak is
                ``self.learning_rate``.
            options: keywords of the base ``keras.Optimizer`` that training sets for every optimizer
                (``global_clipnorm``, ``use_ema``, ``ema_momentum``, ``gradient_accumulation_steps``).
        """


class LossComponent(Component, ABC):
    """A loss."""

    group: ClassVar[str] = "automap.losses"
    tasks: ClassVar[frozenset[str]] = frozenset({"classification"})
    """Names of the tasks that it serves."""
    mixable: ClassVar[bool] = True
    """Whether it takes labels that are shares of several classes, as augmentations that mix images make them."""

    @property
    def images_per_class(self) -> int | None:
        """How many images of a class a batch holds, for losses that compare images; None for any mix."""
        return None

    @abstractmethod
    def build(self, info: DataInfo) -> keras.Loss | keras.Layer:
        """Return the Keras loss; it takes targets as the task prepares them and raw outputs (logits).

        A loss that has weights of its own is a layer, called as ``layer(targets, outputs)``, that returns the
        mean loss of the batch: its weights are trained and kept in checkpoints with the network's, and are not part of
        the network that is saved.

        Args:
            info: the data that it is built for.
        """


@runtime_checkable
class ImageSource(Protocol):
    """What makes an image or a mask when it is decoded, in another process: small, and it can be pickled."""

    @property
    def version(self) -> str:
        """Changes whenever the image does."""

    def header(self) -> tuple[int, int, int] | None:
        """Return height, width and channels without making it; None if that is not known."""

    def decode(self, shape: tuple[int, int, int] | None, resize: Literal["pad", "crop", "stretch"]) -> Any:
        """Return uint8 pixels.

        Args:
            shape: height, width and channels to fit the image into; None for all of it, as a mask ``(height, width)``.
            resize: how an image of another shape is fitted.
        """


class Record(NamedTuple):
    """One image of a data set with its target, not yet decoded."""

    name: str
    """Unique within the data set and stable between runs, for instance the path relative to its root."""
    image: Path | bytes | np.ndarray[Any, Any] | ImageSource
    """A file, an encoded image, pixels ``(height, width)`` or ``(height, width, channels)``, or what makes an image."""
    target: Any
    """What the task predicts, by the data set's kind of `Dataset.target`:

    - ``label``: the class name;
    - ``labels``: the names of all classes that the image has, a tuple;
    - ``numbers``: a tuple of floats;
    - ``boxes``: a list of ``(class name, left, top, right, bottom)`` in pixels of the upright image, right and bottom
      exclusive;
    - ``mask``: an image of its size whose values are indices into `Dataset.class_names`, 255 for none;
    - ``image``: an image of `Dataset.scale` times its size.

    Masks and images are given as `image` is.
    """
    version: str = ""
    """Changes whenever the image does; left empty, size and time of a file or a hash of the content."""
    group: str | None = None
    """Records of one group never fall into different splits."""
    split: SplitName | None = None
    """The split that the data set itself assigns, None to let automap split."""


class BadRecord(NamedTuple):
    """Something found where a record was expected, with the reason why it cannot be used."""

    name: str
    reason: str


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
"""A share between 0 and 1, written ``0.01`` or ``1%``."""


def _from_spec_folder(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    path = path.expanduser()
    return path if folder is None else Path(folder) / path


DataPath = Annotated[Path, AfterValidator(_from_spec_folder)]
"""A path that a spec names; a relative one starts at the folder of the spec file."""


class Splits(BaseModel):
    """How records are shared out among train, validation and test, unless the data set itself says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: Fraction = Field(0.15, gt=0, lt=1, description="share of the records used to select")
    test: Fraction = Field(0.15, ge=0, lt=1, description="share of the records used once, for finalists")
    seed: int = Field(0, ge=0, description="seed of the assignment")
    unseen_classes: bool | None = Field(
        None,
        description="keep classes together, so that those of validation and test are never trained on; "
        "left out: as the task needs it",
    )
    pairs: DataPath | None = Field(
        None,
        description="file of pairs of images, as LFW's pairs.txt, by which the test split is judged; all images of the "
        "identities in it are that split",
    )


class Dataset(Component, ABC):
    """A source of images with their targets."""

    group: ClassVar[str] = "automap.datasets"
    target: ClassVar[str] = "label"
    """The kind of target (see `Record.target`), by which the task is inferred."""

    splits: Splits = Splits()
    image_size: Annotated[int, Field(ge=8, le=4096)] | tuple[int, int] | None = Field(
        None,
        description="height and width after decoding, one number for a square; left out: fitted to the data",
    )
    channels: Literal[1, 3] | None = Field(
        None, description="1 for grey, 3 for colour; left out: grey if every image is"
    )
    resize: Literal["pad", "crop", "stretch"] = Field("pad", description="how an image of another shape is fitted")
    max_bad: Fraction = Field(0.01, description="share of bad records up to which they are skipped")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in their order, for masks, whose values are indices; empty where records name them.

        Raises:
            DataError: if they cannot be read.
        """
        return ()

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the numbers, for targets that are numbers."""
        return ()

    @property
    def scale(self) -> int:
        """How many times as high and wide as its image a target is, for targets that are images."""
        return 1

    @abstractmethod
    def records(self) -> Iterator[Record | BadRecord]:
        """Describe every record, in a stable order, without decoding images.

        Called once to see whether the decoded records are there already, and once more to decode them if they are
        not; a million records pass through one by one, so keep none.

        Raises:
            DataError: if the source is missing or is not what the spec says.
        """


class DataInfo(BaseModel):
    """What a model must know of the data that it was made for; it is stored with every exported model."""

    model_config = ConfigDict(frozen=True)

    image_shape: tuple[int, int, int]
    """Height, width, channels of the decoded records."""
    resize: Literal["pad", "crop", "stretch"]
    classes: tuple[str, ...] = ()
    """Class names in the order of the logits, for tasks that have classes."""
    class_counts: tuple[int, ...] = ()
    """Training records of each class; for masks those that show it."""
    train_size: int
    """Number of training records."""
    mean: tuple[float, ...]
    """Mean of each channel over the training split, 0 to 255."""
    std: tuple[float, ...]
    """Standard deviation of each channel over the training split, 0 to 255."""
    scale: int = 1
    """How many times as high and wide as an image its target is, for tasks that make images."""
    max_boxes: int = 0
    """Most boxes of a record, for tasks that find boxes."""
    target_names: tuple[str, ...] = ()
    """Names of the numbers, for tasks that predict numbers."""
    target_mean: tuple[float, ...] = ()
    """Mean of each number over the training split."""
    target_std: tuple[float, ...] = ()
    """Standard deviation of each number over the training split."""

    @property
    def trained_classes(self) -> tuple[str, ...]:
        """The classes that have training records; all of them unless the splits hold some back."""
        return tuple(name for name, count in zip(self.classes, self.class_counts, strict=True) if count)


class Metric(NamedTuple):
    """A number by which results are compared."""

    direction: Direction
    description: str
    unit: str = ""


class JudgedPairs(NamedTuple):
    """Pairs of images by which a data set wants to be judged."""

    first: np.ndarray[Any, Any]
    """One image of each pair, ``(pairs,)`` int64: its place among the records, or those of a split."""
    second: np.ndarray[Any, Any]
    """The other one."""
    fold: np.ndarray[Any, Any]
    """The fold of each pair, ``(pairs,)`` int64, from 0."""


class Evaluator(ABC):
    """Accumulates the metrics of one evaluation, batch by batch."""

    def judge_by(self, pairs: JudgedPairs) -> None:  # noqa: B027
        """Take the pairs to compare, by the order in which images will come; most have no use for them."""

    def see(self, images: np.ndarray[Any, Any]) -> None:  # noqa: B027
        """Take the images of the batch that `update` is called with next, uint8; most have no use for them."""

    @abstractmethod
    def update(self, targets: np.ndarray[Any, Any], outputs: np.ndarray[Any, Any]) -> None:
        """Add a batch: targets as the cache stores them, outputs as the head returns them (logits)."""

    @abstractmethod
    def compute(self) -> dict[str, float]:
        """Return every metric of the task by name."""


class Task(Component, ABC):
    """What is predicted: targets, head, losses, metrics, decoding of predictions."""

    group: ClassVar[str] = "automap.tasks"
    targets: ClassVar[frozenset[str]]
    """The kinds of target (`Dataset.target`) that it learns from."""
    metrics: ClassVar[Mapping[str, Metric]]
    """Every metric that its evaluator computes."""
    default_objective: ClassVar[str]
    default_loss: ClassVar[str]
    tiled: ClassVar[bool] = False
    """Whether an image is answered for at its own resolution, tile by tile, instead of in a record's size."""
    placed: ClassVar[frozenset[str]] = frozenset()
    """Those of `PLACED` that it prepares: augmentations must keep them where they belong in the image."""
    mixable: ClassVar[bool] = False
    """Whether it prepares ``labels`` that may become shares of several classes (`Augmentation.mixes`)."""
    unseen_classes: ClassVar[bool] = False
    """Whether it is judged on classes that it was never trained on (`Splits.unseen_classes`)."""

    @abstractmethod
    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn a batch of stored targets into what augmentations and the loss take, in the compiled step.

        For classification: ``(batch,)`` int32 becomes ``{"labels": (batch, classes) one-hot float32}``.
        """

    @abstractmethod
    def head(self, features: Features, info: DataInfo) -> keras.KerasTensor:
        """Build the head on a backbone's features and return its raw outputs in float32."""

    def outputs(self, features: Features, images: keras.KerasTensor, info: DataInfo) -> keras.KerasTensor:
        """Build what is on top of a backbone; a task that needs the images themselves too overrides it.

        Args:
            features: of the backbone.
            images: ``(batch, height, width, channels)``, float32, 0 to 255.
            info: of the data.

        Returns:
            Raw outputs, float32.
        """
        return self.head(features, info)

    @abstractmethod
    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the entry of prepared, augmented targets that the loss compares with the outputs."""

    @abstractmethod
    def evaluator(self, info: DataInfo) -> Evaluator:
        """Return a fresh evaluator."""

    @abstractmethod
    def decode(self, outputs: np.ndarray[Any, Any], info: DataInfo) -> list[dict[str, Any]]:
        """Turn raw outputs of a batch into one plain, JSON-serialisable answer an image."""

    def picture(self, output: np.ndarray[Any, Any], info: DataInfo) -> np.ndarray[Any, Any] | None:
        """Return the answer as an image, for tasks whose answer is one; None for all others.

        Args:
            output: raw outputs of one image.
            info: of the data.

        Returns:
            uint8 class indices ``(height, width)``, or pixels ``(height, width, channels)``, of the record's size or a
            multiple of it.
        """
        return None

    def in_image(
        self, answer: dict[str, Any], place: Callable[[Sequence[float]], tuple[float, float, float, float]]
    ) -> dict[str, Any]:
        """Return an answer about a record as one about the image that was fitted into it.

        Args:
            answer: of `decode`.
            place: maps a box of the record to pixels of the image: left, top, right, bottom.
        """
        return answer

    def draw(self, image: Any, answer: dict[str, Any], picture: Any, info: DataInfo) -> Any:
        """Return a Pillow image that shows the answer on the image; None where there is nothing to show.

        Args:
            image: the whole image, upright and in colour, a Pillow image.
            answer: about that image.
            picture: what `picture` gave, as a Pillow image of the image's size or a multiple of it; None if nothing.
            info: of the data.
        """
        return None


KINDS: Mapping[str, type[Component]] = {
    kind.group: kind for kind in (Architecture, Augmentation, Dataset, LossComponent, OptimizerComponent, Task)
}
"""The base class that a plugin of each entry-point group must derive from."""
