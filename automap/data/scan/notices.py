"""Counting what a data set left out or changed."""

from __future__ import annotations

from collections import Counter

from automap.interfaces.sample import Notice

EXAMPLES = 3
"""Names that are kept for each reason."""


class NoticeCounts:
    """Counts notices by reason and keeps a few names of each."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._names: dict[str, list[str]] = {}

    def add(self, notice: Notice) -> None:
        """Count a notice."""
        self._counts[notice.reason] += 1
        names = self._names.setdefault(notice.reason, [])
        if len(names) < EXAMPLES:
            names.append(notice.name)

    def lines(self) -> tuple[str, ...]:
        """Return a line for each reason, such as ``masks without an image: 2 (a.png, b.png)``."""
        return tuple(
            f"{reason}: {count:,} ({', '.join(self._names[reason])}{', …' if count > EXAMPLES else ''})"
            for reason, count in self._counts.items()
        )
