"""The JSON Schema (2020-12) of specs, from the parameter models of the installed plugins.

Editors complete and check a spec with it. Wherever a hyperparameter may be searched, its schema admits a
value, a range or choices. Only keywords that earlier drafts share are used, since editors lag behind.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from automap.exceptions import PluginError
from automap.interfaces.component import Component, recommended_space
from automap.interfaces.kinds import SPEC_KINDS
from automap.interfaces.task import Task
from automap.spec.describe import describe_space
from automap.spec.field_schema import Schema, field_schema, tidy
from automap.spec.objectives import COSTS, Constraint, Objective
from automap.spec.parse_space import number_type
from automap.spec.plugins import BrokenPlugin, find_plugins, try_load
from automap.spec.sections import SearchSettings
from automap.spec.spec import Spec
from automap.spec.training import TrainingSettings

_SEARCHED = {
    "task": "automap.tasks",
    "architecture": "automap.architectures",
    "optimizer": "automap.optimizers",
    "loss": "automap.losses",
}
_OF_SEARCH = {"sampler": "automap.samplers", "scheduler": "automap.schedulers"}
_FIXED = ("automap.datasets", "automap.samplers", "automap.schedulers")
"""Kinds with one component for each study and no searched hyperparameters."""
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def json_schema() -> Schema:
    """Return the schema of the whole spec format with the working plugins that are installed."""
    definitions: Schema = {}
    for group, kind in SPEC_KINDS.items():
        definitions |= _kind_definitions(group, kind)
    definitions |= _model_definitions("training", TrainingSettings, searched=True)
    definitions |= {"metric": _metric(), "objective": _objective(), "constraint": _constraint()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "automap spec",
        "description": "What you have, what may vary and what is good. What is left out, automap decides.",
        "type": "object",
        "required": ["dataset"],
        "additionalProperties": False,
        "properties": {name: _section(name, field, definitions) for name, field in Spec.model_fields.items()},
        "$defs": definitions,
    }


def _section(name: str, field: FieldInfo, definitions: Schema) -> Schema:
    about = _about(field)
    match name:
        case "augmentation":
            step = _reference("automap.augmentations")
            return {**about, "anyOf": [{"type": "array", "items": step}, step]}
        case "dataset":
            return {**about, **_reference("automap.datasets")}
        case "training":
            return {**about, **_reference("training")}
        case "objectives":
            one = _reference("objective")
            return {**about, "anyOf": [{"type": "array", "minItems": 1, "items": one}, one]}
        case "constraints":
            return {**about, "type": "array", "items": _reference("constraint")}
    if name == "search":
        return {**about, **_search(definitions)}
    if name in _SEARCHED:
        return {**about, **_reference(_SEARCHED[name])}
    schema, inner = field_schema(field, name)
    definitions |= inner
    return {**about, **schema}


def _search(definitions: Schema) -> Schema:
    properties: Schema = {}
    for name, field in SearchSettings.model_fields.items():
        if name in _OF_SEARCH:
            properties[name] = {**_about(field), **_reference(_OF_SEARCH[name])}
            continue
        schema, inner = field_schema(field, f"search.{name}")
        definitions |= inner
        properties[name] = {**_about(field), **schema}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _kind_definitions(group: str, kind: type[Component]) -> Schema:
    """Return the definitions of a kind: of each component, and of what stands where a spec names one."""
    searched = group not in _FIXED
    classes = dict(_working(group))
    definitions: Schema = {}
    for name, component in classes.items():
        definitions |= _model_definitions(f"{group}.{name}", component, searched, name)
    short = {name: component for name, component in classes.items() if not _required(component)}
    forms: list[Schema] = []
    if short:
        summaries = [component.summary() for component in short.values()]
        forms.append({"type": "string", "enum": list(short), "enumDescriptions": summaries})
    forms += [_reference(f"{group}.{name}") for name in classes]
    if searched:
        forms.append(_choices(_reference(group)))
    summary = (kind.__doc__ or "").strip().split("\n", 1)[0]
    return {**definitions, group: {"description": summary, "anyOf": forms or [False]}}


def _working(group: str) -> Iterator[tuple[str, type[Component]]]:
    for name in find_plugins(group):
        try:
            loaded = try_load(group, name)
        except PluginError:
            continue  # Two plugins of one name: a spec that uses it is an error, whatever its fields are.
        if not isinstance(loaded, BrokenPlugin):
            yield name, loaded


def _model_definitions(key: str, model: type[BaseModel], searched: bool, type_name: str | None = None) -> Schema:
    """Return the definition of a model's mapping form, and one for each field that can be searched."""
    definitions: Schema = {}
    properties: Schema = {}
    if type_name is not None:
        properties["type"] = {
            "const": type_name,
            "description": model.__doc__ and inspect.cleandoc(model.__doc__),
        }
    for name, field in model.model_fields.items():
        value, inner = field_schema(field, f"{key}.{name}")
        definitions |= inner
        if searched:
            definitions[f"{key}.{name}"] = _searchable(value, field, f"{key}.{name}")
            value = _reference(f"{key}.{name}")
        properties[name] = {**_about(field), **value}
    definitions[key] = {
        "type": "object",
        "description": inspect.cleandoc(model.__doc__ or ""),
        "properties": properties,
        "required": [*(["type"] if type_name is not None else []), *_required(model)],
        "additionalProperties": False,
    }
    return definitions


