"""Line charts in a terminal, drawn with braille characters of two by four dots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

_BRAILLE = 0x2800
# Bit of the dot in column x and row y of a character (Unicode, block "Braille Patterns").
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_ACROSS, _DOWN = 2, 4
_LABEL = 8


@dataclass(frozen=True)
class Series:
    """A line of a chart."""

    name: str
    points: tuple[tuple[float, float], ...]
    """x and y, in ascending order of x."""
    style: str


def line_chart(series: Sequence[Series], width: int, height: int, *, ascii_only: bool = False) -> Text:
    """Draw lines over common axes, each with its name at its end.

    Args:
        series: the lines; points that are not finite are left out.
        width: in characters, labels included.
        height: in lines, without the axis below.
        ascii_only: whether to draw with asterisks, for terminals without Unicode.

    Returns:
        The chart, ``height + 2`` lines.
    """
    lines = [Series(line.name, _finite(line.points), line.style) for line in series]
    lines = [line for line in lines if line.points]
    if not lines:
        return Text("no epoch has finished yet", style="dim")
    names = max(len(_ending(line)) for line in lines) + 1
    canvas = _Canvas(max(width - _LABEL - 3 - names, 8), height, _bounds(lines))
    for line in lines:
        canvas.draw(line)
    return canvas.render(lines, ascii_only)


def _finite(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    return tuple((x, y) for x, y in points if math.isfinite(x) and math.isfinite(y))


def _bounds(lines: Sequence[Series]) -> tuple[float, float, float, float]:
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    low, high = min(ys), max(ys)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return min(xs), max(max(xs), min(xs) + 1), low, high


def _ending(line: Series) -> str:
    return f"{line.name} {line.points[-1][1]:.4g}"


class _Canvas:
    """A grid of dots with a style for each character."""

    def __init__(self, width: int, height: int, bounds: tuple[float, float, float, float]) -> None:
        self._width, self._height, self._bounds = width, height, bounds
        self._dots = [[0] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]

    def draw(self, line: Series) -> None:
        """Add a line."""
        spots = [self._spot(x, y) for x, y in line.points]
        for start, end in zip(spots, [*spots[1:], spots[-1]], strict=True):
            for x, y in _between(start, end):
                row, column = y // _DOWN, x // _ACROSS
                self._dots[row][column] |= _BITS[x % _ACROSS][y % _DOWN]
                self._styles[row][column] = line.style

    def render(self, lines: Sequence[Series], ascii_only: bool) -> Text:
        """Return the drawing with axes and names."""
        left, right, low, high = self._bounds
        names = self._name_rows(lines)
        labels = {0: high, self._height - 1: low, (self._height - 1) // 2: (low + high) / 2}
        text = Text(no_wrap=True)
        for row in range(self._height):
            label = f"{labels[row]:.4g}" if row in labels else ""
            text.append(f"{label:>{_LABEL}} {'|' if ascii_only else '┤' if row in labels else '│'}", style="dim")
            for dots, style in zip(self._dots[row], self._styles[row], strict=True):
                text.append(_character(dots, ascii_only), style=style)
            if row in names:
                text.append(f" {_ending(names[row])}", style=names[row].style)
            text.append("\n")
        rule = "-" if ascii_only else "─"
        text.append(f"{'':{_LABEL}} {'+' if ascii_only else '└'}{rule * self._width}\n", style="dim")
        first, last = f"epoch {left:g}", f"{right:g}"
        text.append(f"{'':{_LABEL + 2}}{first}{last:>{max(self._width - len(first), 1)}}", style="dim")
        return text

    def _spot(self, x: float, y: float) -> tuple[int, int]:
        left, right, low, high = self._bounds
        across, down = self._width * _ACROSS - 1, self._height * _DOWN - 1
        return round((x - left) / (right - left) * across), round((high - y) / (high - low) * down)

    def _name_rows(self, lines: Sequence[Series]) -> dict[int, Series]:
        """Return the row of each line's name: that of its last point, or the nearest free one."""
        rows: dict[int, Series] = {}
        for line in lines:
            wanted = self._spot(*line.points[-1])[1] // _DOWN
            free = [row for row in range(self._height) if row not in rows]
            rows[min(free, key=lambda row: abs(row - wanted))] = line
        return rows


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        share = step / steps
        yield round(start[0] + (end[0] - start[0]) * share), round(start[1] + (end[1] - start[1]) * share)


def _character(dots: int, ascii_only: bool) -> str:
    if not dots:
        return " "
    return "*" if ascii_only else chr(_BRAILLE + dots)
