"""Keras layers of this package; imported only where a model is built, since it imports Keras."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("automap_example_plugin")
class NoiseLayer(keras.layers.Layer):
    """Adds noise to ``images`` (batch, height, width, channels), float32, 0 to 255; passes all else on."""

    def __init__(self, strength: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.strength = strength
        # A seed generator is a variable of the model: a resumed training goes on with the same noise.
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, batch: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Add noise in training only."""
        if not training:
            return batch
        images = batch["images"]
        shape = keras.ops.shape(images)
        strength = keras.random.uniform((shape[0], 1, 1, 1), 0.0, self.strength, seed=self.generator)
        noise = strength * keras.random.normal(shape, seed=self.generator)
        return {**batch, "images": keras.ops.clip(images + noise, 0.0, 255.0)}

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made again from."""
        return {**super().get_config(), "strength": self.strength}
