"""Showing errors on standard error; on a terminal with the line of the spec and a caret."""

from __future__ import annotations

import sys
from errno import EACCES, EEXIST, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EROFS
from typing import TypeGuard

from rich.text import Text

from automap.cli.console import message_console
from automap.exceptions import AutomapError
from automap.spec.display import SafeConsole, escaped, safe_text
from automap.spec.errors import Problem, SpecError, dotted

EXCERPT_WIDTH = 160
"""Number of characters of a line that are shown around a problem."""


def show_error(error: Exception, *, debug: bool = False) -> None:
    """Write an error message, with the traceback only if requested.

    Args:
        error: the error that reached the program's boundary.
        debug: whether to show the traceback too.
    """
    console = message_console()
    if debug:
        sys.excepthook(type(error), error, error.__traceback__)
    elif isinstance(error, SpecError):
        _show_problems(console, error)
    elif isinstance(error, AutomapError | MemoryError) or _is_of_system(error):
        _print(console, Text.assemble(("error: ", "bold red"), escaped(_plain(error), lines=True)))
    else:
        name = f"{type(error).__name__}: {error}".rstrip(": ")
        hint = "; run again with --debug for the traceback"
        _print(console, Text.assemble(("internal error: ", "bold red"), escaped(name, lines=True), (hint, "dim")))


def exit_code(error: Exception) -> int:
    """Return 2 if the user's input is wrong, 1 if the run failed."""
    if isinstance(error, AutomapError):
        return error.exit_code
    return 2 if _is_of_system(error) and error.errno in _WRONG_PATH else 1


_WRONG_PATH = frozenset({ENOENT, EEXIST, EACCES, EPERM, ENOTDIR, EISDIR, EROFS, ENAMETOOLONG, ELOOP, EINVAL})


def _is_of_system(error: Exception) -> TypeGuard[OSError]:
    # A file that cannot be read or written, a full disk, a limit of the system: not a fault of the program.
    return isinstance(error, OSError) and error.strerror is not None


def _plain(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory; close other programs, or reduce dataset.image_size or training.batch_size"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename is not None else str(error.strerror)
    return str(error)


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
    # Never wrapped: messages are single lines that other programs can read.
    console.print(text, soft_wrap=True)
