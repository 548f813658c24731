"""The plain convolutional network of tutorials."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras

LARGE_MAP = 48
"""A map with a longer short side is pooled by 4 instead of 2: few layers must reach a photograph's middle."""


class CNN(Architecture):
    """Convolutions and max pooling, then a dense layer: the network of TensorFlow's tutorials.

    The default is Conv32-pool-Conv64-pool-Conv64-Dense64: with ten classes on 32×32 colour images its
    122,570 parameters are those of TensorFlow's tutorial on CIFAR-10
    (https://www.tensorflow.org/tutorials/images/cnn). As there, convolutions take no padding, and so lose
    a pixel on each side; a head that reads their maps gets them with a margin of zeros, in place and of the
    size that their stride promises. The dense layer is the coarsest feature, a map of one pixel, so that a
    head which pools it reads exactly its units; ``dense: 0`` leaves it out.
    """

    adjustable: ClassVar[frozenset[str]] = frozenset({"dropout"})

    filters: tuple[Annotated[int, Field(ge=1)], ...] = tunable(
        (32, 64, 64),
        choices=((32, 64, 64), (64, 128, 128), (32, 64, 128)),
        min_length=1,
        description="filters of each 3×3 convolution; max pooling between them",
    )
    dense: int = Field(64, ge=0, description="units of the dense layer; 0 for none")
    activation: Literal["relu", "sigmoid", "tanh"] = "relu"
    dropout: float = tunable(0.0, low=0.0, high=0.5, ge=0, lt=1, description="dropout rate before the dense layer")

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the last map of each stride, and the dense features at a stride of the whole image."""
        import keras

        from automap_architectures.sizes import short_side

        features: Features = {}
        x, stride = inputs, 1
        for level, filters in enumerate(self.filters):
            pool = _pool_size(short_side(x)) if level else 1
            if pool > 1:
                x = keras.layers.MaxPooling2D(pool)(x)
                stride *= pool
            padding = "valid" if short_side(x) >= 5 else "same"
            x = keras.layers.Conv2D(filters, 3, padding=padding, activation=self.activation)(x)
            features[stride] = _with_margin(x, inputs, stride)
        if self.dense:
            features[_stride_of_whole(inputs)] = self._dense(x)
        return features

    def _dense(self, x: Any) -> Any:
        """Return the dense features as a map of one pixel."""
        import keras

        x = keras.layers.Flatten()(x)
        if self.dropout:
            x = keras.layers.Dropout(self.dropout)(x)
        x = keras.layers.Dense(self.dense, activation=self.activation)(x)
        return keras.layers.Reshape((1, 1, self.dense))(x)


def _pool_size(side: int) -> int:
    """Return the pooling factor of a map: 1 if only one pixel would be left."""
    if side < 4:
        return 1
    return 4 if side > LARGE_MAP else 2


def _with_margin(x: Any, inputs: Any, stride: int) -> Any:
    """Pad with zeros what convolutions without padding lost; not part of the path to `dense`."""
    import keras

    lost = [math.ceil(inputs.shape[axis] / stride) - x.shape[axis] for axis in (1, 2)]
    if not any(lost):
        return x
    margin = tuple((pixels // 2, pixels - pixels // 2) for pixels in lost)
    return keras.layers.ZeroPadding2D(margin)(x)


def _stride_of_whole(inputs: Any) -> int:
    """Return the smallest power of two that reduces the image to one pixel."""
    longest = int(max(inputs.shape[1:3]))
    return 1 << (longest - 1).bit_length()
