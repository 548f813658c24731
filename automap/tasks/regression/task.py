"""Regression: one or more numbers for each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.data_info import DataInfo, NumbersInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.tasks.combining import mean_values
from automap.tasks.heads import PooledTask
from automap.tasks.regression.answer import RegressionAnswer
from automap.tasks.regression.metrics import RegressionEvaluator, in_units

if TYPE_CHECKING:
    import keras

    from automap.tasks.regression.drawing import RegressionDrawing


class Regression(PooledTask):
    """One or more numbers for each image."""

    targets: ClassVar[frozenset[str]] = frozenset({"numbers"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "mae": Metric("minimize", "mean absolute error, in the unit of the numbers; mean over several"),
        "rmse": Metric("minimize", "root mean squared error, in the unit of the numbers; mean over several"),
        "r2": Metric("maximize", "coefficient of determination; mean over several numbers"),
        "loss": Metric("minimize", "training loss, without augmentation"),
    }
    decoding: ClassVar[str] = "Standardised numbers: multiply by the target's std and add its mean."
    default_objective: ClassVar[str] = "mae"
    default_loss: ClassVar[str] = "huber"
    link: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "identity"

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Return ``numbers`` ``(batch, numbers)``, float32: batches carry them standardised by the training split."""
        from keras import ops

        return {"numbers": ops.cast(targets, "float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Pool the coarsest features and return standardised numbers ``(batch, numbers)``, float32."""
        return self.head_outputs(features, len(info.target_as(NumbersInfo).names), info.train_size)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the standardised numbers."""
        return targets["numbers"]

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return an evaluator of standardised outputs against numbers."""
        return RegressionEvaluator(info)

    def decode(self, outputs: Array, info: DataInfo) -> list[RegressionAnswer]:
        """Turn standardised outputs ``(batch, numbers)`` into numbers in their own units."""
        names = info.target_as(NumbersInfo).names
        return [
            RegressionAnswer(numbers=dict(zip(names, map(float, row), strict=True))) for row in in_units(outputs, info)
        ]

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Average the numbers."""
        return mean_values(outputs, weights)

    def drawing(self, info: DataInfo) -> RegressionDrawing:
        """Return what writes the numbers below an image."""
        from automap.tasks.regression.drawing import RegressionDrawing

        return RegressionDrawing()
