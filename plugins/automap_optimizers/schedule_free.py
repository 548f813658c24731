"""Schedule-free AdamW with the weight decay of its paper."""

from __future__ import annotations

from collections.abc import Iterable

import keras
from keras import ops


@keras.saving.register_keras_serializable("automap_optimizers")
class DecoupledScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):  # type: ignore[misc]
    """Keras's schedule-free AdamW with weight decay applied to the fast sequence.

    The paper (arXiv:2405.15682) subtracts ``learning rate · decay · y`` from z. Keras (3.15) shrinks y alone, which
    comes out as a shrunk average x: z never decays, and the two drift apart the more, the longer the training.
    """

    def _apply_weight_decay(self, variables: Iterable[keras.Variable]) -> None:
        for variable in variables:
            fast = self._momentums[self._get_variable_index(variable)]
            if fast is None or not self._use_weight_decay(variable):
                continue
            rate = ops.cast(self.learning_rate, variable.dtype) * self.weight_decay
            decay = rate * ops.convert_to_tensor(variable)
            self.assign_sub(fast, decay)
            # y = (1 - β₁)·z + β₁·x must go on to hold with x as it was.
            self.assign_sub(variable, (1 - self.beta_1) * decay)
