"""What embeddings of images say: whether two show the same identity, and whose image of a gallery is nearest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.models.load import FinishedModel
from automap.models.predict import Prediction, image_files, predict


def is_embedded(found: Sequence[Prediction]) -> bool:
    """Return whether the answers are embeddings, which say something only beside others."""
    return any("embedding" in prediction.answer for prediction in found if prediction.answer is not None)


def compare(model: FinishedModel, found: Sequence[Prediction]) -> list[Prediction]:
    """Compare each image with each that follows.

    Args:
        model: whose validation gave the similarity from which on two images are taken for the same identity.
        found: its predictions.

    Returns:
        A prediction for each pair, of its first image: ``other``, ``similarity`` (cosine, -1 to 1) and ``same``;
        then those that could not be read.
    """
    read = [prediction for prediction in found if prediction.answer is not None]
    if len(read) < 2:
        raise UserError(
            "a model of this task compares images: name two at least, or a folder for each identity with --gallery"
        )
    pairs = [
        replace(one, answer={"other": str(other.path), **_judged(model, float(_embedding(one) @ _embedding(other)))})
        for one, other in combinations(read, 2)
    ]
    return [*pairs, *(prediction for prediction in found if prediction.answer is None)]


def search(model: FinishedModel, found: Sequence[Prediction], gallery: Path) -> list[Prediction]:
    """Find the image of a gallery that is most similar to each image.

    Args:
        model: as in `compare`.
        found: its predictions for the images that are sought.
        gallery: a folder that holds a folder of images for each identity.

    Returns:
        A prediction for each image: ``identity``, ``similarity``, ``same`` and the file that is ``nearest``.

    Raises:
        UserError: if no image of the gallery can be read.
    """
    known = [prediction for prediction in _gallery(model, gallery) if prediction.answer is not None]
    if not known:
        raise UserError(f"the gallery {gallery} has no image that can be read")
    embeddings = np.stack([_embedding(prediction) for prediction in known])
    return [_nearest(model, each, gallery, known, embeddings) if each.answer else each for each in found]


def _gallery(model: FinishedModel, gallery: Path) -> Iterator[Prediction]:
    if not gallery.is_dir():
        raise UserError(f"--gallery: there is no folder {gallery}; it holds a folder of images for each identity")
    return predict(model, image_files([gallery]))


def _nearest(
    model: FinishedModel, sought: Prediction, gallery: Path, known: Sequence[Prediction], embeddings: Array
) -> Prediction:
    similarities = embeddings @ _embedding(sought)
    best = int(similarities.argmax())
    inside = known[best].path.relative_to(gallery)
    # An image beside the folders stands for itself.
    identity = inside.parts[0] if len(inside.parts) > 1 else inside.stem
    judged = _judged(model, float(similarities[best]))
    return replace(sought, answer={"identity": identity, **judged, "nearest": str(known[best].path)})


def _judged(model: FinishedModel, similarity: float) -> dict[str, Any]:
    threshold = model.metrics.get("threshold")
    judged: dict[str, Any] = {"similarity": similarity}
    return judged if threshold is None else {**judged, "same": similarity >= threshold}


def _embedding(prediction: Prediction) -> Array:
    assert prediction.answer is not None
    return np.array(prediction.answer["embedding"])
