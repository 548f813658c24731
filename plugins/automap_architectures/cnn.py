"""The plain convolutional network of tutorials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras


class CNN(Architecture):
    """Convolutions and max pooling, then a dense layer: the network that tutorials teach.

    The default is Conv32-pool-Conv64-pool-Conv64-Dense64: with ten classes on 32×32 colour images its
    122,570 parameters are those of TensorFlow's tutorial on CIFAR-10. As there, convolutions take no padding,
    so a map is a little smaller than its stride says; on images too small for that they are padded. The dense
    layer is the coarsest feature, a map of one pixel; ``dense: 0`` leaves it out.
    """

    filters: tuple[Annotated[int, Field(ge=1)], ...] = tunable(
        (32, 64, 64),
        choices=((32, 64, 64), (64, 128, 128), (32, 64, 128)),
        min_length=1,
        description="filters of each 3×3 convolution; all but the last are followed by 2×2 max pooling",
    )
    dense: int = Field(64, ge=0, description="units of the dense layer; 0 for none")
    activation: Literal["relu", "sigmoid", "tanh"] = "relu"
    dropout: float = tunable(0.0, low=0.0, high=0.5, ge=0, lt=1, description="share of dense inputs left out")

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the map of each stride, and the dense features at the stride of the whole image."""
        import keras

        features: Features = {}
        x, stride = inputs, 1
        for level, filters in enumerate(self.filters):
            side = min(x.shape[1], x.shape[2])
            padding = "valid" if side >= 5 else "same"
            x = keras.layers.Conv2D(filters, 3, padding=padding, activation=self.activation)(x)
            features[stride] = x
            if level < len(self.filters) - 1 and min(x.shape[1], x.shape[2]) >= 2:
                x = keras.layers.MaxPooling2D()(x)
                stride *= 2
        if self.dense:
            x = keras.layers.Flatten()(x)
            if self.dropout:
                x = keras.layers.Dropout(self.dropout)(x)
            x = keras.layers.Dense(self.dense, activation=self.activation)(x)
            whole = 2 ** max(inputs.shape[1], inputs.shape[2]).bit_length()
            features[whole] = keras.layers.Reshape((1, 1, self.dense))(x)
        return features
