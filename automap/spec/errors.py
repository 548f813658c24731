"""What is wrong with a spec, with file, line, column and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automap.exceptions import UserError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a spec."""

    path: tuple[str | int, ...]
    """Where in the spec's data, empty for the file itself."""
    message: str
    position: tuple[int, int] | None = None
    """Line and column, both from 1; None for a spec that is no file."""


class SpecError(UserError):
    """Everything that is wrong with a spec, in the order of the file, one line a problem.

    Args:
        source: the file's name, empty for a spec made in Python.
        problems: what is wrong; at least one.
        text: the file's text, with which a terminal can show the lines.
    """

    def __init__(self, source: str, problems: Sequence[Problem], text: str = "") -> None:
        self.source, self.text = source, text
        self.problems = tuple(sorted(problems, key=lambda problem: problem.position or (0, 0)))
        super().__init__("\n".join(self.line(problem) for problem in self.problems))

    def where(self, problem: Problem) -> str:
        """Write a problem's place as ``file:line:column``, as far as it is known."""
        numbers = problem.position or ()
        return ":".join(str(part) for part in (self.source, *numbers) if part)

    def line(self, problem: Problem) -> str:
        """Write a problem as ``file:line:column: path: message``."""
        return ": ".join(part for part in (self.where(problem), dotted(problem.path), problem.message) if part)


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as ``architecture.choices[1].activation``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
