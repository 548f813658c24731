"""Networks of ``keras.applications`` as backbones: feature maps by stride, ImageNet weights from Keras's cache."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from pydantic import Field

from automap import Architecture, Array, Features, Preprocessing
from automap_pretrained.enlarge import enlarged
from automap_pretrained.keras_files import WeightsFile

if TYPE_CHECKING:
    import keras

COARSEST_STRIDE = 32
"""Of all families."""
_STORE = "https://storage.googleapis.com/tensorflow/keras-applications"
PRETRAINED = "initial weights: imagenet (the default where Keras's cache has them), none, or a path or URL"
_FROM_MINUS_ONE_TO_ONE = Preprocessing((127.5,) * 3, (127.5,) * 3)
_STANDARDISED = Preprocessing((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


class Variant(NamedTuple):
    """A network of ``keras.applications``."""

    function: str
    file: WeightsFile


def _variant(function: str, path: str, digest: str) -> Variant:
    return Variant(function, WeightsFile(f"{_STORE}/{path}", digest))


class KerasApplication(Architecture):
    """Base of the families."""

    recommended: ClassVar[bool] = False
    variants: ClassVar[Mapping[str, Variant]]
    expects: ClassVar[Preprocessing]
    has_preprocessing: ClassVar[bool] = True
    """Whether the function can put preprocessing into the network; it is left out, as automap's own comes first."""

    size: str
    pretrained: str = Field("none", description=PRETRAINED)

    @property
    def variant(self) -> Variant:
        """The network of this size."""
        return self.variants[self.size]

    @property
    def preprocessing(self) -> Preprocessing | None:
        """Return the normalisation that the ImageNet weights expect."""
        return None if self.pretrained == "none" else self.expects

    def imagenet_weights(self) -> Path | None:
        """Return the file in Keras's cache, downloaded if need be; None without a network."""
        try:
            return self.variant.file.fetch()
        except OSError:
            return None

    def how_to_get_weights(self) -> str:
        """Return where the file comes from and where it belongs."""
        file = self.variant.file
        return (
            f"the weights are not in Keras's cache and could not be downloaded; get {file.url} on a machine with a "
            f"network and copy it to {file.path}, or write its path after pretrained:"
        )

    def build(self, inputs: keras.KerasTensor) -> Features:
        """Return the last feature maps of every stride, relative to the image before small ones are enlarged.

        Images are padded to multiples of 32 pixels, and the maps cropped accordingly.
        """
        images, factor = enlarged(inputs)
        padded = _padded(images)
        model = self._network(input_tensor=padded)
        found = _maps_by_stride(model, padded.shape[1])
        return {
            stride // factor: _cropped(maps, [-(-side // stride) for side in images.shape[1:3]])
            for stride, maps in found.items()
            if stride >= factor
        }

    def read_weights(self, path: Path) -> Mapping[str, Array] | None:
        """Return the weights of a file of ``keras.applications`` (``.h5``) by layer; None for other formats."""
        if path.suffix != ".h5":
            return None
        model = self._network(weights=str(path), input_shape=(224, 224, 3))
        return {
            f"{layer.name}/{index}": weight
            for layer in model.layers
            for index, weight in enumerate(layer.get_weights())
        }

    def _network(self, **options: object) -> keras.Model:
        import keras

        if self.has_preprocessing:
            options["include_preprocessing"] = False
        function = getattr(keras.applications, self.variant.function)
        return function(**{"include_top": False, "weights": None, **options})


class KerasEfficientNetV2(KerasApplication):
    """EfficientNetV2-B0 to B3 of ``keras.applications``: 5.9 to 12.9 M weights, ImageNet top-1 78.7% to 82.0%."""

    variants: ClassVar[Mapping[str, Variant]] = {
        size: _variant(f"EfficientNetV2{size.upper()}", f"efficientnet_v2/efficientnetv2-{size}_notop.h5", digest)
        for size, digest in (
            ("b0", "893217f2bb855e2983157299931e43ff"),
            ("b1", "0e80663031ca32d657f9caa404b6ec37"),
            ("b2", "1dfe2e7a5d45b6632553a8961ea609eb"),
            ("b3", "f6abf7b5849ac99a89b50dd3fd532856"),
        )
    }
    expects: ClassVar[Preprocessing] = _STANDARDISED

    size: Literal["b0", "b1", "b2", "b3"] = "b0"
    pretrained: str = Field(default_factory=lambda: _default(KerasEfficientNetV2), description=PRETRAINED)


