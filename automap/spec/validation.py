"""Converting Pydantic's errors to the problems of a spec, with the same text for files, Python and JSON output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from automap.spec.error_text import error_text
from automap.spec.errors import MAX_PROBLEMS, Problem, SpecError, shortened
from automap.spec.parse_space import unknown_field_message
from automap.spec.suggest import nearest
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
    details = _causes(error.errors(include_url=False))
    if document is not None:
        details.sort(key=lambda detail: document.position(tuple(detail["loc"])))
    shown = [_problem(model, detail, document) for detail in details[:MAX_PROBLEMS]]
    if document is None:
        return SpecError("", shown, count=len(details))
    return SpecError(document.source, shown, document.text, count=len(details))


def _causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out errors that follow from others."""
    parents = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"][:MAX_PROBLEMS]
    return [
        detail
        for detail in details
        # A default that depends on another field is not computed if that field is invalid.
        if detail["type"] != "default_factory_not_called"
        # A list is shorter without the items that are invalid.
        and not (detail["type"] == "too_short" and detail["loc"] in parents)
        # A field seems to be missing if its name is misspelled.
        and not (detail["type"] == "missing" and any(_is_misspelled(detail["loc"], path) for path in unknown))
    ]


def _is_misspelled(missing: DataPath, unknown: DataPath) -> bool:
    return missing[:-1] == unknown[:-1] and nearest(str(unknown[-1]), [str(missing[-1])]) is not None


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
    return f"{error_text(detail)}; received {shortened(repr(detail['input']))}"


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
