"""Parsing the search space of a spec.

Problems are collected with their path, so that all of them are reported at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from automap.exceptions import PluginError
from automap.interfaces.component import Component, recommended_space
from automap.spec.error_text import error_text
from automap.spec.errors import MAX_PROBLEMS, shortened
from automap.spec.plugins import kind_name, load_plugin, recommended_plugins
from automap.spec.space import Choices, ComponentSpace, Range, Space, Value, component_data, dump_space
from automap.spec.suggest import did_you_mean

Path = tuple[str | int, ...]


class _Problems:
    """Collects the problems of a space, each with its path."""

    def __init__(self) -> None:
        self.errors: list[InitErrorDetails] = []

    def add(self, path: Path, message: str, received: Any) -> None:
        # The message is not a template: braces in it, for instance of a mapping, must be kept.
        error = PydanticCustomError("space", "{message}", {"message": message})
        self.errors.append(InitErrorDetails(type=error, loc=path, input=received))

    def check(self, title: str) -> None:
        if self.errors:
            raise ValidationError.from_exception_data(title, self.errors)


def parse_component(group: str, data: Any) -> Space:
    """Parse a component of a kind, or choices among several.

    Raises:
        ValidationError: with every problem found and its path relative to `data`.
    """
    problems = _Problems()
    space = _component(group, data, (), problems)
    problems.check(group)
    return space


def parse_model(model: type[BaseModel], data: Any) -> ComponentSpace:
    """Parse the fields of a model that has no ``type``, such as the training settings.

    Raises:
        ValidationError: with every problem found and its path relative to `data`.
    """
    problems = _Problems()
    if isinstance(data, ComponentSpace):
        return data
    if isinstance(data, model):
        data = data.model_dump(exclude_unset=True)
    if not isinstance(data, Mapping):
        problems.add((), f"expected a mapping of fields, received {_show(data)}", data)
        data = {}
    space = _fields(model, None, data, (), problems)
    problems.check(model.__name__)
    return space


def recommended_choices(group: str, suits: Callable[[type[Component]], bool] | None = None) -> Choices:
    """Return the default search space of a kind: every recommended plugin with its recommended ranges.

    Args:
        group: the entry-point group.
        suits: whether a plugin may be used; by default, all may.
    """
    spaces = [parse_component(group, name) for name in recommended_plugins(group)]
    # Those with pretrained weights on this machine come first: the first trial is the first option.
    spaces.sort(key=lambda each: _field_value(each, "pretrained") in (None, "none"))
    return Choices(
        tuple(
            each for each in spaces if suits is None or suits(cast(type[Component], cast(ComponentSpace, each).model))
        )
    )


def _field_value(space: Space, name: str) -> Any:
    field = space.fields.get(name) if isinstance(space, ComponentSpace) else None
    return field.value if isinstance(field, Value) else None


def _component(group: str, data: Any, path: Path, problems: _Problems) -> Space:
    if isinstance(data, Value | Range | Choices | ComponentSpace):
        return data
    if isinstance(data, Component):
        data = component_data(data)
    if _is_choices(data):
        return _choices(data, path, problems, lambda option, at: _component(group, option, at, problems))
    if isinstance(data, str):
        data = {"type": data}
    kind = kind_name(group)
    if not isinstance(data, Mapping) or not isinstance(data.get("type"), str):
        article = "an" if kind[0] in "aeiou" else "a"
        problems.add(
            path,
            f"expected the name of {article} {kind}, a mapping with 'type', or choices; received {_show(data)}",
            data,
        )
        return Value(None)
    try:
        model = load_plugin(group, data["type"])
    except PluginError as error:
        problems.add((*path, "type"), str(error), data["type"])
        return Value(None)
    fields = {name: value for name, value in data.items() if name != "type"}
    return _fields(model, data["type"], fields, path, problems)


def _fields(
    model: type[BaseModel], type_name: str | None, data: Mapping[Any, Any], path: Path, problems: _Problems
) -> ComponentSpace:
    unknown = [name for name in data if name not in model.model_fields]
    for index, name in enumerate(unknown):
        # No more are shown; looking for the nearest name of each of 90,000 would take a minute.
        shown = index < MAX_PROBLEMS
        message = unknown_field_message(str(name), model, type_name) if shown else "unknown field"
        problems.add((*path, name), message, data[name])
    fields: dict[str, Space] = {}
    for name, field in model.model_fields.items():
        if name in data:
            fields[name] = _field(model, name, data[name], (*path, name), problems)
        elif (recommended := recommended_space(field)) is not None:
            fields[name] = _field(model, name, recommended, (*path, name), problems)
        elif field.is_required():
            problems.add((*path, name), f"'{name}' is missing: {field.description or 'it has no default'}", None)
        else:
            fields[name] = Value(_adapter(model, name).validate_python(field.get_default(call_default_factory=True)))
    return ComponentSpace(model, type_name, fields)


def _field(model: type[BaseModel], name: str, data: Any, path: Path, problems: _Problems) -> Space:
    if isinstance(data, Value | Range | Choices | ComponentSpace):
        return data
    if _is_choices(data):
        return _choices(data, path, problems, lambda option, at: _field(model, name, option, at, problems))
    if isinstance(data, Mapping) and "low" in data and "high" in data:
        return _range(model, name, data, path, problems)
    return Value(_validated(model, name, data, path, problems))


def _validated(model: type[BaseModel], name: str, data: Any, path: Path, problems: _Problems) -> Any:
    if isinstance(data, bool) and number_type(model.model_fields[name]) is not None:
        problems.add(path, f"expected a number, received {_show(data)}", data)
        return None
    try:
        return _adapter(model, name).validate_python(data)
    except ValidationError as error:
        annotation = model.model_fields[name].annotation
        for detail in error.errors(include_url=False):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                problems.add((*path, *detail["loc"]), _section_message(annotation, detail), detail["input"])
                continue
            problems.add(path, f"{error_text(detail)}; received {_show(data)}", data)
            if get_origin(annotation) is not None:
                break  # A union reports an error for each of its members.
    return None


def _section_message(model: type[BaseModel], detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
        return unknown_field_message(str(detail["loc"][0]), model)
    return f"{error_text(detail)}; received {_show(detail['input'])}"


def _range(model: type[BaseModel], name: str, data: Mapping[Any, Any], path: Path, problems: _Problems) -> Space:
    integer = number_type(model.model_fields[name])
    if integer is None:
        problems.add(path, f"'{name}' is not a number and cannot have a range; give a value or choices", data)
        return Value(None)
    before = len(problems.errors)
    _check_range_keys(data, path, problems)
    for end in ("low", "high"):
        if _is_number(data[end]):
            _validated(model, name, data[end], (*path, end), problems)
    if len(problems.errors) > before:
        return Value(None)
    low, high, log, step = data["low"], data["high"], data.get("log", False), data.get("step")
    if low >= high:
        problems.add(path, f"low must be below high; received low {low:g} and high {high:g}", data)
    elif log and low <= 0:
        problems.add((*path, "low"), f"the low end of a logarithmic range must be above 0; received {low:g}", low)
    elif log and step is not None:
        problems.add((*path, "step"), "a range can have log or step, not both", step)
    elif integer and any(number is not None and number != int(number) for number in (low, high, step)):
        problems.add(path, f"'{name}' is an integer, so low, high and step must be integers", data)
    convert = int if integer else float
    return Range(convert(low), convert(high), log, None if step is None else convert(step), integer)


def _check_range_keys(data: Mapping[Any, Any], path: Path, problems: _Problems) -> None:
    for key, value in data.items():
        if key not in {"low", "high", "log", "step"}:
            message = f"unknown key '{shortened(str(key))}'; a range has low, high, log and step"
            problems.add((*path, key), message, value)
        elif key in {"low", "high"} and not _is_number(value):
            problems.add((*path, key), f"expected a number, received {_show(value)}", value)
        elif key == "log" and not isinstance(value, bool):
            problems.add((*path, key), f"expected true or false, received {_show(value)}", value)
        elif key == "step" and value is not None and not (_is_number(value) and value > 0):
            problems.add((*path, key), f"expected a number above 0, received {_show(value)}", value)


def _choices(data: Mapping[Any, Any], path: Path, problems: _Problems, parse: Callable[[Any, Path], Space]) -> Space:
    options = data["choices"]
    for key in data:
        if key != "choices":
            problems.add((*path, key), f"unknown key '{shortened(str(key))}' next to choices", data[key])
    if not isinstance(options, list | tuple):
        problems.add((*path, "choices"), f"expected a list, received {_show(options)}", options)
        return Value(None)
    if not options:
        problems.add((*path, "choices"), "choices must not be empty", options)
        return Value(None)
    parsed = tuple(parse(option, (*path, "choices", index)) for index, option in enumerate(options))
    seen: set[str] = set()
    for index, option in enumerate(parsed):
        key = json.dumps(dump_space(option), sort_keys=True)
        if key in seen and not problems.errors:
            problems.add((*path, "choices", index), f"duplicate choice {_show(options[index])}", data)
        seen.add(key)
    return Choices(parsed)


def unknown_field_message(name: str, model: type[BaseModel], type_name: str | None = None) -> str:
    """Return the message for an unknown field, with the nearest valid name or all of them."""
    known = list(model.model_fields)
    fields = ", ".join(known) or "no fields"
    owner = f"'{type_name}' has" if type_name else "there are"
    return f"unknown field; {did_you_mean(name, known, f'{owner} {fields}')}"


def number_type(field: FieldInfo) -> bool | None:
    """Return True for an integer field, False for a float, None for anything else."""
    members = _union_members(field.annotation)
    return False if float in members else (True if int in members else None)


def _union_members(annotation: Any) -> set[Any]:
    if get_origin(annotation) is Annotated:
        return _union_members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, type(int | str)):
        return set().union(*(_union_members(member) for member in get_args(annotation)))
    if get_origin(annotation) is Literal:
        return set()
    return {annotation}


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    annotation: Any = field.annotation
    if field.metadata:
        annotation = Annotated[(annotation, *field.metadata)]
    return TypeAdapter(annotation)


def _is_choices(data: Any) -> bool:
    return isinstance(data, Mapping) and "choices" in data and "type" not in data


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _show(value: Any) -> str:
    return shortened(repr(value), 60)
