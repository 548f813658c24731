"""Vision transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from automap import Architecture, Features, tunable

if TYPE_CHECKING:
    import keras


class ViT(Architecture):
    """Transformer on patches of an image (Dosovitskiy et al., 2020, arXiv:2010.11929).

    There is no class token: tokens form a feature map, which a head pools as it does any other (Beyer et al.,
    2022, arXiv:2205.01580). Unless a patch is given, it is chosen so that 7 to 14 fit along the shorter side; on
    images above 224 pixels it is 16. ``{width: 192, depth: 12, heads: 3, patch: 16}`` is DeiT-Ti (Touvron et
    al., 2021, arXiv:2012.12877).
    """

    recommended: ClassVar[bool] = False

    width: int = tunable(96, low=64, high=192, step=32, ge=16, description="channels of a token")
    depth: int = tunable(4, low=2, high=8, ge=1, description="transformer blocks")
    heads: int = Field(4, ge=1, le=16, description="attention heads, of width / heads channels each")
    patch: int | None = Field(None, ge=1, description="height and width of a patch; if left out, chosen by image size")
    dropout: float = tunable(
        0.0, low=0.0, high=0.2, ge=0, lt=1, description="dropout rate of attention and hidden units"
    )

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the tokens as a map at the patch's stride, and pooled maps of twice and four times that."""
        import keras

        from automap_architectures.position import PositionEmbedding
        from automap_architectures.sizes import short_side

        patch = self.patch or _fitting_patch(short_side(inputs))
        x = keras.layers.Conv2D(self.width, patch, strides=patch, padding="same", name="patches")(inputs)
        height, width = x.shape[1:3]
        x = PositionEmbedding()(keras.layers.Reshape((height * width, self.width))(x))
        for _ in range(self.depth):
            x = self._block(x)
        x = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        x = keras.layers.Reshape((height, width, self.width))(x)
        features: Features = {patch: x}
        stride = patch
        while len(features) < 3 and short_side(x) > 2:
            x = keras.layers.AveragePooling2D(2, padding="same")(x)
            stride *= 2
            features[stride] = x
        return features

    def _block(self, x: Any) -> Any:
        import keras

        y = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        y = keras.layers.MultiHeadAttention(self.heads, self.width // self.heads, dropout=self.dropout)(y, y)
        x = keras.layers.Add()([x, y])
        y = keras.layers.LayerNormalization(epsilon=1e-6)(x)
        y = keras.layers.Dense(4 * self.width, activation="gelu")(y)
        y = keras.layers.Dropout(self.dropout)(y) if self.dropout else y
        y = keras.layers.Dense(self.width)(y)
        return keras.layers.Add()([x, y])


def _fitting_patch(side: int) -> int:
    """Return the largest power of two, up to 16, that leaves at least 7 patches along a side."""
    patch = 1
    while side / (patch * 2) >= 7 and patch < 16:
        patch *= 2
    return patch
