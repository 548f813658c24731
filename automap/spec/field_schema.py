"""The JSON Schema of a field's values, adapted from Pydantic's for editors."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.fields import FieldInfo

Schema = dict[str, Any]

_LIMIT_NAMES = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def field_schema(field: FieldInfo, key: str = "") -> tuple[Schema, Schema]:
    """Return the schema of a field's values and the definitions that it refers to.

    Args:
        field: a field of a component or of the spec.
        key: what the names of the definitions start with.

    Returns:
        An empty schema, which admits everything, for a plugin's own type that JSON Schema cannot describe:
        the spec's own validation still checks it.
    """
    annotation: Any = field.annotation
    if field.metadata:
        annotation = Annotated[(annotation, *field.metadata)]
    try:
        schema = TypeAdapter(annotation).json_schema(ref_template=f"#/$defs/{key}.{{model}}")
    except PydanticInvalidForJsonSchema:
        return {}, {}
    definitions = {f"{key}.{name}": tidy(inner) for name, inner in schema.pop("$defs", {}).items()}
    return tidy(schema), definitions


def tidy(schema: Any) -> Any:
    """Drop made-up titles, and name limits as JSON Schema does: beside validators Pydantic does not."""
    if isinstance(schema, list):
        return [tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        _LIMIT_NAMES.get(key, key) if isinstance(value, int | float) else key: tidy(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
