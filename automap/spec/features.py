"""Encoders for the features of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from automap.interfaces.component import Component
from automap.interfaces.dataset import Dataset
from automap.interfaces.encoder import COLUMN_KINDS, Encoder, EncoderKind
from automap.spec.parse_space import recommended_choices
from automap.spec.space import Choices, ComponentSpace, Space


def has_features(data: Mapping[str, Any]) -> bool:
    """Return whether the data set among the fields of a spec has inputs beside the image."""
    dataset = data.get("dataset")
    return dataset is not None and bool(dataset.extra_inputs)


def encoders_for(dataset: Dataset, given: Mapping[EncoderKind, Space]) -> dict[EncoderKind, Space]:
    """Return a space of encoders for each kind of column that a data set has.

    Args:
        dataset: the data set.
        given: the spec's own; those that it leaves out are the recommended ones.

    Raises:
        ValueError: if one is given that no column needs, or that reads another kind of column.
    """
    kinds = {each.kind for each in dataset.extra_inputs}
    needed = [kind for kind, columns in COLUMN_KINDS.items() if kinds & columns or None in kinds]
    for kind, space in given.items():
        if kind not in needed:
            columns = " or ".join(sorted(COLUMN_KINDS[kind]))
            raise ValueError(f"encoders.{kind}: no feature of the data set has the type {columns}")
        _check(kind, space)
    return {kind: given.get(kind) or _recommended(kind) for kind in needed}


def _recommended(kind: EncoderKind) -> Space:
    found = recommended_choices(Encoder.group, lambda model: _reads(model, kind))
    return found.options[0] if len(found.options) == 1 else found


def _check(kind: EncoderKind, space: Space) -> None:
    if isinstance(space, Choices):
        for option in space.options:
            _check(kind, option)
    elif isinstance(space, ComponentSpace):
        model = cast(type[Component], space.model)
        if not _reads(model, kind):
            raise ValueError(f"encoders.{kind}: '{space.type}' reads columns of another kind")


def _reads(model: type[Component], kind: EncoderKind) -> bool:
    return cast(type[Encoder], model).reads == kind
