"""Tasks: what is predicted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from automap.interfaces.architecture import Features
from automap.interfaces.component import Component
from automap.interfaces.data_info import DataInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs

if TYPE_CHECKING:
    import keras
    import numpy as np


class Task(Component, ABC):
    """What is predicted: targets, head, losses, metrics and answers."""

    group: ClassVar[str] = "automap.tasks"
    targets: ClassVar[frozenset[str]]
    """The kinds of target (`Dataset.target`) that it learns from."""
    metrics: ClassVar[Mapping[str, Metric]]
    """Every metric that its evaluator computes."""
    default_objective: ClassVar[str]
    class_metrics: ClassVar[Mapping[str, Metric]] = {}
    """Metrics that the evaluator computes for every class: ``iou`` stands for ``iou_cat``, ``iou_dog`` and so on."""
    default_loss: ClassVar[str]
    tiled: ClassVar[bool] = False
    """Whether prediction keeps the image's own resolution and proceeds tile by tile."""
    placed: ClassVar[frozenset[str]] = frozenset()
    """The entries of `PLACED` that `prepare` returns; augmentations must keep them aligned with the image."""
    mixable: ClassVar[bool] = False
    """Whether it prepares ``labels`` that may become soft (`Augmentation.mixes`)."""
    unseen_classes: ClassVar[bool] = False
    """Whether it is evaluated on classes that it was never trained on (`Splits.unseen_classes`)."""

    @abstractmethod
    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn a batch of stored targets into what augmentations and the loss take, inside the compiled step.

        For classification, ``(batch,)`` int32 becomes ``{"labels": (batch, classes) one-hot float32}``. Numbers are
        stored as float64, but arrive here standardised by the training split, as float32.
        """

    @abstractmethod
    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Build the head on a backbone and return its raw outputs, float32.

        Args:
            features: feature maps of the backbone by stride.
            inputs: of the network, by name; ``image`` is ``(batch, height, width, channels)``, float32, in pixel
                values.
            info: of the data.
        """

    @abstractmethod
    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the entry of prepared, augmented targets that the loss compares with the outputs."""

    @abstractmethod
    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a new evaluator.

        Args:
            info: of the data.
            pairs: the pairs of images to compare, where the data set names them; tasks that compare no images
                ignore them.
        """

    @abstractmethod
    def decode(self, outputs: np.ndarray[Any, Any], info: DataInfo) -> list[dict[str, Any]]:
        """Turn the raw outputs of a batch into one plain, JSON-serialisable answer for each image."""

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
