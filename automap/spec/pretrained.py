"""What a spec searches where an architecture has pretrained weights."""

from __future__ import annotations

from dataclasses import replace

from automap.interfaces.component import recommended_space
from automap.spec.parse_space import parse_model
from automap.spec.space import Choices, ComponentSpace, Space, Value

AUTO = Value("auto")
FROM_SCRATCH = Value("none")


def has_pretrained(architecture: Space) -> bool:
    """Return whether an architecture, or any of several, may start from pretrained weights."""
    match architecture:
        case Choices(options):
            return any(map(has_pretrained, options))
        case ComponentSpace(fields=fields):
            return fields.get("pretrained", FROM_SCRATCH) != FROM_SCRATCH
    return False


def search_fine_tuning(space: ComponentSpace) -> ComponentSpace:
    """Return a space in which the fields of `tunable_if_pretrained` that are ``auto`` are searched."""
    searched = {
        name: found
        for name, field in space.model.model_fields.items()
        if space.fields[name] == AUTO and (found := recommended_space(field, pretrained=True)) is not None
    }
    return replace(parse_model(space.model, {**space.fields, **searched}), type=space.type)
