"""Converting Pydantic's errors to the problems of a spec, with the same text for files, Python and JSON output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from automap.spec.errors import MAX_PROBLEMS, Problem, SpecError, shortened
from automap.spec.space import unknown_field_message
from automap.spec.yaml import DataPath, Document, Position

_EXAMPLES: Mapping[DataPath, str] = {("dataset",): "dataset: {type: folder, path: ...}"}
"""Examples of fields without a default."""

_RENAMED: Mapping[DataPath, str] = {
    ("search", "pruner"): "'pruner' is now 'scheduler'; write, for instance, scheduler: hyperband"
}
"""Replacements of fields of earlier versions."""


def spec_error(model: type[BaseModel], error: ValidationError, document: Document | None = None) -> SpecError:
    """Convert Pydantic's error to the problems of a spec.

    Args:
        model: the spec's model.
        error: raised by its validation.
        document: the file that was validated, for positions; None for a spec made in Python.
    """
    # A default that depends on another field is not computed if that field is invalid, which is reported itself.
    details = [detail for detail in error.errors(include_url=False) if detail["type"] != "default_factory_not_called"]
    if document is not None:
        details.sort(key=lambda detail: document.position(tuple(detail["loc"])))
    shown = [_problem(model, detail, document) for detail in details[:MAX_PROBLEMS]]
    if document is None:
        return SpecError("", shown, count=len(details))
    return SpecError(document.source, shown, document.text, count=len(details))


def _problem(model: type[BaseModel], detail: ErrorDetails, document: Document | None) -> Problem:
    path = tuple(detail["loc"])
    position: Position | None = document.position(path) if document else None
    return Problem(path, _message(model, detail, path), position)


def _message(model: type[BaseModel], detail: ErrorDetails, path: DataPath) -> str:
    match detail["type"]:
        case "extra_forbidden" if path in _RENAMED:
            return _RENAMED[path]
        case "extra_forbidden":
            section = _section(model, path[:-1])
            return "unknown field" if section is None else unknown_field_message(str(path[-1]), section)
        case "missing":
            example = _EXAMPLES.get(path)
            return f"'{path[-1]}' is missing" + (f"; for instance {example}" if example else "")
        case "space" | "value_error":
            return detail["msg"].removeprefix("Value error, ")
    text = detail["msg"]
    return f"{text[:1].lower()}{text[1:]}; received {shortened(repr(detail['input']))}"


def _section(model: type[BaseModel], path: DataPath) -> type[BaseModel] | None:
    """Return the model that describes the mapping at a path."""
    section: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, str) and section is not None:
            field = section.model_fields.get(part)
            section = None if field is None else next(_models(field.annotation), None)
    return section


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for member in get_args(annotation):
        yield from _models(member)
