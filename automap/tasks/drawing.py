"""Drawing text and boxes on images."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from automap.interfaces.array import Array

MIN_TEXT, MAX_TEXT = 12, 40
"""Height of text in pixels; in between, a thirtieth of the image's smaller side."""
LINE_SHARE = 300
"""Lines are one pixel wide for each 300 pixels of the image's smaller side."""
MAX_LETTERS = 200
"""Longer texts are cut off."""


def class_colours(count: int) -> Array:
    """Return a colour for each class ``(count, 3)``, uint8: black for the first, then well-separated hues."""
    golden = 0.618034
    hues = [colorsys.hsv_to_rgb(index * golden % 1, 0.8, 1.0) for index in range(1, count)]
    return (np.array([(0.0, 0.0, 0.0), *hues]) * 255).astype(np.uint8)


def captioned(image: Image.Image, text: str) -> Image.Image:
    """Return an image with a line of text below it, as wide as the wider of the two.

    Args:
        image: in mode RGB.
        text: the caption; control characters are replaced by spaces.
    """
    font, text = _font(image), _one_line(text)
    _, _, width, height = (int(edge) + 1 for edge in font.getbbox(text))
    margin = height // 3
    whole = Image.new("RGB", (max(image.width, width + 2 * margin), image.height + height + 2 * margin), "white")
    whole.paste(image, ((whole.width - image.width) // 2, 0))
    ImageDraw.Draw(whole).text((margin, image.height + margin), text, fill="black", font=font)
    return whole


def framed(image: Image.Image, boxes: Sequence[tuple[Sequence[float], str, Sequence[int]]]) -> Image.Image:
    """Return an image with labelled boxes.

    Args:
        image: in mode RGB.
        boxes: for each box left, top, right and bottom in pixels, its label and its colour; the last is on top.
    """
    drawn, font = image.copy(), _font(image)
    pen, line = ImageDraw.Draw(drawn), max(1, min(image.size) // LINE_SHARE)
    for box, label, colour in boxes:
        ink, name = tuple(int(value) for value in colour), _one_line(label)
        pen.rectangle([float(edge) for edge in box], outline=ink, width=line)
        left, top, right, bottom = pen.textbbox((box[0], box[1]), name, font=font, anchor="lb")
        # The label sits above the box, or inside it at the top of the image.
        down = bottom - top + 2 if top < 0 else 0
        pen.rectangle((left, top + down - 1, right + 2, bottom + down + 1), fill=ink)
        pen.text((box[0] + 1, box[1] + down), name, font=font, anchor="lb", fill="black")
    return drawn


def _one_line(text: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= MAX_LETTERS else f"{line[:MAX_LETTERS]}…"


def _font(image: Image.Image) -> Any:
    return ImageFont.load_default(min(max(min(image.size) / 30, MIN_TEXT), MAX_TEXT))
