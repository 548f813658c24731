"""The search space as data: a spec's fields as values, ranges, choices and components.

Parsing turns the spec's notation into nodes, dumping turns nodes into the notation again; a dumped space
parses to itself. Errors are collected with their path, so that all of a spec are reported at once.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from automap.exceptions import PluginError
from automap.interfaces.component import Component, recommended_space
from automap.spec.plugins import kind_name, load_plugin, plugin_name, recommended_plugins

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Value:
    """A fixed hyperparameter, validated."""

    value: Any


@dataclass(frozen=True)
class Range:
    """A hole filled by a number between `low` and `high`, both inclusive."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    integer: bool = False


@dataclass(frozen=True)
class Choices:
    """A hole filled by one of several alternatives, each of which may have hyperparameters of its own."""

    options: tuple[Space, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """One unique short name an option: the component's type, or the value as JSON."""
        names = [_label(option) for option in self.options]
        return tuple(
            name if names.count(name) == 1 else f"{name}#{names[:index].count(name) + 1}"
            for index, name in enumerate(names)
        )


@dataclass(frozen=True)
class ComponentSpace:
    """A component, or the training settings, with a space for each of its fields."""

    model: type[BaseModel]
    type: str | None
    fields: Mapping[str, Space]

    def __hash__(self) -> int:
        return hash((self.model, self.type, tuple(self.fields.items())))


Space = Value | Range | Choices | ComponentSpace


def _label(option: Space) -> str:
    match option:
        case ComponentSpace():
            return option.type or option.model.__name__
        case Value(value) if isinstance(value, str):
            return value
        case Value():
            return json.dumps(dump_space(option))
        case Range(low, high):
            return f"{low:g}..{high:g}"
        case Choices():
            return "|".join(option.labels)


class _Problems:
    """Collects what is wrong with a space, each with its path."""

    def __init__(self) -> None:
        self.errors: list[InitErrorDetails] = []

    def add(self, path: Path, message: str, received: Any) -> None:
        # The message is not a template: braces in it (a printed mapping, say) must stay as they are.
        error = PydanticCustomError("space", "{message}", {"message": message})
        self.errors.append(InitErrorDetails(type=error, loc=path, input=received))

    def check(self, title: str) -> None:
        if self.errors:
            raise ValidationError.from_exception_data(title, self.errors)


def parse_component(group: str, data: Any) -> Space:
    """Read a component of a kind, or choices among several, in the spec's notation.

    Raises:
        ValidationError: with every problem found and its path relative to `data`.
    """
    problems = _Problems()
    space = _component(group, data, (), problems)
    problems.check(group)
    return space


def parse_model(model: type[BaseModel], data: Any) -> ComponentSpace:
    """Read the fields of a model that has no ``type``, such as the training settings.

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
    """Return the space of a kind that a spec leaves out: every recommended plugin at its own ranges.

    Args:
        group: the entry-point group.
        suits: which of them may be used; left out, all.
    """
    spaces = [parse_component(group, name) for name in recommended_plugins(group)]
    return Choices(
        tuple(
            each for each in spaces if suits is None or suits(cast(type[Component], cast(ComponentSpace, each).model))
        )
    )


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
        problems.add(
            path,
            f"expected the name of a {kind}, a mapping with 'type', or choices; received {_show(data)}",
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
    for name in data:
        if name not in model.model_fields:
            problems.add((*path, name), unknown_field_message(str(name), model, type_name), data[name])
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
        for detail in error.errors():
            # A union reports one error a member: it is the value that is wrong, once.
            problems.add(path, f"{_lower_first(detail['msg'])}; received {_show(data)}", data)
            if get_origin(model.model_fields[name].annotation) is not None:
                break
    return None


def _range(model: type[BaseModel], name: str, data: Mapping[Any, Any], path: Path, problems: _Problems) -> Space:
    integer = number_type(model.model_fields[name])
    if integer is None:
        problems.add(path, f"'{name}' is not a number and takes no range; write a value or choices", data)
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
        problems.add((*path, "low"), f"a logarithmic range starts above 0; received low {low:g}", low)
    elif log and step is not None:
        problems.add((*path, "step"), "a range has either log or step, not both", step)
    elif integer and any(number is not None and number != int(number) for number in (low, high, step)):
        problems.add(path, f"'{name}' is a whole number, and so are its low, high and step", data)
    convert = int if integer else float
    return Range(convert(low), convert(high), log, None if step is None else convert(step), integer)


def _check_range_keys(data: Mapping[Any, Any], path: Path, problems: _Problems) -> None:
    for key, value in data.items():
        if key not in {"low", "high", "log", "step"}:
            message = f"unknown key '{key}' of a range; it has low, high, log and step"
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
            problems.add((*path, key), f"unknown key '{key}' beside choices", data[key])
    if not isinstance(options, list | tuple):
        problems.add((*path, "choices"), f"expected a list, received {_show(options)}", options)
        return Value(None)
    if not options:
        problems.add((*path, "choices"), "the list of choices is empty; give at least one", options)
        return Value(None)
    parsed = tuple(parse(option, (*path, "choices", index)) for index, option in enumerate(options))
    for index, option in enumerate(parsed):
        if option in parsed[:index] and not problems.errors:
            problems.add((*path, "choices", index), f"{_show(options[index])} stands twice among the choices", data)
    return Choices(parsed)


def dump_space(space: Space) -> Any:
    """Write a space in the spec's notation, as plain data that YAML and JSON can hold."""
    match space:
        case Value(value):
            return _plain(value)
        case Range():
            data: dict[str, Any] = {"low": space.low, "high": space.high}
            if space.log:
                data["log"] = True
            return data if space.step is None else {**data, "step": space.step}
        case Choices(options):
            return {"choices": [dump_space(option) for option in options]}
        case ComponentSpace():
            head = {} if space.type is None else {"type": space.type}
            return head | {name: dump_space(field) for name, field in space.fields.items()}


def component_data(component: BaseModel) -> dict[str, Any]:
    """Write a component in the spec's notation: its installed name and all of its fields."""
    head = {"type": plugin_name(type(component))} if isinstance(component, Component) else {}
    return head | {name: _plain(getattr(component, name)) for name in type(component).model_fields}


def _plain(value: Any) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json")


def unknown_field_message(name: str, model: type[BaseModel], type_name: str | None = None) -> str:
    """Say that a field is unknown, with the nearest valid one, or all of them when none is near."""
    known = list(model.model_fields)
    if near := difflib.get_close_matches(name, known, n=1):
        return f"unknown field; did you mean '{near[0]}'?"
    owner = f"'{type_name}' has" if type_name else "there are"
    return f"unknown field; {owner} {', '.join(known) or 'no fields'}"


def number_type(field: FieldInfo) -> bool | None:
    """Return whether a field is an integer (True) or a float (False); None if it is no number."""
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
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lower_first(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
