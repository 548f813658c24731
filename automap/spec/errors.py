"""Errors in specs: file, line, column and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automap.exceptions import UserError

MAX_PROBLEMS = 50
"""Problems of one spec that are shown; the rest are counted."""
_LONGEST_KEY = 80


@dataclass(frozen=True)
class Problem:
    """One problem of a spec."""

    path: tuple[str | int, ...]
    """Its path in the spec; empty for the whole file."""
    message: str
    position: tuple[int, int] | None = None
    """Line and column, both from 1; None if the spec did not come from a file."""


class SpecError(UserError):
    """All problems of a spec in the order of the file, one a line; of more than `MAX_PROBLEMS`, the first.

    Args:
        source: the file's name; empty for a spec made in Python.
        problems: at least one.
        text: the file's text, from which a terminal shows the lines.
        count: how many problems there are, if more than `problems`.
    """

    def __init__(self, source: str, problems: Sequence[Problem], text: str = "", count: int | None = None) -> None:
        self.source, self.text = source, text
        self.count = count or len(problems)
        self.problems = tuple(sorted(problems, key=lambda problem: problem.position or (0, 0))[:MAX_PROBLEMS])
        lines = [self.line(problem) for problem in self.problems]
        if self.hidden:
            lines.append(f"… and {self.hidden:,} more {'problem' if self.hidden == 1 else 'problems'}")
        super().__init__("\n".join(lines))

    @property
    def hidden(self) -> int:
        """The number of problems that are counted but not in `problems`."""
        return self.count - len(self.problems)

    def where(self, problem: Problem) -> str:
        """Return a problem's place as ``file:line:column``, as far as it is known."""
        numbers = problem.position or ()
        return ":".join(str(part) for part in (self.source, *numbers) if part)

    def line(self, problem: Problem) -> str:
        """Return a problem as ``file:line:column: path: message``."""
        return ": ".join(part for part in (self.where(problem), dotted(problem.path), problem.message) if part)


def dotted(path: Sequence[str | int]) -> str:
    """Return a path as ``architecture.choices[1].activation``; long keys are cut."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{shortened(part)}" if text else shortened(part)
    return text


def shortened(text: str, longest: int = _LONGEST_KEY) -> str:
    """Return a text cut to `longest` characters; if it is cut, it ends in an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