class KerasConvNeXt(KerasApplication):
    """ConvNeXt of ``keras.applications``: 28 or 50 M weights, ImageNet top-1 81.3% or 82.3%."""

    variants: ClassVar[Mapping[str, Variant]] = {
        "tiny": _variant(
            "ConvNeXtTiny",
            "convnext/convnext_tiny_notop.h5",
            "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        ),
        "small": _variant(
            "ConvNeXtSmall",
            "convnext/convnext_small_notop.h5",
            "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
        ),
    }
    expects: ClassVar[Preprocessing] = _STANDARDISED

    size: Literal["tiny", "small"] = "tiny"
    pretrained: str = Field(default_factory=lambda: _default(KerasConvNeXt), description=PRETRAINED)


class KerasMobileNetV3(KerasApplication):
    """MobileNetV3 of ``keras.applications``: 0.9 or 3.0 M weights, ImageNet top-1 68.1% or 75.6%."""

    variants: ClassVar[Mapping[str, Variant]] = {
        size: _variant(
            f"MobileNetV3{size.capitalize()}",
            f"mobilenet_v3/weights_mobilenet_v3_{size}_224_1.0_float_no_top_v2.h5",
            digest,
        )
        for size, digest in (
            ("small", "d3e8ec802a04aa4fc771ee12a9a9b836"),
            ("large", "07fb09a5933dd0c8eaafa16978110389"),
        )
    }
    expects: ClassVar[Preprocessing] = _FROM_MINUS_ONE_TO_ONE

    size: Literal["small", "large"] = "large"
    pretrained: str = Field(default_factory=lambda: _default(KerasMobileNetV3), description=PRETRAINED)


class KerasResNetV2(KerasApplication):
    """ResNetV2 of ``keras.applications``: 24 to 58 M weights, ImageNet top-1 76.0% to 78.0%."""

    variants: ClassVar[Mapping[str, Variant]] = {
        size: _variant(f"ResNet{size}V2", f"resnet/resnet{size}v2_weights_tf_dim_ordering_tf_kernels_notop.h5", digest)
        for size, digest in (
            ("50", "fac2f116257151a9d068a22e544a4917"),
            ("101", "c0ed64b8031c3730f411d2eb4eea35b5"),
            ("152", "ed17cf2e0169df9d443503ef94b23b33"),
        )
    }
    expects: ClassVar[Preprocessing] = _FROM_MINUS_ONE_TO_ONE
    has_preprocessing: ClassVar[bool] = False

    size: Literal["50", "101", "152"] = "50"
    pretrained: str = Field(default_factory=lambda: _default(KerasResNetV2), description=PRETRAINED)


class KerasDenseNet(KerasApplication):
    """DenseNet of ``keras.applications``: 7.0 to 18 M weights, ImageNet top-1 75.0% to 77.3%."""

    variants: ClassVar[Mapping[str, Variant]] = {
        size: _variant(
            f"DenseNet{size}", f"densenet/densenet{size}_weights_tf_dim_ordering_tf_kernels_notop.h5", digest
        )
        for size, digest in (
            ("121", "30ee3e1110167f948a6b9946edeeb738"),
            ("169", "b8c4d4c20dd625c148057b9ff1c1176b"),
            ("201", "c13680b51ded0fb44dff2d8f86ac8bb1"),
        )
    }
    expects: ClassVar[Preprocessing] = _STANDARDISED
    has_preprocessing: ClassVar[bool] = False

    size: Literal["121", "169", "201"] = "121"
    pretrained: str = Field(default_factory=lambda: _default(KerasDenseNet), description=PRETRAINED)


def _padded(images: keras.KerasTensor) -> keras.KerasTensor:
    from keras import layers

    missing = [(0, -side % COARSEST_STRIDE) for side in images.shape[1:3]]
    return layers.ZeroPadding2D(tuple(missing), name="pad")(images) if any(map(any, missing)) else images


def _cropped(maps: keras.KerasTensor, size: list[int]) -> keras.KerasTensor:
    from keras import layers

    surplus = [(0, had - wanted) for had, wanted in zip(maps.shape[1:3], size, strict=True)]
    return layers.Cropping2D(tuple(surplus))(maps) if any(map(any, surplus)) else maps


def _maps_by_stride(model: keras.Model, side: int) -> Features:
    """Return the last output of each stride, from 2 to `COARSEST_STRIDE`; the network's own comes last."""
    strides = {side // 2**power: 2**power for power in range(1, int(math.log2(COARSEST_STRIDE)) + 1)}
    found: Features = {}
    for layer in model.layers:
        maps = layer.output
        # Squeeze-and-excitation has maps of one pixel.
        if len(getattr(maps, "shape", ())) == 4 and maps.shape[1] in strides and 1 not in maps.shape[1:3]:
            found[strides[maps.shape[1]]] = maps
    found[COARSEST_STRIDE] = model.output
    return dict(sorted(found.items()))


def _default(family: type[KerasApplication]) -> str:
    """Return ``imagenet`` where Keras's cache has the weights of a family's default size, else ``none``."""
    found = family.variants[str(family.model_fields["size"].default)].file.find()
    return "none" if found is None else "imagenet"
