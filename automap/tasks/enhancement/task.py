"""Image enhancement: a better image for each image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import DataInfo, TargetImageInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.tasks.decoders import DecoderName, decode_features
from automap.tasks.enhancement.image_quality import peak_signal_to_noise, structural_similarity

if TYPE_CHECKING:
    import keras
    from PIL import Image


class Enhancement(Task):
    """A better image for each image: noise, blur or darkness taken away, or more pixels."""

    targets: ClassVar[frozenset[str]] = frozenset({"image"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "psnr": Metric("maximize", "mean over images of the peak signal-to-noise ratio", "dB"),
        "ssim": Metric("maximize", "mean over images of the structural similarity, Gaussian window of 11 pixels"),
        "input_psnr": Metric("maximize", "psnr of the unprocessed input, for comparison", "dB"),
        "input_ssim": Metric("maximize", "ssim of the unprocessed input, for comparison"),
        "loss": Metric("minimize", "the training loss on images without augmentation; set by the training"),
    }
    default_objective: ClassVar[str] = "psnr"
    default_loss: ClassVar[str] = "charbonnier"
    tiled: ClassVar[bool] = True
    placed: ClassVar[frozenset[str]] = frozenset({"target_images"})

    decoder: DecoderName = tunable("unet", choices=("unet", "fpn"), description="how feature maps are put together")
    width: int = tunable(16, low=16, high=48, step=16, ge=1, description="channels at full resolution")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Turn images into ``target_images``, float32, 0 to 255."""
        from keras import ops

        return {"target_images": ops.cast(targets, "float32")}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Return the image plus what the decoder adds to it, ``(batch, scale · height, scale · width, channels)``.

        Of a scale above 1 the image is enlarged with a bicubic filter, and what is added is rearranged from channels
        to pixels (Shi et al., 2016, arXiv:1609.05158). It starts as the image itself. Float32, 0 to 1 about.
        """
        from keras import layers

        unit = layers.Rescaling(1 / 255, dtype="float32")(inputs[IMAGE])
        decoded = decode_features(self.decoder, features, unit, self.width, norm=False)
        channels = info.image.shape[2]
        added = layers.Conv2D(
            channels * info.target_as(TargetImageInfo).scale ** 2,
            3,
            padding="same",
            kernel_initializer="zeros",
            dtype="float32",
            name="residual",
        )(decoded)
        if info.target_as(TargetImageInfo).scale > 1:
            height, width, _ = info.image.shape
            unit = layers.Resizing(
                height * info.target_as(TargetImageInfo).scale,
                width * info.target_as(TargetImageInfo).scale,
                interpolation="bicubic",
            )(unit)
            added = _depth_to_space(added, info.target_as(TargetImageInfo).scale, channels)
        return layers.Add(dtype="float32", name="enhanced")([unit, added])

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the target images, 0 to 1."""
        return targets["target_images"] / 255.0

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return a fresh evaluator of target images against outputs."""
        return EnhancementEvaluator()

    def decode(self, outputs: Array, info: DataInfo) -> list[dict[str, Any]]:
        """Return height and width of each enhanced image; `picture` gives its pixels."""
        return [{"height": each.shape[0], "width": each.shape[1]} for each in outputs]

    def picture(self, output: Array, info: DataInfo) -> Array:
        """Return the enhanced image, uint8."""
        return as_pixels(output)

    def draw(
        self, image: Image.Image, answer: dict[str, Any], picture: Image.Image | None, info: DataInfo
    ) -> Image.Image:
        """Return the image and the enhanced one side by side."""
        from PIL import Image

        assert picture is not None, "enhancement answers with an image"
        both = Image.new("RGB", (2 * picture.width, picture.height))
        both.paste(image.resize(picture.size, Image.Resampling.BICUBIC), (0, 0))
        both.paste(picture.convert("RGB"), (picture.width, 0))
        return both


class EnhancementEvaluator(Evaluator):
    """Measures each image by itself; the metrics are means over images."""

    def __init__(self) -> None:
        self._found: dict[str, list[float]] = {}

    def update(self, targets: Array, outputs: Array, inputs: Mapping[str, Array]) -> None:
        """Add a batch: target images, uint8, and outputs, 0 to 1 about."""
        for target, output, image in zip(targets, outputs, inputs[IMAGE], strict=True):
            self._add("", target, as_pixels(output))
            self._add("input_", target, enlarged(image, target.shape))

    def _add(self, prefix: str, target: Array, image: Array) -> None:
        self._found.setdefault(f"{prefix}psnr", []).append(peak_signal_to_noise(target, image))
        self._found.setdefault(f"{prefix}ssim", []).append(structural_similarity(target, image))

    def compute(self) -> dict[str, float]:
        """Return the metrics of all batches so far."""
        return {name: float(np.mean(values)) for name, values in self._found.items()}


def as_pixels(output: Array) -> Array:
    """Return an output, 0 to 1 about, as uint8 pixels."""
    return np.asarray(np.clip(output * 255.0, 0, 255).round().astype(np.uint8))


def enlarged(image: Array, shape: tuple[int, ...]) -> Array:
    """Return an image in the size of its target, by a bicubic filter."""
    from PIL import Image

    if image.shape == shape:
        return image
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)).reshape(shape)


def _depth_to_space(x: Any, scale: int, channels: int) -> Any:
    from keras import layers

    height, width = x.shape[1:3]
    x = layers.Reshape((height, width, scale, scale, channels))(x)
    x = layers.Permute((1, 3, 2, 4, 5))(x)
    return layers.Reshape((height * scale, width * scale, channels))(x)
