"""MobileNet: small and fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras


class _Stage(NamedTuple):
    expansion: int
    filters: int
    blocks: int
    stride: int


# The stages of MobileNetV2, table 2.
_STAGES = (
    _Stage(1, 16, 1, 1),
    _Stage(6, 24, 2, 2),
    _Stage(6, 32, 3, 2),
    _Stage(6, 64, 4, 2),
    _Stage(6, 96, 3, 1),
    _Stage(6, 160, 3, 2),
    _Stage(6, 320, 1, 1),
)


class MobileNet(Architecture):
    """Inverted residuals (Sandler et al., 2018, arXiv:1801.04381), with squeeze-excite as an option.

    At ``{width: 1.0, depth: 1.0}`` the stages are those of MobileNetV2; squeeze-excite and the activation
    ``hard_swish`` come from MobileNetV3 (Howard et al., 2019, arXiv:1905.02244). On small images the first
    layers keep the resolution, and later stages do where less than 4×4 would be left.
    """

    adjustable: ClassVar[frozenset[str]] = frozenset({"drop_path"})

    width: float = tunable(0.5, low=0.25, high=1.0, step=0.25, gt=0, le=8, description="factor of all filters")
    depth: float = tunable(
        0.25, low=0.25, high=1.0, step=0.25, gt=0, le=8, description="factor of the number of blocks"
    )
    squeeze_excite: bool = tunable(False, choices=(False, True))
    kernel: Literal[3, 5] = 3
    activation: Literal["relu6", "relu", "swish", "hard_swish"] = "relu6"
    drop_path: float = Field(
        0.0, ge=0, lt=1, description="probability of dropping the last block; 0 for the first (stochastic depth)"
    )

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the last map of each stride."""
        from automap_architectures.layers import conv_norm, drop_rates, round_to
        from automap_architectures.sizes import fitting_steps, stem_stride

        stride = min(2, stem_stride(inputs))
        x = conv_norm(inputs, round_to(32 * self.width), 3, stride=stride, activation=self.activation)
        features: Features = {stride: x}
        counts = [max(1, round(stage.blocks * self.depth)) for stage in _STAGES]
        drops = iter(drop_rates(self.drop_path, sum(counts)))
        steps = fitting_steps(inputs, stride, [stage.stride for stage in _STAGES])
        for stage, count, step in zip(_STAGES, counts, steps, strict=True):
            stride *= step
            for index in range(count):
                filters = round_to(stage.filters * self.width)
                x = self._block(x, filters, stage.expansion, step if index == 0 else 1, next(drops))
            features[stride] = x
        features[stride] = conv_norm(x, round_to(1280 * min(1.0, self.width)), 1, activation=self.activation)
        return features

    def _block(self, x: Any, filters: int, expansion: int, stride: int, drop: float) -> Any:
        from automap_architectures.layers import (
            conv_norm,
            depthwise_norm,
            residual,
            round_to,
            squeeze_excite,
        )

        channels = x.shape[-1]
        branch = x if expansion == 1 else conv_norm(x, channels * expansion, 1, activation=self.activation)
        branch = depthwise_norm(branch, self.kernel, stride=stride, activation=self.activation)
        if self.squeeze_excite:
            branch = squeeze_excite(branch, round_to(channels * expansion / 4), "relu")
        branch = conv_norm(branch, filters, 1)
        return residual(x, branch, drop) if stride == 1 and channels == filters else branch
