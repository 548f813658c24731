"""Splitting texts into words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_SYLLABIC = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_SYLLABIC}]|[^\W{_SYLLABIC}]+")

MOST_WORDS = 10_000
"""Largest vocabulary."""
RARE = 2
"""Words and categories that occur less often in the training split are not told from unknown ones."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation; each Chinese or Japanese character is one."""
    return _WORD.findall(text.casefold())


def vocabulary_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the words of some texts, the most frequent first, without rare ones."""
    counts = Counter(word for text in texts for word in words_of(text))
    return frequent(counts, MOST_WORDS)


def frequent(counts: Counter[str], most: int) -> tuple[str, ...]:
    """Return what occurs at least `RARE` times, the most frequent first."""
    found = [item for item, count in counts.items() if count >= RARE]
    return tuple(sorted(found, key=lambda item: (-counts[item], item))[:most])
