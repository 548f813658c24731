"""What an augmentation is held to."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from automap.interfaces.array import Array
from automap.interfaces.augmentation import Augmentation
from automap.testing.component import check_component, instance_of, require
from automap.testing.examples import digits

SIDE = 48
LEFT, TOP, RIGHT, BOTTOM = 12, 14, 36, 32
"""The rectangle whose mask and box must follow it, in pixels."""
DARK, BRIGHT = 20.0, 200.0
AGREEMENT = 0.9
OVERLAP = 0.75


def check_augmentation(augmentation: Augmentation | type[Augmentation]) -> None:
    """Check that an augmentation changes images, and their targets with them.

    - Shape, dtype and range of the images stay the same, for grey and for colour images.
    - The same seed gives the same changes; each image of a batch is changed differently.
    - Nothing changes outside training.
    - Labels stay as they are, or are blended like the images if it `mixes`.
    - Masks, boxes and target images that it `serves` still match the image.

    Args:
        augmentation: an instance, or a class whose defaults are checked.

    Raises:
        AssertionError: with the promise that is broken.
    """
    built = instance_of(augmentation)
    check_component(built)
    for channels in (1, 3):
        _check_images(built, channels)
    _check_seeds(built)
    _check_inference(built)
    if built.mixes:
        _check_mixing(built)
    for check, entry in (
        (_check_masks, "segmentation_masks"),
        (_check_boxes, "bounding_boxes"),
        (_check_target_images, "target_images"),
    ):
        if entry in built.serves:
            check(built)


class Augmented(keras.Model):  # type: ignore[misc]
    """Applies layers in one compiled step, as training does."""

    def __init__(self, layers: Any) -> None:
        super().__init__()
        self.augmentations = list(layers)
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Return the augmented batch."""
        for layer in self.augmentations:
            batch = layer(batch, training=True)
        return batch


def augment(augmentation: Augmentation, batch: dict[str, Any], seed: int = 0) -> dict[str, Any]:
    """Return a batch as one training step changes it.

    Args:
        augmentation: what to apply.
        batch: arrays by the keys of `Augmentation.build`.
        seed: of the changes.
    """
    keras.utils.set_random_seed(seed)
    model = Augmented(augmentation.build())
    changed: dict[str, Any] = model.predict(batch, batch_size=len(batch["images"]), verbose=0)
    return changed


def _check_images(augmentation: Augmentation, channels: int) -> None:
    images = digits(16)[0].astype("float32").repeat(channels, axis=-1)
    labels = np.eye(4, dtype="float32")[np.arange(len(images)) % 4]
    changed = augment(augmentation, {"images": images, "labels": labels})
    found = changed["images"]
    require(found.shape == images.shape, f"images of shape {images.shape} become {found.shape}")
    require(found.dtype == np.float32, f"images become {found.dtype}; they must stay float32")
    require(bool(np.isfinite(found).all()), "images are not finite")
    low, high = float(found.min()), float(found.max())
    require(low >= -0.01 and high <= 255.01, f"pixels must stay within 0 to 255; received {low:g} to {high:g}")
    if augmentation.mixes:
        require(bool(np.allclose(changed["labels"].sum(axis=1), 1, atol=1e-4)), "blended labels must sum to 1")
    else:
        require(bool(np.array_equal(changed["labels"], labels)), "labels change, though it does not mix images")


def _check_seeds(augmentation: Augmentation) -> None:
    images = _copies(digits(16)[0][:1])
    batch = {"images": images, "labels": np.ones((len(images), 1), "float32")}
    first, again, other = (augment(augmentation, batch, seed)["images"] for seed in (1, 1, 2))
    require(bool(np.array_equal(first, again)), "the same seed gives different changes")
    if np.array_equal(first, images) or augmentation.mixes:
        return  # It changes nothing, or blends copies of one image.
    require(not np.array_equal(first, other), "different seeds give the same changes")
    require(len({image.tobytes() for image in first}) > 1, "every image of a batch is changed in the same way")


