"""Tasks: what is predicted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from automap.interfaces.architecture import Features
from automap.interfaces.component import Component
from automap.interfaces.data_info import DataInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs

if TYPE_CHECKING:
    import keras

    from automap.interfaces.answer import Answer, Drawing
    from automap.interfaces.array import Array


class Task(Component, ABC):
    """What is predicted: targets, head, losses, metrics and answers."""

    group: ClassVar[str] = "automap.tasks"
    targets: ClassVar[frozenset[str]]
    """The kinds of target (`Dataset.target`) that the task can learn from."""
    metrics: ClassVar[Mapping[str, Metric]]
    """Every metric that the evaluator computes, by name."""
    class_metrics: ClassVar[Mapping[str, Metric]] = {}
    """Metrics that the evaluator computes for every class: ``iou`` stands for ``iou_cat``, ``iou_dog`` and so on."""
    decoding: ClassVar[str] = ""
    """One sentence that explains the raw outputs; stored with exported models for users without automap."""
    default_objective: ClassVar[str]
    default_loss: ClassVar[str]
    losses: ClassVar[frozenset[str]] = frozenset()
    """Names of the losses that serve the task, besides those that name it themselves (`LossComponent.tasks`)."""
    tiled: ClassVar[bool] = False
    """Whether prediction runs tile by tile at the image's own resolution."""
    placed: ClassVar[frozenset[str]] = frozenset()
    """The entries of `PLACED` that `prepare` returns; augmentations must keep them aligned with the image."""
    mixable: ClassVar[bool] = False
    """Whether `prepare` returns ``labels`` that augmentations may mix (`Augmentation.mixes`)."""
    unseen_classes: ClassVar[bool] = False
    """Whether evaluation uses classes that training never sees (`Splits.unseen_classes`)."""

    @abstractmethod
    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Convert a batch of stored targets for augmentations and the loss; part of the compiled step.

        For classification, ``(batch,)`` int32 becomes ``{"labels": (batch, classes) one-hot float32}``. Numbers are
        stored as float64, but arrive here standardised by the training split, as float32.
        """

    @abstractmethod
    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Build the head on a backbone and return its raw outputs, float32.

        Args:
            features: feature maps of the backbone by stride.
            inputs: the network's inputs by name; ``image`` is ``(batch, height, width, channels)``, float32, in pixel
                values.
            info: describes the data.
        """

    @abstractmethod
    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the entry of prepared, augmented targets that the loss compares with the outputs."""

    @abstractmethod
    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a new evaluator.

        Args:
            info: describes the data.
            pairs: pairs of images to compare, if the data set defines them; only tasks that compare images use them.
        """

    @abstractmethod
    def decode(self, outputs: Array, info: DataInfo) -> Sequence[Answer]:
        """Turn the raw outputs of a batch into one answer for each image, in coordinates of the record."""

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Combine the raw outputs of several networks into raw outputs of an ensemble; becomes part of its network.

        Args:
            outputs: of each network, as arrays or tensors.
            weights: of each network; they sum to 1.
            temperature: divides the logits, where outputs are logits of probabilities.

        Raises:
            NotImplementedError: if the task's outputs cannot be combined; there are no ensembles then.
        """
        raise NotImplementedError

    def of_ensemble(self, sizes: Sequence[int], weights: Sequence[float]) -> Self:
        """Return the task that decodes what `combine` gives.

        Args:
            sizes: length of the first axis of each network's outputs, batch not counted.
            weights: of each network.
        """
        return self

    @abstractmethod
    def drawing(self, info: DataInfo) -> Drawing[Any]:
        """Return the object that draws this task's answers on images."""
