"""Small drawings in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

_BLOCKS = "▁▂▃▄▅▆▇█"


def budget_bar(used: float, reserved: float, width: int) -> Text:
    """Return a bar that shows how much of a budget is used, free, and reserved for the finalists.

    Args:
        used: used share of the budget, from 0; values above 1 fill the bar.
        reserved: share of the budget that is reserved for the finalists.
        width: in characters.
    """
    full = min(width, round(used * width))
    kept = min(width - full, round(reserved * width))
    bar = Text()
    bar.append("━" * full, style="cyan")
    bar.append("─" * (width - full - kept), style="dim")
    bar.append("╍" * kept, style="magenta")
    return bar


def sparkline(values: Sequence[float], width: int, *, downwards: bool = False) -> str:
    """Return values as a curve of block characters, the latest on the right.

    Args:
        values: at least one.
        width: largest number of characters; more values are subsampled, but the last one is always shown.
        downwards: whether smaller values are drawn higher, as for an objective to be minimized.
    """
    step = max(1, -(-len(values) // width))
    shown = [-value if downwards else value for value in values[::-1][::step][::-1]]
    low, high = min(shown), max(shown)
    if low == high:
        return _BLOCKS[0] * len(shown)
    return "".join(_BLOCKS[round((value - low) / (high - low) * (len(_BLOCKS) - 1))] for value in shown)
