"""Random operations with a strength, drawn for each image: the building blocks of RandAugment and similar methods.

Keras's own RandAugment and AugMix (3.15) are not used. They draw operations for the whole batch, AugMix even once
for the whole training when it is compiled; strength 0 inverts and blurs, and keeps 1 bit of 8 of a posterised
image; strength 0.3 turns by up to 108 degrees, always the same way; all operations are computed to keep one.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from automap_augmentations.layers import refuse

MOVING = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
BLENDING = ("brightness", "contrast", "color", "sharpness")
POINTWISE = ("posterize", "solarize", "auto_contrast")
OPERATIONS = ("identity", *MOVING, *BLENDING, *POINTWISE)
"""Those of RandAugment without equalisation, whose histograms alone take half as long as all the others together."""

SHEAR, TRANSLATION, ROTATION, BLEND, BITS = 0.3, 0.45, math.radians(30), 0.9, 4
"""The meaning of strength 1: as in RandAugment (arXiv:1909.13719), translation as a share of the image."""


class RandomOperations(keras.layers.Layer):  # type: ignore[misc]
    """Applies different random operations to each image.

    Args:
        count: operations of each image, one after the other; the identity may be among them.
        weakest: least strength, 0 to 1. Strength 0 changes nothing.
        strongest: largest strength, 0 to 1; each operation's own is drawn in between.
    """

    def __init__(self, count: int, weakest: float, strongest: float) -> None:
        super().__init__(dtype="float32")
        self.count = count
        # Variables: a compiled step serves every strength.
        self.weakest, self.strongest = (
            keras.Variable(strength, trainable=False, dtype="float32", name="strength")
            for strength in (weakest, strongest)
        )
        self.generator = keras.random.SeedGenerator()
        # TensorFlow cannot compile the affine transform with XLA.
        self.supports_jit = False
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch with changed images.

        Raises:
            ValueError: if the batch has targets that lie at places in the image, which would stay where they were.
        """
        refuse(batch, "segmentation_masks", "bounding_boxes")
        return {**batch, "images": self.change(batch["images"])} if training else batch

    def change(self, images: Any, used: Any = None) -> Any:
        """Return changed images.

        Args:
            images: ``(batch, height, width, channels)``, float32, 0 to 255.
            used: ``(batch,)`` how many of the operations each image gets; left out, all.
        """
        weakest, strongest = (ops.convert_to_tensor(strength) for strength in (self.weakest, self.strongest))
        for position in range(self.count):
            shape = (ops.shape(images)[0],)
            operation = keras.random.randint(shape, 0, len(OPERATIONS), seed=self.generator)
            strength = keras.random.uniform(shape, weakest, strongest, seed=self.generator)
            sign = ops.where(keras.random.uniform(shape, seed=self.generator) < 0.5, -1.0, 1.0)
            if used is not None:
                strength = ops.where(position < used, strength, 0.0)
            images = apply(images, operation, strength * sign)
        return images


class MixedChains(keras.layers.Layer):  # type: ignore[misc]
    """Blends each image with a random mixture of augmented copies of it.

    Args:
        chains: number of copies.
        depth: most operations of a copy, at least 1; each copy's own number is drawn.
        strength: largest strength of an operation, 0 to 1.
    """

    def __init__(self, chains: int, depth: int, strength: float) -> None:
        super().__init__(dtype="float32")
        self.chain = RandomOperations(depth, 0.0, strength)
        self.chains = chains
        self.generator = keras.random.SeedGenerator()
        self.supports_jit = False
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = True) -> dict[str, Any]:
        """Return the batch with changed images.

        Raises:
            ValueError: if the batch has targets that lie at places in the image, which would stay where they were.
        """
        refuse(batch, "segmentation_masks", "bounding_boxes")
        return {**batch, "images": self._mix(batch["images"])} if training else batch

    def _mix(self, images: Any) -> Any:
        count = ops.shape(images)[0]
        # All copies as one batch: one chain to trace instead of several.
        copies = ops.tile(images, (self.chains, 1, 1, 1))
        used = keras.random.randint((self.chains * count,), 1, self.chain.count + 1, seed=self.generator)
        changed = ops.reshape(self.chain.change(copies, used), (self.chains, -1, *images.shape[1:]))
        # Shares of a flat Dirichlet distribution: exponentially distributed numbers divided by their sum.
        shares = -ops.log(keras.random.uniform((self.chains, count, 1, 1, 1), 1e-6, 1.0, seed=self.generator))
        mixture = ops.sum(changed * shares / ops.sum(shares, axis=0), axis=0)
        kept = keras.random.uniform((count, 1, 1, 1), seed=self.generator)
        return kept * images + (1 - kept) * mixture


