"""Describing hyperparameters: valid values, default and recommended search space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from automap.interfaces.component import recommended_space
from automap.spec.field_schema import field_schema

_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true | false",
    "null": "null",
    "object": "mapping",
    "array": "list",
}
_LIMITS = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))


class FieldDescription(NamedTuple):
    """The description of a hyperparameter."""

    name: str
    takes: str
    """The valid values."""
    default: str | None
    """None if the field is required."""
    searched: str | None
    """The recommended search space, None if the field keeps its default."""
    description: str
    required: bool


def describe_field(name: str, field: FieldInfo) -> FieldDescription:
    """Describe a component's field for a person."""
    recommended = recommended_space(field)
    return FieldDescription(
        name,
        describe_values(field_schema(field)[0]),
        describe_default(field),
        None if recommended is None else describe_space(recommended),
        field.description or "",
        field.is_required(),
    )


def describe_default(field: FieldInfo) -> str | None:
    """Write a field's default as a spec would; None if it has none."""
    default = field.get_default(call_default_factory=False)
    if field.is_required() or default is PydanticUndefined or field.default_factory is not None:
        return None
    return _write(to_jsonable_python(default, fallback=str))


def describe_space(space: Mapping[str, Any]) -> str:
    """Write a range or choices in words, for instance ``1 to 4, log`` or ``relu | tanh``."""
    if "choices" in space:
        return " | ".join(_write(to_jsonable_python(choice, fallback=str)) for choice in space["choices"])
    words = [f"{space['low']:g} to {space['high']:g}"]
    words += ["log"] if space.get("log") else []
    words += [f"step {space['step']:g}"] if space.get("step") is not None else []
    return ", ".join(words)


def describe_values(schema: Mapping[str, Any]) -> str:
    """Describe the values that a JSON Schema allows, for instance ``whole number ≥ 1`` or ``relu | tanh``."""
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(describe_values(member) for member in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " | ".join(_write(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {describe_values(schema['items'])}"
    words = [_TYPES.get(str(schema.get("type")), "mapping" if "$ref" in schema else "any value")]
    words += [f"{sign} {schema[limit]:g}" for limit, sign in _LIMITS if limit in schema]
    return " ".join(words)


def _write(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(_write(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_write(item)}' for key, item in value.items())}}}"
    return str(value)
