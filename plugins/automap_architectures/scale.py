"""A learned factor of each channel."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("automap_architectures")
class LayerScale(keras.layers.Layer):  # type: ignore[misc]
    """Multiplies each channel by a learned factor (Touvron et al., 2021, arXiv:2103.17239).

    Args:
        initial: the factor at the start, small, so that a deep network starts near the identity.
    """

    def __init__(self, initial: float, **options: Any) -> None:
        super().__init__(**options)
        self.initial = initial

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create one factor for each channel."""
        initializer = keras.initializers.Constant(self.initial)
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer=initializer, name="gamma")

    def call(self, inputs: Any) -> Any:
        """Return the scaled inputs, of the same shape."""
        return inputs * keras.ops.cast(self.gamma, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the layer's configuration."""
        return {**super().get_config(), "initial": self.initial}
