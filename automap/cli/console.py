"""Consoles of commands: results go to standard output, progress and messages to standard error."""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.text import Text

from automap.spec.display import SafeConsole, escaped, json_text

_PLAIN_WIDTH = 120


def output_console() -> SafeConsole:
    """Return the console for results.

    Without a terminal and without ``COLUMNS``, lines are 120 characters wide.
    """
    console = SafeConsole()
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = _PLAIN_WIDTH
    return console


def message_console() -> SafeConsole:
    """Return the console for progress and messages."""
    return SafeConsole(stderr=True)


def say(message: str, style: str = "") -> None:
    """Write a message to standard error. It is never wrapped, so that other programs can read it."""
    message_console().print(Text(message, style=style), soft_wrap=True)


def print_json(data: Any) -> None:
    """Write data as JSON to standard output."""
    print(json_text(data))


def print_lines(text: str, end: str = "\n") -> None:
    """Write CSV, Markdown or YAML to standard output."""
    # Control sequences in a cell or label are as dangerous here as in a table.
    sys.stdout.write(escaped(text, lines=True) + end)
