"""Similarity of images by their embeddings: comparing them with each other, or with a gallery of identities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from automap.exceptions import UserError
from automap.interfaces.array import Array
from automap.models.files import image_files
from automap.models.model import LoadedModel
from automap.models.predict import Prediction, predict
from automap.tasks.face_recognition.answer import ComparisonAnswer, EmbeddingAnswer, MatchAnswer
from automap.tasks.face_recognition.task import FaceRecognition


def compares_images(model: LoadedModel) -> bool:
    """Return whether the answers are embeddings, which are shown as comparisons."""
    return isinstance(model.task, FaceRecognition)


def compare(model: LoadedModel, found: Sequence[Prediction]) -> list[Prediction]:
    """Compare each image with each that follows.

    Args:
        model: its validation metrics hold the threshold.
        found: embeddings of the images.

    Returns:
        A comparison for each pair, of its first image; then the images that could not be read.

    Raises:
        UserError: if fewer than two images could be read.
    """
    read = [prediction for prediction in found if prediction.answer is not None]
    if len(read) < 2:
        raise UserError(
            "this model compares images: give at least two, or a folder with one folder for each identity as --gallery"
        )
    pairs = [
        replace(one, answer=ComparisonAnswer(other=other.name, similarity=similarity, same=_same(model, similarity)))
        for one, other in combinations(read, 2)
        for similarity in (float(_embedding(one) @ _embedding(other)),)
    ]
    return [*pairs, *(prediction for prediction in found if prediction.answer is None)]


def search(model: LoadedModel, found: Sequence[Prediction], gallery: Path) -> list[Prediction]:
    """Find the most similar image of a gallery for each image.

    Args:
        model: its validation metrics hold the threshold.
        found: embeddings of the images to look up.
        gallery: a folder with one folder of images for each identity.

    Raises:
        UserError: if no image of the gallery can be read.
    """
    if not gallery.is_dir():
        raise UserError(f"--gallery: no such folder: {gallery}; expected a folder with one folder for each identity")
    files = image_files([str(gallery)]).files
    known = [prediction for prediction in predict(model, files) if prediction.answer is not None]
    if not known:
        raise UserError(f"--gallery: no image in {gallery} can be read")
    embeddings = np.stack([_embedding(prediction) for prediction in known])
    names = [Path(prediction.name) for prediction in known]

    def matched(each: Prediction) -> Prediction:
        return replace(each, answer=_nearest(model, _embedding(each), gallery, names, embeddings))

    return [each if each.answer is None else matched(each) for each in found]


def _nearest(
    model: LoadedModel, embedding: Array, gallery: Path, names: Sequence[Path], embeddings: Array
) -> MatchAnswer:
    similarities = embeddings @ embedding
    best = int(similarities.argmax())
    inside = names[best].relative_to(gallery)
    # An image directly in the gallery is an identity of its own.
    identity = inside.parts[0] if len(inside.parts) > 1 else inside.stem
    similarity = float(similarities[best])
    return MatchAnswer(
        identity=identity, similarity=similarity, same=_same(model, similarity), nearest=str(names[best])
    )


def _same(model: LoadedModel, similarity: float) -> bool | None:
    threshold = model.metrics.get("threshold")
    return None if threshold is None else similarity >= threshold


def _embedding(prediction: Prediction) -> Array:
    assert isinstance(prediction.answer, EmbeddingAnswer)
    return np.array(prediction.answer.embedding)
