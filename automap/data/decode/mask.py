"""Masks: an image whose values are class indices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from automap.data.decode.errors import BadImage
from automap.data.decode.files import UPRIGHT, Pixels, check_size, open_picture, quietly, read_file
from automap.data.decode.geometry import Geometry
from automap.data.decode.npy import npy_image
from automap.interfaces.array import Array
from automap.interfaces.sample import ImageSource

IGNORED = 255
"""The value of mask pixels that belong to no class: they are ignored in training and evaluation."""


def decode_mask(mask: Pixels, geometry: Geometry) -> Array:
    """Return a mask of an image as a mask of its record; padding is `IGNORED`.

    Args:
        mask: a palette or grey image whose values are class indices, as a file, encoded, or ``(height, width)``, uint8;
            or an `ImageSource`.
        geometry: how the image was fitted.

    Raises:
        BadImage: if it cannot be read, or does not have the size of the image.
    """
    values = mask if isinstance(mask, np.ndarray) else read_mask(mask)
    if values.ndim != 2 or values.dtype != np.uint8:
        raise BadImage(
            "its mask is not an image of class indices", f"shape {values.shape}, type {values.dtype}; expected uint8"
        )
    if values.shape != geometry.source and values.shape == geometry.source[::-1] and geometry.orientation in UPRIGHT:
        # Drawn over the pixels as they are stored, not as they are shown.
        values = np.asarray(Image.fromarray(values).transpose(UPRIGHT[geometry.orientation]))
    if values.shape != geometry.source:
        sizes = [f"{width}×{height}" for height, width in (values.shape, geometry.source)]
        raise BadImage("its mask has another size", f"{sizes[0]} pixels, the image {sizes[1]}")
    return geometry.mask(values, IGNORED)


def read_mask(mask: Path | bytes | ImageSource) -> Array:
    """Return the class indices of a mask ``(height, width)``, uint8.

    Raises:
        BadImage: if it cannot be read or is not a mask.
    """
    try:
        if isinstance(mask, ImageSource):
            return np.asarray(mask.decode(None, "stretch"))
        content = mask if isinstance(mask, bytes) else read_file(mask)
        if content.startswith(b"\x93NUMPY"):
            return _indices(*npy_image(content))
        with quietly(), open_picture(content) as picture:
            return mask_values(picture)
    except BadImage as error:
        if error.reason.startswith("its mask"):
            raise
        raise BadImage(f"its mask: {error.reason}", error.detail) from None
    except UnidentifiedImageError:
        raise BadImage("its mask is not an image") from None
    except Exception as error:
        raise BadImage("its mask cannot be read", str(error)) from error


def _indices(shape: tuple[int, int, int], dtype: str, load: Callable[[], Array]) -> Array:
    if shape[2] != 1 or np.dtype(dtype).kind not in "uib":
        raise BadImage("its mask is not an array of class indices", f"shape {shape}, type {dtype}")
    check_size(shape[1], shape[0], np.dtype(dtype).itemsize)
    return mask_values(Image.fromarray(np.clip(load()[..., 0], -1, 256).astype(np.int32)))


def mask_values(picture: Image.Image) -> Array:
    """Return the class indices of a palette or grey mask ``(height, width)``, uint8.

    Raises:
        BadImage: if it is a JPEG or a colour image, or has values that are not whole numbers from 0 to 255.
    """
    if picture.format in {"JPEG", "MPO"}:
        raise BadImage("its mask is a JPEG file, whose lossy compression changes class indices; save masks as PNG")
    if picture.mode == "1":
        return np.asarray(picture).astype(np.uint8)
    values = np.asarray(picture)
    if values.ndim != 2:
        raise BadImage("its mask is a colour image", f"mode {picture.mode}; expected a palette or grey image")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise BadImage("its mask has values that are not finite (NaN or infinity)")
    if values.size and values.min() < 0:
        raise BadImage("its mask has negative values", f"{values.min():g}; class indices are 0 to 254")
    if values.size and values.max() > 255:
        raise BadImage(
            "its mask has values above 255", f"from {values.min():g} to {values.max():g}; class indices are 0 to 254"
        )
    if values.dtype.kind == "f" and (values != np.round(values)).any():
        fraction = values[values != np.round(values)][0]
        raise BadImage("its mask has fractions; class indices are whole numbers", f"{fraction:g}")
    return values.astype(np.uint8)
