"""Schedule-free AdamW."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from automap import OptimizerComponent, tunable

if TYPE_CHECKING:
    import keras


class ScheduleFreeAdamW(OptimizerComponent):
    """AdamW that averages iterates instead of decaying the learning rate (Defazio et al., 2024, arXiv:2405.15682).

    Meant for ``training: {schedule: constant}``. Its averaged weights are what is evaluated and kept.
    """

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"learning_rate", "weight_decay"})

    learning_rate: float = tunable(3e-3, low=3e-4, high=3e-2, log=True, gt=0)
    weight_decay: float = tunable(1e-2, low=1e-4, high=1e-1, log=True, ge=0)

    def build(self, learning_rate: Any, **options: Any) -> keras.Optimizer:
        """Return the Keras optimizer."""
        from automap_optimizers.schedule_free import DecoupledScheduleFreeAdamW

        return DecoupledScheduleFreeAdamW(learning_rate, weight_decay=self.weight_decay, **options)
