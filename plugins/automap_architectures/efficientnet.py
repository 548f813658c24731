"""EfficientNet: depth and width scaled together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from automap import Architecture, Features, tunable
from automap_architectures.efficientnet_stages import STAGES, Stage

if TYPE_CHECKING:
    import keras


class EfficientNet(Architecture):
    """Inverted residuals with squeeze-excite, scaled by one number (Tan & Le, 2019, arXiv:1905.11946).

    ``scale`` is the paper's compound coefficient: 0 is B0, 0.5 about B1, 1 is B2, 2 about B3; smaller networks,
    which suit small data, lie below 0. The resolution, which the paper scales too, is that of the data.
    """

    recommended: ClassVar[bool] = False
    adjustable: ClassVar[frozenset[str]] = frozenset({"drop_path"})

    scale: float = tunable(
        -4.0,
        low=-6.0,
        high=0.0,
        step=1.0,
        ge=-8,
        le=7,
        description="compound coefficient: 1.1 to this power scales the filters, 1.2 to this power the blocks",
    )
    drop_path: float = tunable(
        0.1,
        low=0.0,
        high=0.3,
        ge=0,
        lt=1,
        description="probability of dropping the last block; 0 for the first (stochastic depth)",
    )

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the last map of each stride."""
        from automap_architectures.layers import conv_norm, drop_rates, round_to
        from automap_architectures.sizes import fitting_steps, stem_stride

        width, depth = 1.1**self.scale, 1.2**self.scale
        stride = min(2, stem_stride(inputs))
        x = conv_norm(inputs, round_to(32 * width), 3, stride=stride, activation="swish")
        features: Features = {stride: x}
        counts = [math.ceil(stage.blocks * depth) for stage in STAGES]
        drops = iter(drop_rates(self.drop_path, sum(counts)))
        steps = fitting_steps(inputs, stride, [stage.stride for stage in STAGES])
        for stage, count, step in zip(STAGES, counts, steps, strict=True):
            stride *= step
            for index in range(count):
                x = _block(x, round_to(stage.filters * width), stage, step if index == 0 else 1, next(drops))
            features[stride] = x
        features[stride] = conv_norm(x, round_to(1280 * width), 1, activation="swish")
        return features


def _block(x: Any, filters: int, stage: Stage, stride: int, drop: float) -> Any:
    from automap_architectures.layers import conv_norm, depthwise_norm, residual, squeeze_excite

    channels = x.shape[-1]
    branch = x if stage.expansion == 1 else conv_norm(x, channels * stage.expansion, 1, activation="swish")
    branch = depthwise_norm(branch, stage.kernel, stride=stride, activation="swish")
    branch = squeeze_excite(branch, max(1, channels // 4), "swish")
    branch = conv_norm(branch, filters, 1)
    return residual(x, branch, drop) if stride == 1 and channels == filters else branch