def apply(images: Any, operation: Any, amount: Any) -> Any:
    """Apply a different operation to each image.

    Args:
        images: ``(batch, height, width, channels)``, float32, 0 to 255.
        operation: ``(batch,)`` indices into `OPERATIONS`.
        amount: ``(batch,)`` strength with a sign, -1 to 1; the sign is which way, where there are two.
    """

    def of(name: str) -> Any:
        return ops.where(operation == OPERATIONS.index(name), amount, 0.0)

    moved = _move(images, of("shear_x"), of("shear_y"), of("translate_x"), of("translate_y"), of("rotate"))
    blended = _blend(moved, {name: _column(of(name)) for name in BLENDING})
    return _map_values(blended, {name: _column(ops.abs(of(name))) for name in POINTWISE})


def _column(values: Any) -> Any:
    return values[:, None, None, None]


def _move(images: Any, shear_x: Any, shear_y: Any, right: Any, down: Any, turn: Any) -> Any:
    """Shear, shift and turn about the centre in one transform; what comes into view repeats the border."""
    _, height, width, _ = images.shape
    x, y = (width - 1) / 2, (height - 1) / 2
    cosine, sine = ops.cos(ROTATION * turn), ops.sin(ROTATION * turn)
    a, b = cosine, SHEAR * shear_x - sine
    c, d = SHEAR * shear_y + sine, cosine
    e = x - a * x - b * y + TRANSLATION * width * right
    f = y - c * x - d * y + TRANSLATION * height * down
    zero = ops.zeros_like(a)
    matrices = ops.stack([a, b, e, c, d, f, zero, zero], axis=1)
    return ops.image.affine_transform(
        images, matrices, interpolation="bilinear", fill_mode="nearest", data_format="channels_last"
    )


def _blend(images: Any, amounts: dict[str, Any]) -> Any:
    """Adjust brightness, contrast, saturation or sharpness by blending."""
    grey = ops.image.rgb_to_grayscale(images, data_format="channels_last") if images.shape[-1] == 3 else images
    around = ops.average_pool(images, 3, strides=1, padding="same", data_format="channels_last")
    others = {
        "brightness": ops.zeros_like(images),
        "contrast": ops.mean(grey, axis=(1, 2, 3), keepdims=True),
        "color": grey,
        # The kernel of the Python Imaging Library: 5 in the middle, 1 around, divided by 13.
        "sharpness": (9 * around + 4 * images) / 13,
    }
    change = sum(BLEND * amounts[name] * (images - other) for name, other in others.items())
    return ops.clip(images + change, 0.0, 255.0)


def _map_values(images: Any, strengths: dict[str, Any]) -> Any:
    """Posterize, solarize or apply auto-contrast."""
    step = 2.0 ** ops.round(BITS * strengths["posterize"])
    images = ops.where(step > 1, ops.floor(images / step) * step, images)
    threshold = 255 * (1 - strengths["solarize"])
    images = ops.where(images > threshold, 255 - images, images)
    low, high = (reduce(images, axis=(1, 2), keepdims=True) for reduce in (ops.min, ops.max))
    stretched = (images - low) * 255 / ops.maximum(high - low, 1.0)
    return ops.where((strengths["auto_contrast"] > 0) & (high > low), stretched, images)
