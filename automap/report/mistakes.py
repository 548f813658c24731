"""Images that the winner gets wrong with most confidence, with its answers drawn on them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from automap.data.decode.values import as_display
from automap.interfaces.answer import Answer
from automap.interfaces.array import Array
from automap.interfaces.data_info import LabelInfo, LabelsInfo, MaskInfo, NumbersInfo
from automap.report.section import Picture, Section
from automap.report.winner_data import WinnerData

COUNT = 12
SMALLEST, LARGEST = 128, 320
"""Side of a picture in pixels."""


def mistakes(winner: WinnerData) -> Section | None:
    """Return the pictures, or None if no image is wrong.

    Images are ordered by how far the answer is from the truth; where that cannot be told image by image (detection,
    enhancement, face recognition), the first images are shown as examples.
    """
    answers = winner.answers()
    errors = _errors(winner)
    if errors is None:
        chosen, title = list(range(min(COUNT, len(answers)))), "Examples"
        text = "Answers for validation images."
    else:
        order = np.argsort(-errors, kind="stable")[:COUNT]
        chosen, title = [int(index) for index in order if errors[index] > 0], "Mistakes"
        text = "The validation images that are furthest from the truth, the worst first."
    if not chosen:
        return None
    pictures = [Picture(_picture(winner, index, answers[index]), _caption(winner, index)) for index in chosen]
    return Section("mistakes", title, text, pictures=pictures)


def _errors(winner: WinnerData) -> Array | None:
    """Return how wrong each answer is ``(count,)``, 0 for right ones; None if that is not known image by image."""
    target, truth = winner.info.target, winner.samples.targets
    outputs = winner.outputs
    if winner.probabilities is not None:
        right = outputs.argmax(axis=1) == truth
        return np.where(right, 0.0, winner.probabilities.max(axis=1))
    if isinstance(target, LabelsInfo):
        probabilities = 1 / (1 + np.exp(-outputs))
        wrong = (probabilities > 0.5) != (truth > 0.5)
        return np.asarray(np.where(wrong, np.abs(probabilities - truth), 0.0).max(axis=1))
    if isinstance(target, NumbersInfo):
        standard = (truth.reshape(len(truth), -1) - np.array(target.mean)) / np.array(target.std)
        return np.asarray(np.abs(outputs.reshape(len(outputs), -1) - standard).max(axis=1))
    if isinstance(target, MaskInfo):
        classes = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else (outputs[..., 0] > 0).astype(int)
        return np.asarray((classes != truth.reshape(classes.shape)).mean(axis=(1, 2)))
    return None


def _caption(winner: WinnerData, index: int) -> str:
    target, truth = winner.info.target, winner.samples.targets[index]
    if isinstance(target, LabelInfo) and winner.probabilities is not None:
        return f"true: {target.classes[int(truth)]}"
    if isinstance(target, LabelsInfo):
        return f"true: {', '.join(name for name, has in zip(target.classes, truth, strict=True) if has) or 'none'}"
    if isinstance(target, NumbersInfo):
        numbers = zip(target.names, np.ravel(truth), strict=True)
        return "true: " + ", ".join(f"{name} {value:.4g}" for name, value in numbers)
    return f"record {int(winner.samples.records[index])}"


def _picture(winner: WinnerData, index: int, answer: Answer) -> bytes:
    """Return a PNG of a record with the answer drawn on it."""
    pixels = as_display(winner.images[index], winner.info.image)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels[..., :3]).convert("RGB")
    drawn = winner.task.drawing(winner.info).draw(image, answer)
    side = max(drawn.size)
    if side < SMALLEST:
        factor = -(-SMALLEST // side)
        drawn = winner.task.drawing(winner.info).draw(_enlarged(image, factor), answer)
    drawn.thumbnail((LARGEST, LARGEST))
    file = BytesIO()
    drawn.save(file, "PNG", optimize=True)
    return file.getvalue()


def _enlarged(image: Image.Image, factor: int) -> Image.Image:
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
