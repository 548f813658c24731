"""Showing an error on standard error: what, where, and on a terminal the line of the spec with a caret."""

from __future__ import annotations

import sys

from rich.text import Text

from automap.cli.console import message_console
from automap.exceptions import AutomapError
from automap.spec.display import SafeConsole, escaped, safe_text
from automap.spec.errors import Problem, SpecError, dotted

EXCERPT_WIDTH = 160
"""Characters of a line that are shown around a problem."""


def show_error(error: Exception, *, debug: bool = False) -> None:
    """Write an error for a person; the traceback only where it was asked for.

    Args:
        error: what reached the program's boundary.
        debug: whether to show the traceback too.
    """
    console = message_console()
    if debug:
        sys.excepthook(type(error), error, error.__traceback__)
    elif isinstance(error, SpecError):
        _show_problems(console, error)
    elif isinstance(error, AutomapError):
        _print(console, Text.assemble(("error: ", "bold red"), escaped(error, lines=True)))
    else:
        name = f"{type(error).__name__}: {error}".rstrip(": ")
        hint = "; run again with --debug for the traceback"
        _print(console, Text.assemble(("internal error: ", "bold red"), escaped(name, lines=True), (hint, "dim")))


def _show_problems(console: SafeConsole, error: SpecError) -> None:
    lines = error.text.splitlines()
    for problem in error.problems:
        _print(console, _headline(error, problem))
        if console.is_terminal and problem.position and problem.position[0] <= len(lines):
            _print(console, _excerpt(lines, problem.position))
    noun = "problem" if error.count == 1 else "problems"
    shown = f"; the first {len(error.problems)} are shown" if error.hidden else ""
    _print(console, safe_text(f"{error.count:,} {noun} in {error.source or 'the spec'}{shown}", "bold red"))


def _headline(error: SpecError, problem: Problem) -> Text:
    parts = ((error.where(problem), "bold"), (dotted(problem.path), "cyan"), (problem.message, ""))
    return Text(": ").join(safe_text(text, style) for text, style in parts if text)


def _excerpt(lines: list[str], position: tuple[int, int]) -> Text:
    line, column = position
    number = f"{line:>5} │ "
    start = max(0, column - 1 - EXCERPT_WIDTH // 2)
    excerpt = lines[line - 1].expandtabs(1)[start : start + EXCERPT_WIDTH]
    caret = " " * (len(number) + column - 1 - start) + "^"
    return Text.assemble((number, "dim"), escaped(excerpt), "\n", (caret, "bold red"))


def _print(console: SafeConsole, text: Text) -> None:
    # Never wrapped: a message is one line, so that other programs can read it.
    console.print(text, soft_wrap=True)
