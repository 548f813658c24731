"""Residual networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras


class ResNet(Architecture):
    """Residual network with basic or bottleneck blocks (He et al., 2016, arXiv:1512.03385, arXiv:1603.05027).

    Four stages, each of twice the filters and half the resolution of the one before; small images have fewer
    stages. ``{stage_blocks: [2, 2, 2, 2], width: 64}`` is ResNet-18, and ``{stage_blocks: [3, 4, 6, 3],
    width: 64, block: bottleneck}`` is ResNet-50.
    """

    width: int = tunable(32, low=16, high=64, log=True, ge=1, description="filters of the first stage")
    blocks: int = tunable(1, low=1, high=3, ge=1, description="blocks of each stage")
    stage_blocks: tuple[int, ...] | None = Field(None, description="blocks of each stage, where they differ")
    block: Literal["basic", "bottleneck"] = "basic"
    pre_activation: bool = Field(False, description="norm and activation before each convolution")
    activation: Literal["relu", "swish", "gelu"] = "relu"

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the map of each stage by its stride."""
        import keras

        from automap_architectures.layers import conv_norm, norm
        from automap_architectures.sizes import can_reduce, stem_stride

        stride = stem_stride(inputs)
        if stride == 1:
            x = conv_norm(inputs, self.width, 3, activation=self.activation)
        else:
            x = conv_norm(inputs, self.width, 7, stride=2, activation=self.activation)
            x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
        features: Features = {}
        for stage, blocks in enumerate(self.stage_blocks or (self.blocks,) * 4):
            step = 1 if stage == 0 else 2
            if step == 2 and not can_reduce(inputs, stride * 2):
                break
            stride *= step
            for index in range(blocks):
                x = self._block(x, self.width * 2**stage, step if index == 0 else 1)
            features[stride] = norm(x, activation=self.activation) if self.pre_activation else x
        return features

    def _block(self, x: Any, filters: int, stride: int) -> Any:
        import keras

        from automap_architectures.layers import conv_norm, norm

        out = filters * (4 if self.block == "bottleneck" else 1)
        kernels = (1, 3, 1) if self.block == "bottleneck" else (3, 3)
        branch = norm(x, activation=self.activation) if self.pre_activation else x
        shortcut = x
        if stride != 1 or x.shape[-1] != out:
            source = branch if self.pre_activation else x
            shortcut = keras.layers.Conv2D(out, 1, strides=stride, use_bias=False)(source)
            shortcut = shortcut if self.pre_activation else norm(shortcut)
        for index, kernel in enumerate(kernels):
            last = index == len(kernels) - 1
            # The stride is in the 3×3 convolution, which sees every pixel.
            step = stride if index == (1 if self.block == "bottleneck" else 0) else 1
            channels = out if last else filters
            if self.pre_activation and last:
                branch = keras.layers.Conv2D(channels, kernel, strides=step, padding="same", use_bias=False)(branch)
            else:
                activation = None if last else self.activation
                branch = conv_norm(branch, channels, kernel, stride=step, activation=activation, zero=last)
        x = keras.layers.Add()([shortcut, branch])
        return x if self.pre_activation else keras.layers.Activation(self.activation)(x)
