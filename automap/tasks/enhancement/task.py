"""Image enhancement: an image for each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from automap.interfaces.architecture import Features
from automap.interfaces.array import Array
from automap.interfaces.component import tunable
from automap.interfaces.data_info import DataInfo
from automap.interfaces.metric import Evaluator, Metric, VerificationPairs
from automap.interfaces.sample import IMAGE
from automap.interfaces.task import Task
from automap.tasks.combining import mean_values
from automap.tasks.decoders import DecoderName, decode_features
from automap.tasks.enhancement.answer import EnhancementAnswer
from automap.tasks.enhancement.head import enhanced_image
from automap.tasks.enhancement.metrics import EnhancementEvaluator, as_pixels

if TYPE_CHECKING:
    import keras

    from automap.tasks.enhancement.drawing import EnhancementDrawing


class Enhancement(Task):
    """An enhanced image for each image: denoised, deblurred, brightened, or at a higher resolution."""

    targets: ClassVar[frozenset[str]] = frozenset({"image"})
    metrics: ClassVar[Mapping[str, Metric]] = {
        "psnr": Metric("maximize", "peak signal-to-noise ratio, mean over images", "dB"),
        "ssim": Metric("maximize", "structural similarity (11-pixel Gaussian window), mean over images"),
        "input_psnr": Metric("maximize", "PSNR of the unprocessed input, for comparison", "dB"),
        "input_ssim": Metric("maximize", "SSIM of the unprocessed input, for comparison"),
        "loss": Metric("minimize", "training loss, without augmentation"),
    }
    decoding: ClassVar[str] = "The enhanced image, 0 to 1; multiply by the largest pixel value and clip."
    default_objective: ClassVar[str] = "psnr"
    default_loss: ClassVar[str] = "charbonnier"
    tiled: ClassVar[bool] = True
    placed: ClassVar[frozenset[str]] = frozenset({"target_images"})

    decoder: DecoderName = tunable("unet", choices=("unet", "fpn"), description="architecture of the decoder")
    width: int = tunable(16, low=16, high=48, step=16, ge=1, description="channels at full resolution")

    def prepare(self, targets: Any, info: DataInfo) -> dict[str, Any]:
        """Convert images to ``target_images``, float32, 0 to 255 for any bit depth."""
        from keras import ops

        return {"target_images": ops.cast(targets, "float32") * (255.0 / info.image.max_value)}

    def outputs(self, features: Features, inputs: Mapping[str, keras.KerasTensor], info: DataInfo) -> keras.KerasTensor:
        """Return enhanced images ``(batch, scale · height, scale · width, channels)``, float32, about 0 to 1."""
        from keras import layers

        unit = layers.Rescaling(1 / info.image.max_value, dtype="float32")(inputs[IMAGE])
        decoded = decode_features(self.decoder, features, unit, self.width, norm=False)
        return enhanced_image(unit, decoded, info)

    def loss_target(self, targets: dict[str, Any]) -> Any:
        """Return the target images, 0 to 1."""
        return targets["target_images"] / 255.0

    def evaluator(self, info: DataInfo, pairs: VerificationPairs | None = None) -> Evaluator:
        """Return an evaluator of outputs against target images."""
        return EnhancementEvaluator(info)

    def decode(self, outputs: Array, info: DataInfo) -> list[EnhancementAnswer]:
        """Turn outputs, about 0 to 1, into images."""
        return [
            EnhancementAnswer(pixels=as_pixels(each, info), height=each.shape[0], width=each.shape[1])
            for each in outputs
        ]

    def combine(self, outputs: Sequence[Any], weights: Sequence[float], temperature: float = 1.0) -> Any:
        """Average the images."""
        return mean_values(outputs, weights)

    def drawing(self, info: DataInfo) -> EnhancementDrawing:
        """Return what shows original and enhanced image side by side."""
        from automap.tasks.enhancement.drawing import EnhancementDrawing

        return EnhancementDrawing()