def _required(model: type[BaseModel]) -> list[str]:
    return [
        name for name, field in model.model_fields.items() if field.is_required() and recommended_space(field) is None
    ]


def _searchable(value: Schema, field: FieldInfo, key: str) -> Schema:
    forms = [value, _choices(_reference(key))]
    if (integer := number_type(field)) is not None:
        forms.insert(1, _range(value, "integer" if integer else "number"))
    return {"anyOf": forms}


def _range(value: Schema, kind: str) -> Schema:
    members = [value, *value.get("anyOf", [])]
    limits = {limit: member[limit] for member in members for limit in _LIMITS if limit in member}
    end = {"type": kind, **limits}
    return {
        "type": "object",
        "description": "a range to search, both ends included",
        "properties": {
            "low": {**end, "description": "smallest value"},
            "high": {**end, "description": "largest value"},
            "log": {"type": "boolean", "description": "sample on a logarithmic scale"},
            "step": {"type": kind, "exclusiveMinimum": 0, "description": "distance between sampled values"},
        },
        "required": ["low", "high"],
        "additionalProperties": False,
    }


def _choices(item: Schema) -> Schema:
    return {
        "type": "object",
        "description": "alternatives to search",
        "properties": {"choices": {"type": "array", "minItems": 1, "items": item}},
        "required": ["choices"],
        "additionalProperties": False,
    }


def _about(field: FieldInfo) -> Schema:
    """Describe a field: what it is, its default and its recommended space."""
    parts = [field.description] if field.description else []
    if (recommended := recommended_space(field)) is not None:
        parts.append(f"searched by default: {describe_space(recommended)}")
    about: Schema = {"description": "; ".join(parts)} if parts else {}
    default = field.get_default(call_default_factory=False)
    if not field.is_required() and default is not PydanticUndefined and not field.default_factory:
        about["default"] = to_jsonable_python(default, fallback=str)
    return about


def _objective() -> Schema:
    mapping = {
        "type": "object",
        "description": inspect.cleandoc(Objective.__doc__ or ""),
        "properties": {
            "metric": _reference("metric"),
            "direction": {"enum": ["maximize", "minimize"], **_about(Objective.model_fields["direction"])},
        },
        "required": ["metric"],
        "additionalProperties": False,
    }
    return {"anyOf": [_reference("metric"), mapping]}


def _constraint() -> Schema:
    schema = cast(Schema, tidy(Constraint.model_json_schema()))
    schema["properties"]["metric"] = _reference("metric")
    return schema


def _metric() -> Schema:
    about = {name: cost.description for name, cost in COSTS.items()}
    for _, task in _working(Task.group):
        about = {name: metric.description for name, metric in cast(type[Task], task).metrics.items()} | about
    return {"type": "string", "enum": list(about), "enumDescriptions": list(about.values())}


def _reference(key: str) -> Schema:
    return {"$ref": f"#/$defs/{key}"}
