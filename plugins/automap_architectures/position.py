"""Position embeddings."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("automap_architectures")
class PositionEmbedding(keras.layers.Layer):  # type: ignore[misc]
    """Adds a learned vector to each token."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create one vector for each token."""
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)
        self.embedding = self.add_weight(shape=input_shape[1:], initializer=initializer, name="embedding")

    def call(self, inputs: Any) -> Any:
        """Return the tokens ``(batch, tokens, channels)`` with their vectors added."""
        return inputs + keras.ops.cast(self.embedding, inputs.dtype)
