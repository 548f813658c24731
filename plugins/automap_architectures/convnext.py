"""ConvNeXt: a convolutional network with design choices of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras


class ConvNeXt(Architecture):
    """Wide depthwise convolutions, layer norm, inverted bottlenecks (Liu et al., 2022, arXiv:2201.03545).

    ``{width: 96, blocks: [3, 3, 9, 3]}`` is ConvNeXt-T. Images from 48 pixels are cut into patches of 4×4,
    smaller ones of 2×2, and below 24 pixels the first layer is a 3×3 convolution; later stages keep the
    resolution where less than 4×4 would be left.
    """

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"drop_path"})

    width: int = tunable(40, low=24, high=96, step=8, ge=1, description="channels of the first stage")
    blocks: tuple[Annotated[int, Field(ge=1)], ...] = tunable(
        (2, 2, 2),
        choices=((1, 1, 2), (2, 2, 2), (2, 2, 6, 2)),
        min_length=1,
        description="blocks of each stage; the next stage has twice the channels",
    )
    kernel: Literal[3, 5, 7] = 7
    drop_path: float = tunable(
        0.05,
        low=0.0,
        high=0.2,
        ge=0,
        lt=1,
        description="probability of dropping the last block; 0 for the first (stochastic depth)",
    )
    layer_scale: float = Field(1e-6, gt=0, description="initial factor of each branch")

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the map of each stage by its stride."""
        import keras

        from automap_architectures.layers import drop_rates
        from automap_architectures.sizes import can_reduce, stem_stride

        # Kernels of 7×7 see far: fewer pixels than other networks keep are enough.
        stride = stem_stride(inputs, leaving=12)
        x = keras.layers.Conv2D(self.width, 3 if stride == 1 else stride, strides=stride, padding="same")(inputs)
        x = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        features: Features = {}
        drops = iter(drop_rates(self.drop_path, sum(self.blocks)))
        for stage, blocks in enumerate(self.blocks):
            if stage and can_reduce(inputs, stride * 2):
                x = keras.layers.LayerNormalization(epsilon=1e-6)(x)
                x = keras.layers.Conv2D(self.width * 2**stage, 2, strides=2, padding="same")(x)
                stride *= 2
            elif stage:
                x = keras.layers.Conv2D(self.width * 2**stage, 1)(x)
            for _ in range(blocks):
                x = self._block(x, next(drops))
            features[stride] = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        return features

    def _block(self, x: Any, drop: float) -> Any:
        import keras

        from automap_architectures.layers import residual
        from automap_architectures.scale import LayerScale

        channels = x.shape[-1]
        branch = keras.layers.DepthwiseConv2D(self.kernel, padding="same")(x)
        branch = keras.layers.LayerNormalization(epsilon=1e-6)(branch)
        branch = keras.layers.Dense(4 * channels, activation="gelu")(branch)
        branch = keras.layers.Dense(channels)(branch)
        return residual(x, LayerScale(self.layer_scale)(branch), drop)
