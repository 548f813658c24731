"""Residual networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras


class _Convolution(NamedTuple):
    filters: int
    kernel: int
    stride: int


class ResNet(Architecture):
    """Residual network with basic or bottleneck blocks (He et al., 2016, arXiv:1512.03385, arXiv:1603.05027).

    Four stages, each of twice the filters and half the resolution of the one before; small images have fewer
    stages. ``{stage_blocks: [2, 2, 2, 2], width: 64}`` is ResNet-18, and ``{stage_blocks: [3, 4, 6, 3],
    width: 64, block: bottleneck}`` is ResNet-50. The default of 16 filters is the paper's for CIFAR-10.
    """

    adjustable: ClassVar[frozenset[str]] = frozenset({"drop_path"})

    width: int = tunable(16, low=16, high=64, step=8, ge=1, description="filters of the first stage")
    blocks: int = tunable(1, low=1, high=3, ge=1, description="blocks of each stage")
    stage_blocks: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(
        None, min_length=1, description="number of blocks of each stage; overrides `blocks`"
    )
    block: Literal["basic", "bottleneck"] = "basic"
    pre_activation: bool = Field(False, description="norm and activation before each convolution")
    activation: Literal["relu", "swish", "gelu"] = "relu"
    drop_path: float = Field(
        0.0, ge=0, lt=1, description="probability of dropping the last block; 0 for the first (stochastic depth)"
    )

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the last map of each stride."""
        from automap_architectures.layers import drop_rates, norm
        from automap_architectures.sizes import can_reduce, stem_stride

        stages = self.stage_blocks or (self.blocks,) * 4
        drops = iter(drop_rates(self.drop_path, sum(stages)))
        features = self._stem(inputs, stem_stride(inputs))
        stride, x = max(features), features[max(features)]
        for stage, blocks in enumerate(stages):
            step = 1 if stage == 0 else 2
            if step == 2 and not can_reduce(inputs, stride * 2):
                break
            stride *= step
            for index in range(blocks):
                block = self._pre_block if self.pre_activation else self._block
                x = block(x, self.width * 2**stage, step if index == 0 else 1, next(drops))
            features[stride] = norm(x, activation=self.activation) if self.pre_activation else x
        return features

    def _stem(self, inputs: Any, stride: int) -> Features:
        """Return the first maps: at stride 4 those of the paper, below that of one 3×3 convolution."""
        import keras

        from automap_architectures.layers import conv, norm

        x = conv(inputs, self.width, 7 if stride == 4 else 3, stride=min(2, stride))
        if not self.pre_activation:
            x = norm(x, activation=self.activation)
        features = {min(2, stride): x}
        if stride == 4:
            features[4] = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
        return features

    def _block(self, x: Any, filters: int, stride: int, drop: float) -> Any:
        import keras

        from automap_architectures.layers import conv_norm, residual

        *inner, last = self._convolutions(filters, stride)
        branch = x
        for one in inner:
            branch = conv_norm(branch, one.filters, one.kernel, stride=one.stride, activation=self.activation)
        branch = conv_norm(branch, last.filters, last.kernel, zero=True)
        shortcut = x if x.shape == branch.shape else conv_norm(x, last.filters, 1, stride=stride)
        return keras.layers.Activation(self.activation)(residual(shortcut, branch, drop))

    def _pre_block(self, x: Any, filters: int, stride: int, drop: float) -> Any:
        from automap_architectures.layers import conv, norm, residual

        branch = activated = norm(x, activation=self.activation)
        for index, one in enumerate(self._convolutions(filters, stride)):
            branch = norm(branch, activation=self.activation) if index else branch
            branch = conv(branch, one.filters, one.kernel, stride=one.stride)
        same = x.shape == branch.shape
        return residual(x if same else conv(activated, branch.shape[-1], 1, stride=stride), branch, drop)

    def _convolutions(self, filters: int, stride: int) -> tuple[_Convolution, ...]:
        """Return the strides of a block's layers; its 3×3 convolution downsamples, because it sees every pixel."""
        if self.block == "basic":
            return _Convolution(filters, 3, stride), _Convolution(filters, 3, 1)
        return (
            _Convolution(filters, 1, 1),
            _Convolution(filters, 3, stride),
            _Convolution(4 * filters, 1, 1),
        )
