"""The changes of images that features are cached for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from automap.interfaces.array import Array
from automap.interfaces.augmentation import Augmentation
from automap.spec.candidate import Candidate
from automap.tasks.heads import PooledTask

MOST_VIEWS = 8
"""Augmentations with more are not cached."""


def trains_only_a_head(candidate: Candidate) -> bool:
    """Return whether a candidate's head can be fitted on cached features.

    That needs a frozen, pretrained backbone, a task that averages features over the image, augmentation that a few
    fixed changes can stand for, and no other input than the image.
    """
    return (
        candidate.fusion is None
        and candidate.training.freeze == "backbone"
        and candidate.architecture.pretrained != "none"
        and isinstance(candidate.task, PooledTask)
        and views_of(candidate.augmentation) is not None
    )


def unfitted_head(candidate: Candidate) -> str | None:
    """Return why a candidate's head, which can only be fitted on cached features, cannot be; None where all is well."""
    if getattr(candidate.task, "head", None) != "knn" or trains_only_a_head(candidate):
        return None
    return (
        "task.head: knn cannot be trained by gradients; it needs training.freeze: backbone, an architecture with "
        "pretrained weights, no augmentation but none and random_flip, and no dataset.features"
    )


def views_of(pipeline: Sequence[Augmentation]) -> dict[str, Callable[[Array], Array]] | None:
    """Return the changes that stand for a pipeline, by name, beside the unchanged images; None if it needs others."""
    views: dict[str, Callable[[Array], Array]] = {}
    for augmentation in pipeline:
        found = augmentation.views()
        if found is None:
            return None
        after = {
            f"{first}-{name}": _in_order(before, change)
            for first, before in views.items()
            for name, change in found.items()
        }
        views |= {**found, **after}
    return views if len(views) < MOST_VIEWS else None


def _in_order(first: Callable[[Array], Array], second: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda images: second(first(images))
