"""ConvMixer: an isotropic network of large depthwise and pointwise convolutions on patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras


class ConvMixer(Architecture):
    """ConvMixer (Trockman and Kolter, 2022, arXiv:2201.09792)."""

    width: int = tunable(64, low=32, high=256, log=True, ge=1, description="channels")
    depth: int = tunable(4, low=2, high=8, ge=1, description="number of blocks")
    kernel_size: int = tunable(5, choices=(3, 5, 7, 9), ge=1, description="side of the depthwise kernels")
    patch_size: int = tunable(2, choices=(1, 2, 4), ge=1, description="side of a patch; also the stride")

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Build the network; all of its feature maps have one stride, and the last one is returned."""
        from keras import layers

        # Strides with "same" padding give ceil(size / stride), as every architecture promises.
        x = layers.Conv2D(self.width, self.patch_size, strides=self.patch_size, padding="same")(inputs)
        x = layers.BatchNormalization()(layers.Activation("gelu")(x))
        for _ in range(self.depth):
            mixed = layers.DepthwiseConv2D(self.kernel_size, padding="same")(x)
            x = layers.Add()([x, layers.BatchNormalization()(layers.Activation("gelu")(mixed))])
            x = layers.Conv2D(self.width, 1)(x)
            x = layers.BatchNormalization()(layers.Activation("gelu")(x))
        return {self.patch_size: x}