def _check_inference(augmentation: Augmentation) -> None:
    images = digits(16)[0].astype("float32")
    batch: dict[str, Any] = {"images": images, "labels": np.ones((len(images), 1), "float32")}
    for layer in augmentation.build():
        batch = layer(batch, training=False)
    found = keras.ops.convert_to_numpy(batch["images"])
    require(bool(np.allclose(found, images)), "images change with training=False")


def _check_mixing(augmentation: Augmentation) -> None:
    levels = np.array([0, 85, 170, 255], "float32")
    images = levels.repeat(8).reshape(32, 1, 1, 1) * np.ones((1, 16, 16, 1), "float32")
    changed = augment(augmentation, {"images": images, "labels": np.eye(4, dtype="float32").repeat(8, axis=0)}, 3)
    gap = np.abs(changed["images"].mean(axis=(1, 2, 3)) - changed["labels"] @ levels).max()
    require(float(gap) < 1, "labels are not blended in the same proportions as the images")
    require(bool((changed["labels"].max(axis=1) < 0.99).any()), "it mixes images, but no label of the batch changed")


def _rectangle() -> dict[str, Any]:
    image = np.full((1, SIDE, SIDE, 1), DARK, "float32")
    image[:, TOP:BOTTOM, LEFT:RIGHT] = BRIGHT
    return {"images": _copies(image)}


def _copies(images: Array) -> Array:
    return images.astype("float32").repeat(32, axis=0)


def _check_masks(augmentation: Augmentation) -> None:
    batch = _rectangle()
    batch["segmentation_masks"] = (batch["images"] > 127).astype("float32")
    changed = augment(augmentation, batch)
    masks = changed["segmentation_masks"]
    require(
        set(np.unique(masks)) <= {0.0, 1.0, 255.0},
        "masks must hold class indices, or 255 for none; do not interpolate them",
    )
    bright = _bright(changed["images"])
    matches = [
        float((seen[mask != 255] == (mask[mask != 255] == 1)).mean())
        for seen, mask in zip(bright, masks[..., 0], strict=True)
    ]
    require(float(np.median(matches)) >= AGREEMENT, "masks no longer match their images")


def _bright(images: Array) -> Array:
    low, high = (reduce(axis=(1, 2), keepdims=True) for reduce in (images[..., 0].min, images[..., 0].max))
    return np.asarray(images[..., 0] > (low + high) / 2)


def _check_boxes(augmentation: Augmentation) -> None:
    batch = _rectangle()
    count = len(batch["images"])
    boxes = np.tile(np.array([[LEFT, TOP, RIGHT, BOTTOM], [0, 0, 0, 0]], "float32"), (count, 1, 1))
    labels = np.tile(np.array([3, -1], "float32"), (count, 1))
    batch["bounding_boxes"] = {"boxes": boxes, "labels": labels}
    changed = augment(augmentation, batch)
    moved = changed["bounding_boxes"]
    require(moved["boxes"].shape == boxes.shape, f"boxes of shape {boxes.shape} become {moved['boxes'].shape}")
    require(bool((moved["labels"][:, 1] == -1).all()), "padding of boxes (label -1) becomes a box")
    kept = moved["labels"][:, 0] == 3
    require(bool(kept.any()), "every box lost its label")
    pairs = zip(_bright(changed["images"])[kept], moved["boxes"][kept, 0], strict=True)
    overlaps = [_overlap(_edges(seen), box) for seen, box in pairs]
    require(float(np.median(overlaps)) >= OVERLAP, "boxes no longer match their images")


def _edges(seen: Array) -> Array:
    rows, columns = np.nonzero(seen)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], "float32")


def _overlap(one: Array, other: Array) -> float:
    size = np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0)
    both = float(size.prod())
    areas = sum(float((box[2:] - box[:2]).prod()) for box in (one, other))
    return both / (areas - both)


def _check_target_images(augmentation: Augmentation) -> None:
    batch = _rectangle()
    enlarged = batch["images"].repeat(2, axis=1).repeat(2, axis=2)
    changed = augment(augmentation, {**batch, "target_images": enlarged})
    expected = changed["images"].repeat(2, axis=1).repeat(2, axis=2)
    difference = float(np.median(np.abs(changed["target_images"] - expected).mean(axis=(1, 2, 3))))
    require(difference < 8, f"target images differ from their images by {difference:.0f} of 255 on average")
