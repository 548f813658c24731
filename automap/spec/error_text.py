"""Pydantic's errors in the words of a spec."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import ErrorDetails

_EXPECTED: Mapping[str, str] = {
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "dict_type": "expected a mapping",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": "expected an integer",
    "int_parsing": "expected an integer",
    "int_type": "expected an integer",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": "expected a list",
    "literal_error": "expected {expected}",
    "model_type": "expected a mapping",
    "string_type": "expected text",
    "too_long": "expected at most {max_length} items",
    "too_short": "expected at least {min_length} items",
    "tuple_type": "expected a list",
}
"""Texts by Pydantic's name of the error; others keep Pydantic's own."""


def error_text(detail: ErrorDetails) -> str:
    """Return what is wrong, without what was received."""
    if (text := _EXPECTED.get(detail["type"])) is not None:
        return text.format(**detail.get("ctx", {})).replace("at least 1 items", "at least 1 item")
    text = detail["msg"].removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
